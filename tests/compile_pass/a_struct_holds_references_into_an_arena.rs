//! Trees with links of the arena's lifetime, and a new arena in a `const`.

use region::Arena;

struct Node<'a> {
    name: &'a str,
    kids: &'a [Node<'a>],
}

fn tree<'a>(arena: &'a Arena, depth: u32) -> Node<'a> {
    let kids = arena.alloc_slice_fill_iter((0..depth).map(|i| tree(arena, i)));
    Node { name: arena.alloc_fmt(format_args!("node {depth}")), kids }
}

fn count(node: &Node) -> usize {
    1 + node.kids.iter().map(count).sum::<usize>() + usize::from(node.name.is_empty())
}

const NEW: Arena = Arena::new();

fn main() {
    let mut arena = NEW;
    assert_eq!(count(&tree(&arena, 5)), 32);
    arena.reset();
    let moved = arena;
    moved.alloc(1u8);
}
