//! Vectors, strings and hash maps in arenas: whole lives, from a new arena to its drop.
//!
//! ```sh
//! cargo bench --features collections --bench collections
//! cargo bench --features collections --bench collections -- Vec      # the contests whose title has the word
//! ```
//!
//! Every candidate makes its arena, fills one container in the obvious way, with no capacity told, and drops
//! both; short strings are also formatted into arenas that are reset. Peers run with their own containers; where one has none, with allocator-api2's over its allocator.
//! A map's words are made once, before; hashers are the same, so only where the tables live differs.

mod support;

use bump_scope::{BumpString, BumpVec, bump_format};
use hashbrown::{DefaultHashBuilder, HashMap};
use std::fmt::Write;
use support::{Duel, escape};

const ROUNDS: usize = 15;
/// Values of the long vector: 64 MB of `u32`.
const VALUES: u32 = 16 << 20;
/// Pieces of the long string, 12 bytes each.
const PIECES: u64 = 2 << 20;
/// Strings that are formatted.
const LINES: u64 = 200_000;
/// Entries of a map.
const ENTRIES: u64 = 500_000;
const PIECE: &str = "twelve bytes";

fn main() {
    vectors();
    short_vectors();
    rows();
    strings();
    formats();
    formats_again();
    one_format();
    maps();
}

/// Pushes every value, so that growing is the container's own business.
macro_rules! push_all {
    ($row:expr) => {{
        let mut row = $row;
        for value in 0..VALUES {
            row.push(value);
        }
        escape(row.as_ptr());
        assert_eq!(row.len(), VALUES as usize);
    }};
}

fn vectors() {
    let ratios = Duel::new("Vec<u32> pushed to 64 MB", VALUES.into(), ROUNDS)
        .add("region", || {
            let arena = region::Arena::new();
            push_all!(region::collections::Vec::new_in(&arena));
        })
        .add("bumpalo", || {
            let bump = bumpalo::Bump::new();
            push_all!(bumpalo::collections::Vec::new_in(&bump));
        })
        .add("bump-scope", || {
            let bump: bump_scope::Bump = bump_scope::Bump::new();
            push_all!(BumpVec::new_in(&bump));
        })
        .add("blink-alloc", || {
            let blink = blink_alloc::BlinkAlloc::new();
            push_all!(allocator_api2_04::vec::Vec::new_in(&blink));
        })
        .add("std", || push_all!(Vec::new()))
        .run();
    report(&ratios);
    if !ratios.is_empty() {
        let arena = region::Arena::new();
        let bump = bumpalo::Bump::new();
        push_all!(region::collections::Vec::new_in(&arena));
        push_all!(bumpalo::collections::Vec::new_in(&bump));
        let (ours, theirs) = (region::Bytes(arena.committed()), region::Bytes(bump.allocated_bytes()));
        println!("  memory for 64 MB of values: region {ours}, bumpalo {theirs}");
    }
}

/// Vectors of 64 KiB, each in an arena of its own.
fn short_vectors() {
    const SHORT: u64 = 8 << 10;
    macro_rules! pushed {
        ($(let $arena:ident = $make:expr;)? $row:expr) => {
            for _ in 0..100 {
                $(let $arena = $make;)?
                let mut row = $row;
                (0..SHORT).for_each(|value| row.push(value));
                escape(row.as_ptr());
            }
        };
    }
    let ratios = Duel::new("Vec<u64> pushed to 64 KiB", 100 * SHORT, ROUNDS)
        .add("region", || pushed!(let arena = region::Arena::new(); region::collections::Vec::new_in(&arena)))
        .add("bumpalo", || pushed!(let bump = bumpalo::Bump::new(); bumpalo::collections::Vec::new_in(&bump)))
        .add("bump-scope", || pushed!(let bump = <bump_scope::Bump>::new(); BumpVec::new_in(&bump)))
        .add("std", || pushed!(Vec::new()))
        .run();
    report(&ratios);
}

