//! Functions over `&'a Arena` run in threads of their own, and their results live as long as the pool.

use region::{Arena, ArenaPool};
use region::arena::Member;

struct Tree<'a> {
    word: &'a str,
    rest: Option<&'a Tree<'a>>,
}

fn parse<'a>(source: &str, arena: &'a Arena) -> Tree<'a> {
    let (word, rest) = source.split_once(' ').unwrap_or((source, ""));
    let rest = (!rest.is_empty()).then(|| &*arena.alloc(parse(rest, arena)));
    Tree { word: arena.alloc_str(word), rest }
}

fn words(tree: &Tree<'_>) -> usize {
    1 + tree.rest.map_or(0, words)
}

/// A parser that keeps the arena, as they do.
struct Parser<'a> {
    arena: &'a Arena,
    made: Vec<Tree<'a>>,
}

fn all<'pool>(pool: &'pool ArenaPool, sources: &[&str]) -> Vec<Tree<'pool>> {
    let mut parser = Parser { arena: pool.member().into_arena(), made: Vec::new() };
    for source in sources {
        parser.made.push(parse(source, parser.arena));
    }
    parser.made
}

/// A member goes on in another thread, and its values with it.
fn hand_over<'pool>(member: Member<'pool>) -> (Member<'pool>, &'pool mut u32) {
    let value = member.alloc(1);
    assert_eq!(words(&parse("in scratch memory", &member)), 3);
    (member, value)
}

fn main() {
    let mut pool = ArenaPool::new();
    let trees = std::thread::scope(|threads| {
        let workers = [["a b", "c"], ["d e f", "g"]].map(|sources| {
            let pool = &pool;
            threads.spawn(move || all(pool, &sources))
        });
        workers.map(|worker| worker.join().unwrap())
    });
    assert_eq!(trees.iter().flatten().map(words).sum::<usize>(), 7);
    assert_eq!(trees[1][0].word, "d");
    let (member, value) = hand_over(pool.member());
    let value = std::thread::scope(|threads| {
        threads.spawn(move || {
            *value += *hand_over(member).1;
            value
        }).join().unwrap()
    });
    assert_eq!(*value, 2);
    pool.reset();
    static POOL: ArenaPool = ArenaPool::new();
    let tree: Tree<'static> = parse("for ever", POOL.member().into_arena());
    assert_eq!(words(&tree), 2);
}
