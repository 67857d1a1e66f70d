//! The whole life of a large arena: made, filled with 240 MB of nodes, dropped. Mostly the price of RAM.
//!
//! ```sh
//! cargo bench --bench fresh
//! ```
//!
//! The nodes are 24 bytes and linked in a list, so that the boxes need no vector beside them. Nothing is told
//! how much will come. One untimed round touches the RAM first. The column of faults counts what the kernel
//! counts: one for a huge page, and one for every 4 KiB that a populate call brings in.

mod support;

use std::hint::black_box;
use support::{Duel, escape};

const NODES: u64 = 10_000_000;
const ROUNDS: usize = 9;

#[allow(dead_code)] // written, never read: what counts is the memory
struct Node<'a> {
    next: Option<&'a Node<'a>>,
    key: u64,
    value: u64,
}

#[allow(dead_code)]
struct BoxNode {
    next: Option<Box<BoxNode>>,
    key: u64,
    value: u64,
}

const _: () = assert!(size_of::<Node>() == 24 && size_of::<BoxNode>() == 24);

/// Defines a candidate: `fn name()` that makes an arena, fills it and drops it.
macro_rules! life {
    ($name:ident, $make:expr, |$arena:ident, $node:ident| $alloc:expr) => {
        #[inline(never)]
        fn $name() {
            let $arena = $make;
            let mut next: Option<&Node> = None;
            for key in 0..NODES {
                let $node = Node { next, key, value: key };
                let node: &Node = $alloc;
                escape(node);
                next = Some(node);
            }
            black_box(next);
        }
    };
}

life!(region, region::Arena::new(), |arena, node| arena.alloc(node));
life!(bumpalo, bumpalo::Bump::new(), |arena, node| arena.alloc(node));
life!(bump_scope, <bump_scope::Bump>::new(), |arena, node| bump_scope::BumpBox::leak(arena.alloc(node)));
life!(typed_arena, typed_arena::Arena::new(), |arena, node| arena.alloc(node));
life!(blink_alloc, blink_alloc::Blink::new(), |arena, node| arena.put_no_drop(node));

#[inline(never)]
fn boxes() {
    let mut next: Option<Box<BoxNode>> = None;
    for key in 0..NODES {
        let node = Box::new(BoxNode { next, key, value: key });
        escape(&*node);
        next = Some(node);
    }
    // One by one: dropping the head alone would recurse ten million deep.
    while let Some(mut node) = black_box(next) {
        next = node.next.take();
    }
}

fn main() {
    let ratios = Duel::new("240 MB of 24-byte nodes: make, fill, drop", NODES, ROUNDS)
        .add("region", region)
        .add("bumpalo", bumpalo)
        .add("bump-scope", bump_scope)
        .add("typed-arena", typed_arena)
        .add("blink-alloc", blink_alloc)
        .add("Box", boxes)
        .run();
    if let Some((name, ratio)) = ratios.iter().skip(1).min_by(|a, b| a.1.total_cmp(&b.1)) {
        println!("  the best peer, {name}, takes {ratio:.2}× our time; bumpalo {:.2}×", ratios[1].1);
    }
}