/// An iterator's values side by side, in arenas that are reset.
fn rows() {
    let row = |i: u64, len: usize| (0..len).map(move |j| i + j as u64);
    for len in [3, 10, 100] {
        let (mut arena, mut bump) = (region::Arena::new(), bumpalo::Bump::new());
        let mut scope: bump_scope::Bump = bump_scope::Bump::new();
        let ratios = Duel::new(format!("rows of {len} u64 from an iterator, warm"), LINES, ROUNDS)
            .add("region", || {
                (0..LINES).for_each(|i| {
                    escape(arena.alloc_slice_fill_iter(row(i, len)));
                    if i % 64 == 63 {
                        arena.reset();
                    }
                });
            })
            .add("bumpalo", || {
                (0..LINES).for_each(|i| {
                    escape(bump.alloc_slice_fill_iter(row(i, len)));
                    if i % 64 == 63 {
                        bump.reset();
                    }
                });
            })
            .add("bump-scope", || {
                (0..LINES).for_each(|i| {
                    escape(bump_scope::BumpBox::leak(scope.alloc_iter_exact(row(i, len))));
                    if i % 64 == 63 {
                        scope.reset();
                    }
                });
            })
            .run();
        report(&ratios);
    }
}

/// Appends every piece.
macro_rules! push_pieces {
    ($text:expr) => {{
        let mut text = $text;
        for _ in 0..PIECES {
            text.push_str(PIECE);
        }
        escape(text.as_ptr());
        assert_eq!(text.len(), PIECES as usize * PIECE.len());
    }};
}

fn strings() {
    let ratios = Duel::new("String grown by 12 bytes to 24 MiB", PIECES, ROUNDS)
        .add("region", || {
            let arena = region::Arena::new();
            push_pieces!(region::collections::String::new_in(&arena));
        })
        .add("bumpalo", || {
            let bump = bumpalo::Bump::new();
            push_pieces!(bumpalo::collections::String::new_in(&bump));
        })
        .add("bump-scope", || {
            let bump: bump_scope::Bump = bump_scope::Bump::new();
            push_pieces!(BumpString::new_in(&bump));
        })
        .add("std", || push_pieces!(String::new()))
        .run();
    report(&ratios);
}

/// Formats every line with `$format`, each to be kept as long as the arena.
macro_rules! format_all {
    (|$name:ident, $line:ident| $format:expr) => {
        for $line in 0..LINES {
            let $name = "parser.rs";
            let text: &str = $format;
            escape(text.as_ptr());
        }
    };
}

fn formats() {
    let ratios = Duel::new("format! of a name and a number, kept", LINES, ROUNDS)
        .add("region, format!", || {
            let arena = region::Arena::new();
            format_all!(|name, line| region::format!(in &arena, "{name}:{line}").into_bump_str());
        })
        .add("region, alloc_fmt", || {
            let arena = region::Arena::new();
            format_all!(|name, line| arena.alloc_fmt(format_args!("{name}:{line}")));
        })
        .add("bumpalo", || {
            let bump = bumpalo::Bump::new();
            format_all!(|name, line| bumpalo::format!(in &bump, "{}:{}", name, line).into_bump_str());
        })
        .add("bump-scope", || {
            let bump: bump_scope::Bump = bump_scope::Bump::new();
            format_all!(|name, line| bump_format!(in &bump, "{name}:{line}").into_str());
        })
        .add("std, leaked from a list", || {
            let mut kept = Vec::with_capacity(LINES as usize);
            format_all!(|name, line| {
                let mut text = String::new();
                write!(text, "{name}:{line}").unwrap();
                kept.push(text);
                kept.last().unwrap()
            });
        })
        .run();
    report(&ratios);
}

