//! Scratch memory while a tree lives, in functions that take `&Arena` and claim it in turn.

use region::{Arena, Claim, Scope};

struct Node<'t> {
    name: &'t str,
    children: &'t [Node<'t>],
}

/// Claims what may be claimed already: an arena, or the scratch arena of the caller.
fn depth(node: &Node, arena: &Arena) -> usize {
    arena.claimed(|scratch| {
        let below = scratch.alloc_slice_fill_iter(node.children.iter().map(|child| depth(child, scratch)));
        1 + below.iter().copied().max().unwrap_or(0)
    })
}

/// Scratch values refer to the tree and to each other, and the result is the tree's.
fn longest<'t>(node: &Node<'t>, arena: &'t Arena) -> &'t str {
    struct Link<'s, 't>(&'t str, Option<&'s Link<'s, 't>>);
    let scratch = arena.claim();
    let mut names = None;
    let mut rest = vec![node];
    while let Some(node) = rest.pop() {
        names = Some(&*scratch.alloc(Link(node.name, names)));
        rest.extend(node.children);
    }
    let mut longest = "";
    while let Some(Link(name, next)) = names {
        longest = if name.len() > longest.len() { name } else { longest };
        names = *next;
    }
    longest
}

/// A claim moves while nothing borrows it, and lives in a struct.
struct Pass<'a> {
    scratch: Claim<'a>,
}

fn pass<'a>(arena: &'a Arena) -> Pass<'a> {
    let scratch = arena.claim();
    Pass { scratch }
}

fn total(scope: Scope<'_>) -> u32 {
    *scope.alloc(2) + *scope.claim().alloc(3)
}

fn main() {
    let arena = Arena::new();
    let leaves = arena.alloc_slice_fill_with(2, |i| Node { name: ["a", "bcd"][i], children: &[] });
    let changed = arena.alloc(1);
    let root = Node { name: arena.alloc_str("r"), children: leaves };
    assert_eq!((depth(&root, &arena), longest(&root, &arena)), (2, "bcd"));
    let mut pass = pass(&arena);
    *changed += pass.scratch.alloc([7u8; 3]).len();
    pass.scratch.reset();
    assert_eq!((*changed, total(pass.scratch.scope())), (4, 5));
    drop(pass);
    assert_eq!(*arena.alloc(root.children.len()), 2);
}
