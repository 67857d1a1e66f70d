//! A parser's tree, by what its nodes refer with: bytes, building, walking in order and at random.
//!
//! ```sh
//! cargo bench --bench tree
//! cargo bench --bench tree -- walk             # only the contests whose title has the word
//! ```
//!
//! The tree is a program: statements, expressions, lists of both, names. All forms are built by the same code, children
//! before parents, as parsers do, and walked by the same code; only the types of references, lists and names differ. The
//! first is references in our arena, and the ratios are about it. "Atomic base" is a cage's links, followed by the base
//! from an atomic static. Building is timed with a new arena each time, to where its RAM is back at the system, so memory
//! is always fresh. The second tree is larger than the last-level cache, in the form that takes least.

#[path = "tree/forms.rs"]
mod forms;
#[path = "tree/program.rs"]
mod program;
mod support;

use forms::{Ast, Atomic, BASE, Bumpalo, Indices, Links, LinksFixed, LinksOnce, Pointers};
use program::{Form, build, random_walk, shuffled, walk_stmts};
use region::cache::{self, Caching};
use region::cage::{Cage, Ref32};
use std::hint::black_box;
use std::sync::atomic::Ordering;
use support::Duel;

/// Runs `$body` for each form, with its name and its type.
macro_rules! each {
    ($duel:ident, |$name:ident, $form:ident| $body:expr) => {
        each!($duel, |$name, $form| $body;
            "pointers" Pointers, "bumpalo" Bumpalo, "indices into vectors" Indices, "links" Links,
            "links, base taken once" LinksOnce, "links, constant base" LinksFixed, "links, atomic base" Atomic)
    };
    ($duel:ident, |$name:ident, $form:ident| $body:expr; $($text:literal $type:ident),+) => {
        $(let $duel = {
            type $form = $type;
            let $name = $text;
            $body
        };)+
    };
}

fn contests(nodes: usize, rounds: usize) {
    let made = build::<Pointers>(&region::Arena::new(), nodes).1;
    let title = |what: &str| format!("{what}: {:.1} million nodes", made as f64 / 1e6);

    println!("\n{}", title("bytes a node"));
    let mut pointers = 0;
    let printed = ();
    each!(printed, |name, F| {
        let () = printed;
        let arena = <F as Form>::arena();
        build::<F>(&arena, nodes);
        let used = <F as Form>::used(&arena);
        drop(arena);
        <F as Form>::trim();
        pointers = if pointers == 0 { used } else { pointers };
        println!("  {name:<28} {:>12.2} {:>34.2}×", used as f64 / made as f64, used as f64 / pointers as f64);
    });
    let () = printed;

    let duel = Duel::new(title("build"), made as u64, rounds);
    each!(duel, |name, F| duel.add(name, || {
        let arena = <F as Form>::arena();
        black_box(build::<F>(&arena, nodes).1);
        drop(arena);
        <F as Form>::trim();
    }));
    duel.run();

    // Each tree stays for both walks.
    macro_rules! trees {
        ($($type:ident)+) => {
            ($({
                let arena: &'static <$type as Form>::Arena = Box::leak(Box::new(<$type as Form>::arena()));
                let (root, _) = build::<$type>(arena, nodes);
                let context = <$type as Form>::context(arena);
                let links = shuffled::<$type>(context, &root);
                (context, root, links)
            },)+)
        };
    }
    let (a, b, c, d, e, f, g) = trees!(Pointers Bumpalo Indices Links LinksOnce LinksFixed Atomic);
    macro_rules! walks {
        ($duel:expr, |$type:ident, $tree:ident| $body:expr) => {
            walks!($duel, |$type, $tree| $body; "pointers" Pointers a, "bumpalo" Bumpalo b,
                "indices into vectors" Indices c, "links" Links d, "links, base taken once" LinksOnce e,
                "links, constant base" LinksFixed f, "links, atomic base" Atomic g)
        };
        ($duel:expr, |$type:ident, $tree:ident| $body:expr; $($text:literal $form:ident $which:ident),+) => {{
            let duel = $duel;
            $(let duel = {
                type $type = $form;
                let $tree = &$which;
                duel.add($text, move || { black_box($body); })
            };)+
            against_atomic(&duel.run());
        }};
    }
    macro_rules! sums {
        ($($type:ident $tree:ident),+) => {
            [$((walk_stmts::<$type>($tree.0, $type::stmts($tree.0, &$tree.1)), random_walk::<$type>($tree.0, &$tree.2))),+]
        };
    }
    let sums = sums!(Pointers a, Bumpalo b, Indices c, Links d, LinksOnce e, LinksFixed f, Atomic g);
    assert!(sums.iter().all(|sum| *sum == sums[0]), "the trees are not the same: {sums:?}");
    walks!(Duel::new(title("walk in order"), made as u64, rounds), |F, tree| {
        walk_stmts::<F>(tree.0, F::stmts(tree.0, &tree.1))
    });
    walks!(Duel::new(title("walk at random"), a.2.len() as u64, rounds), |F, tree| random_walk::<F>(tree.0, &tree.2));
}

/// The time with an atomic base over that of the other links.
fn against_atomic(ratios: &[(&str, f64)]) {
    let Some((_, atomic)) = ratios.last() else { return };
    for (name, ratio) in ratios.iter().filter(|(name, _)| name.starts_with("links") && !name.contains("atomic")) {
        println!("  atomic base / {name:<32} {:>25.2}×", atomic / ratio);
    }
}

fn main() {
    cache::set_caching(Caching::Off);
    // The base itself: as far below the value as its link says.
    let arena = Box::leak(Box::new(Ast::arena()));
    let link = Ref32::<u64, Ast>::new_in(0, arena);
    BASE.store((&raw const *link).addr() - ((Ref32::number(link) as usize) << 3), Ordering::Relaxed);
    contests(2_000_000, 21);
    contests(larger_than_the_cache(), 5);
}

/// Nodes of a tree that does not fit into the last-level cache, with 20 bytes each, as far as there is memory for all
/// forms of it.
fn larger_than_the_cache() -> usize {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cache = read("/sys/devices/system/cpu/cpu0/cache/index3/size");
    let cache = cache.trim().trim_end_matches('K').parse::<usize>().map_or(32 << 20, |kib| kib << 10);
    let memory = read("/proc/meminfo");
    let available = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let available = available.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
    let most = available.map_or(usize::MAX, |kib| (kib << 10) / 500);
    let wanted = (cache / 18).max(4_000_000);
    if wanted > most {
        println!("\nSKIPPED: a tree larger than the cache of {} MiB needs more memory than is free", cache >> 20);
    }
    wanted.min(most)
}