/// The same with arenas that are reset, so that no candidate waits for RAM.
fn formats_again() {
    let (mut arena, mut bump) = (region::Arena::new(), bumpalo::Bump::new());
    let mut fmt_arena = region::Arena::new();
    let mut scope: bump_scope::Bump = bump_scope::Bump::new();
    let ratios = Duel::new("format! of a name and a number, warm", LINES, ROUNDS)
        .add("region, format!", || {
            format_all!(|name, line| region::format!(in &arena, "{name}:{line}").into_bump_str());
            arena.reset();
        })
        .add("region, alloc_fmt", || {
            format_all!(|name, line| fmt_arena.alloc_fmt(format_args!("{name}:{line}")));
            fmt_arena.reset();
        })
        .add("bumpalo", || {
            format_all!(|name, line| bumpalo::format!(in &bump, "{}:{}", name, line).into_bump_str());
            bump.reset();
        })
        .add("bump-scope", || {
            format_all!(|name, line| bump_format!(in &scope, "{name}:{line}").into_str());
            scope.reset();
        })
        .run();
    report(&ratios);
}

/// A new arena for each line.
fn one_format() {
    let ratios = Duel::new("arena, one format!, drop", LINES, ROUNDS)
        .add("region, format!", || {
            format_each!(|name, line| region::Arena::new(), arena, {
                escape(region::format!(in &arena, "{name}:{line}").into_bump_str());
            });
        })
        .add("region, alloc_fmt", || {
            format_each!(|name, line| region::Arena::new(), arena, {
                escape(arena.alloc_fmt(format_args!("{name}:{line}")));
            });
        })
        .add("bumpalo", || {
            format_each!(|name, line| bumpalo::Bump::new(), arena, {
                escape(bumpalo::format!(in &arena, "{}:{}", name, line).into_bump_str());
            });
        })
        .add("bump-scope", || {
            format_each!(|name, line| <bump_scope::Bump>::new(), arena, {
                escape(bump_format!(in &arena, "{name}:{line}").into_str().as_ptr());
            });
        })
        .run();
    report(&ratios);
}

/// Formats every line in an arena of its own.
macro_rules! format_each {
    (|$name:ident, $line:ident| $make:expr, $arena:ident, $body:block) => {
        for $line in 0..LINES {
            let ($name, $arena) = ("parser.rs", $make);
            $body
        }
    };
}
use format_each;

/// Inserts every key with its number.
macro_rules! insert_all {
    ($map:expr, $keys:expr) => {{
        let mut map = $map;
        for (number, key) in $keys {
            map.insert(key, number);
        }
        assert_eq!(map.len(), ENTRIES as usize);
    }};
}

/// One contest of maps: the same keys, the same hasher, tables in different places.
macro_rules! contest {
    ($title:literal, $keys:expr) => {
        let hasher = DefaultHashBuilder::default();
        let ratios = Duel::new($title, ENTRIES, ROUNDS)
            .add("region", || {
                let arena = region::Arena::new();
                insert_all!(HashMap::with_hasher_in(hasher.clone(), &arena), $keys);
            })
            .add("bumpalo", || {
                let bump = bumpalo::Bump::new();
                insert_all!(HashMap::with_hasher_in(hasher.clone(), &bump), $keys);
            })
            .add("bump-scope", || {
                let bump: bump_scope::Bump = bump_scope::Bump::new();
                insert_all!(HashMap::with_hasher_in(hasher.clone(), &bump), $keys);
            })
            .add("std's allocator", || insert_all!(HashMap::with_hasher(hasher.clone()), $keys))
            .run();
        report(&ratios);
    };
}

fn maps() {
    let numbers = || (0..ENTRIES).map(|i| (i, i.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    contest!("hashbrown insert: HashMap<u64, u64>", numbers());
    let words: Vec<String> = (0..ENTRIES).map(|i| format!("word{i}")).collect();
    contest!("hashbrown insert: HashMap<&str, u32>", words.iter().zip(0u32..).map(|(word, i)| (i, word.as_str())));
}

/// What the best peer takes of our time.
fn report(ratios: &[(&str, f64)]) {
    let peers = ratios.iter().filter(|(name, _)| !name.starts_with("region"));
    if let Some((name, ratio)) = peers.min_by(|a, b| a.1.total_cmp(&b.1)) {
        println!("  the best peer, {name}, takes {ratio:.2}× our time");
    }
}
