//! The whole life of a large arena: made, filled with 240 MB of nodes, dropped. Mostly the price of RAM.
//!
//! ```sh
//! cargo bench --bench fresh
//! ```
//!
//! The nodes are 24 bytes and linked in a list, so that the boxes need no vector beside them. Nothing is told
//! how much will come. The column of faults counts what the kernel counts: one for a huge page, and one for
//! every 4 KiB that a populate call brings in.
//!
//! Every life is lived in a forked process, just after an untimed twin: RAM that a virtual machine has never
//! used is many times slower at first touch, and pages of another size come from elsewhere. The process's
//! malloc has never had large blocks. That matters, as the peers' chunks come from malloc, which raises its
//! threshold for mapping with the first large block it frees, and may keep the RAM of one life for the next
//! from then on. A second contest repeats the life in one process, and says how much RAM that process holds
//! with every arena dropped.

mod support;

use std::hint::black_box;
use support::cells::resident;
use support::list::{Node, life};
use support::{Duel, escape, in_child};

const NODES: u64 = 10_000_000;
const ROUNDS: usize = 9;

#[allow(dead_code)]
struct BoxNode {
    next: Option<Box<BoxNode>>,
    key: u64,
    value: u64,
}

const _: () = assert!(size_of::<BoxNode>() == size_of::<Node>());

life!(region() of NODES, region::Arena::new(), |arena, node| arena.alloc(node));
life!(eager() of NODES, region::Arena::<8>::new_in(region::backing::Mapped::new().eager()), |arena, node| arena.alloc(node));
life!(bumpalo() of NODES, bumpalo::Bump::new(), |arena, node| arena.alloc(node));
life!(bump_scope() of NODES, <bump_scope::Bump>::new(), |arena, node| bump_scope::BumpBox::leak(arena.alloc(node)));
life!(typed_arena() of NODES, typed_arena::Arena::new(), |arena, node| arena.alloc(node));
life!(blink_alloc() of NODES, blink_alloc::Blink::new(), |arena, node| arena.put_no_drop(node));

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

/// Ours with huge pages from 512 KiB on is the last, and no peer.
const LIVES: [(&str, fn()); 7] = [
    ("region", region),
    ("bumpalo", bumpalo),
    ("bump-scope", bump_scope),
    ("typed-arena", typed_arena),
    ("blink-alloc", blink_alloc),
    ("Box", boxes),
    (EAGER, eager),
];
const EAGER: &str = "region, eager";

fn main() {
    let mut duel = Duel::new("240 MB of 24-byte nodes in a new process: make, fill, drop", NODES, ROUNDS);
    for (name, life) in LIVES {
        duel = duel.add_costed(name, move || {
            // The untimed twin: whichever pages the system has at hand next were used before.
            in_child(life);
            in_child(life)
        });
    }
    let ratios = duel.run();
    if let Some((name, ratio)) =
        ratios.iter().skip(1).filter(|(name, _)| *name != EAGER).min_by(|a, b| a.1.total_cmp(&b.1))
    {
        println!("  the best peer, {name}, takes {ratio:.2}× our time; bumpalo {:.2}×", ratios[1].1);
    }

    let before = resident();
    let mut duel = Duel::new("240 MB again and again in one process, malloc keeping what it likes", NODES, ROUNDS);
    for (name, life) in LIVES {
        duel = duel.add(name, life);
    }
    if !duel.run().is_empty() {
        let kept = resident().saturating_sub(before);
        println!("  with every arena and box dropped, malloc still holds {} MiB of RAM", kept >> 20);
    }
}
