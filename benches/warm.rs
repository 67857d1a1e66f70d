//! The price of one allocation when the RAM is there already: fill, reset, fill again.
//!
//! ```sh
//! cargo bench --bench warm
//! cargo bench --bench warm -- u64             # only the contests whose title has the word
//! cargo bench --bench warm -- --criterion     # the same loops, with criterion's statistics
//! ```
//!
//! Every candidate is a function of its own with the loop inside, takes the same items in the same order, and
//! lets each address escape without an instruction. What a pass fills fits the second-level cache, so that
//! allocators are measured and not memory. Arenas start with room for a pass and are reset after it, in the
//! time that is taken; `typed-arena` has no reset, so it gets a new arena a pass; boxes are kept in a vector
//! with room for them, and freed. Where a peer can be told a least alignment, it runs with ours as well.

mod support;

use bump_scope::traits::BumpAllocatorTyped as _;
use criterion::{Criterion, Throughput};
use std::alloc::Layout;
use std::ops::Range;
use std::time::Duration;
use support::{Duel, escape};

/// Bytes that a pass fills, about.
const PASS: usize = 256 << 10;
/// Passes in a run.
const PASSES: usize = 32;
const ROUNDS: usize = 41;
/// What an arena is given room for: a pass, with what alignment and chunk headers may add.
const ROOM: usize = 2 * PASS;

type Node = [u64; 3];
type Kilobyte = [u64; 128];

/// A value that asks for a cache line of its own.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] u64);

type Scope8 = bump_scope::Bump<bump_scope::alloc::Global, bump_scope::settings::BumpSettings<8>>;

/// Starts of a loop, in bytes past a cache line, that every candidate is compiled for.
///
/// Where a loop of ten instructions happens to land is worth up to 1.7× on some processors, more than what
/// sets good arenas apart. So the passes of a run take the four in turn.
const PLACES: usize = 4;

/// One loop at each of its places.
type Loops<A, I> = [fn(&mut A, I); PLACES];

/// Defines a candidate's loops: functions of `(arena, items)` in which each item becomes an address.
macro_rules! fill {
    ($name:ident, $arena:ty, |$a:ident, $item:ident: $items:ty| $address:expr) => {
        pub fn $name() -> Loops<$arena, $items> {
            #[inline(never)]
            fn fill<const PLACE: usize>($a: &mut $arena, items: $items) {
                place::<PLACE>();
                for $item in items {
                    escape($address);
                }
            }
            [fill::<0>, fill::<16>, fill::<32>, fill::<48>]
        }
    };
}

/// Puts the code that follows `PLACE` bytes past a cache line, give or take what the compiler inserts.
#[inline(always)]
fn place<const PLACE: usize>() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: alignment and `nop`s.
    unsafe {
        std::arch::asm!(".p2align 6", ".skip {0}, 0x90", const PLACE, options(nomem, nostack, preserves_flags));
    }
}

/// Loops over a value of a type that is known at compile time, by each candidate.
macro_rules! typed {
    ($module:ident, $type:ty, |$i:ident| $value:expr) => {
        mod $module {
            use super::*;
            pub const SIZE: usize = size_of::<$type>();
            fill!(region, region::Arena, |a, $i: Range<u64>| a.alloc($value));
            fill!(bumpalo, bumpalo::Bump, |a, $i: Range<u64>| a.alloc($value));
            fill!(bumpalo8, bumpalo::Bump<8>, |a, $i: Range<u64>| a.alloc($value));
            fill!(scope, bump_scope::Bump, |a, $i: Range<u64>| bump_scope::BumpBox::leak(a.alloc($value)));
            fill!(scope8, Scope8, |a, $i: Range<u64>| bump_scope::BumpBox::leak(a.alloc($value)));
            fill!(typed, typed_arena::Arena<$type>, |a, $i: Range<u64>| a.alloc($value));
            fill!(blink, blink_alloc::Blink, |a, $i: Range<u64>| a.put_no_drop($value));
            fill!(boxes, Vec<Box<$type>>, |a, $i: Range<u64>| {
                a.push(Box::new($value));
                &raw mut **a.last_mut().unwrap()
            });

            pub fn contest(title: &'static str) -> Contest {
                let count = (PASS / SIZE) as u64;
                let (mut boxes_kept, items) = (Vec::with_capacity(count as usize), move || 0..count);
                Contest::new(title, count)
                    .with_arenas(items, region(), bumpalo(), bumpalo8(), scope(), scope8(), blink())
                    .with("typed-arena", move |turn| {
                        typed()[turn](&mut typed_arena::Arena::with_capacity(count as usize), 0..count);
                    })
                    .with("Box", move |turn| {
                        boxes()[turn](&mut boxes_kept, 0..count);
                        boxes_kept.clear();
                    })
            }
        }
    };
}

typed!(words, u64, |i| i);
typed!(nodes, Node, |i| [i, i + 1, i + 2]);
typed!(kilobytes, Kilobyte, |i| [i; 128]);
typed!(lines, Line, |i| Line(i));

/// Strings of 3 to 40 bytes.
mod strings {
    use super::*;
    fill!(region, region::Arena, |a, text: &'static [&'static str]| a.alloc_str(text));
    fill!(bumpalo, bumpalo::Bump, |a, text: &'static [&'static str]| a.alloc_str(text));
    fill!(bumpalo8, bumpalo::Bump<8>, |a, text: &'static [&'static str]| a.alloc_str(text));
    fill!(scope, bump_scope::Bump, |a, text: &'static [&'static str]| bump_scope::BumpBox::leak(a.alloc_str(text)));
    fill!(scope8, Scope8, |a, text: &'static [&'static str]| bump_scope::BumpBox::leak(a.alloc_str(text)));
    fill!(packed, region::Arena<1>, |a, text: &'static [&'static str]| a.alloc_str(text));
    fill!(typed, typed_arena::Arena<u8>, |a, text: &'static [&'static str]| a.alloc_str(text));
    fill!(blink, blink_alloc::Blink, |a, text: &'static [&'static str]| a.copy_str(text));
    fill!(boxes, Vec<Box<str>>, |a, text: &'static [&'static str]| {
        a.push(Box::from(*text));
        &raw mut **a.last_mut().unwrap()
    });

    pub fn contest() -> Contest {
        let letters: &'static str = "the quick brown fox jumps over the lazy dog and then over another one, twice";
        let mut random = Random(1);
        let (mut texts, mut bytes) = (Vec::<&'static str>::new(), 0);
        while bytes < PASS {
            let (from, len) = (random.below(36), 3 + random.below(38));
            texts.push(&letters[from..from + len]);
            bytes += len.next_multiple_of(8);
        }
        let texts: &'static [&'static str] = texts.leak();
        let mut boxes_kept = Vec::with_capacity(texts.len());
        let mut packed_arena = region::Arena::<1>::with_min_align();
        Contest::new("strings of 3 to 40 bytes", texts.len() as u64)
            .with_arenas(move || texts, region(), bumpalo(), bumpalo8(), scope(), scope8(), blink())
            .with("region, packed (MIN_ALIGN 1)", move |turn| {
                packed()[turn](&mut packed_arena, texts);
                packed_arena.reset();
            })
            .with("typed-arena", move |turn| typed()[turn](&mut typed_arena::Arena::with_capacity(PASS), texts))
            .with("Box<str>", move |turn| {
                boxes()[turn](&mut boxes_kept, texts);
                boxes_kept.clear();
            })
    }
}

/// Layouts that only the running program knows.
mod layouts {
    use super::*;
    fill!(region, region::Arena, |a, layout: &'static [Layout]| a.alloc_layout(*layout).as_ptr());
    fill!(bumpalo, bumpalo::Bump, |a, layout: &'static [Layout]| a.alloc_layout(*layout).as_ptr());
    fill!(bumpalo8, bumpalo::Bump<8>, |a, layout: &'static [Layout]| a.alloc_layout(*layout).as_ptr());
    fill!(scope, bump_scope::Bump, |a, layout: &'static [Layout]| a.allocate_layout(*layout).as_ptr());
    fill!(scope8, Scope8, |a, layout: &'static [Layout]| a.allocate_layout(*layout).as_ptr());
    fill!(blink, blink_alloc::Blink, |a, layout: &'static [Layout]| {
        a.allocator().allocate(*layout).unwrap().cast::<u8>().as_ptr()
    });
    fill!(malloc, Vec<*mut u8>, |a, layout: &'static [Layout]| {
        // SAFETY: no layout in the contest has size zero.
        a.push(unsafe { std::alloc::alloc(*layout) });
        *a.last().unwrap()
    });

    /// Layouts of 1 to 64 bytes, each aligned to one of `aligns`.
    pub fn contest(title: &'static str, aligns: &[usize]) -> Contest {
        let mut random = Random(1);
        let (mut layouts, mut bytes) = (Vec::new(), 0);
        while bytes < PASS {
            let (size, align) = (1 + random.below(64), aligns[random.below(aligns.len())]);
            layouts.push(Layout::from_size_align(size, align).unwrap());
            bytes += size.next_multiple_of(align.max(8));
        }
        let layouts: &'static [Layout] = layouts.leak();
        let mut kept = Vec::with_capacity(layouts.len());
        Contest::new(title, layouts.len() as u64)
            .with_arenas(move || layouts, region(), bumpalo(), bumpalo8(), scope(), scope8(), blink())
            .with("std::alloc", move |turn| {
                malloc()[turn](&mut kept, layouts);
                for (block, layout) in kept.drain(..).zip(layouts) {
                    // SAFETY: every block was allocated with the layout of its place in the list.
                    unsafe { std::alloc::dealloc(block, *layout) };
                }
            })
    }
}

/// A small deterministic generator: contests see the same items on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// One pass of a candidate, with its loop at the place that it is told.
type Pass = Box<dyn FnMut(usize)>;

/// Candidates for one piece of work.
struct Contest {
    title: &'static str,
    count: u64,
    candidates: Vec<(&'static str, Pass)>,
}

impl Contest {
    fn new(title: &'static str, count: u64) -> Self {
        Contest { title, count, candidates: Vec::new() }
    }

    fn with(mut self, name: &'static str, pass: impl FnMut(usize) + 'static) -> Self {
        self.candidates.push((name, Box::new(pass)));
        self
    }

    /// Adds the arenas that can be reset, ours first, each with its loop.
    #[allow(clippy::too_many_arguments)] // one loop a candidate
    fn with_arenas<I: 'static>(
        self,
        items: impl Fn() -> I + Copy + 'static,
        region: Loops<region::Arena, I>,
        bumpalo: Loops<bumpalo::Bump, I>,
        bumpalo8: Loops<bumpalo::Bump<8>, I>,
        scope: Loops<bump_scope::Bump, I>,
        scope8: Loops<Scope8, I>,
        blink: Loops<blink_alloc::Blink, I>,
    ) -> Self {
        macro_rules! pass {
            ($fill:ident, $arena:expr) => {{
                let mut arena = $arena;
                move |turn: usize| {
                    $fill[turn](&mut arena, items());
                    arena.reset();
                }
            }};
        }
        self.with("region", pass!(region, region::Arena::with_capacity(ROOM)))
            .with("bumpalo", pass!(bumpalo, bumpalo::Bump::with_capacity(ROOM)))
            .with("bumpalo, min align 8", pass!(bumpalo8, bumpalo::Bump::<8>::with_min_align_and_capacity(ROOM)))
            .with("bump-scope", pass!(scope, <bump_scope::Bump>::with_size(ROOM)))
            .with("bump-scope, min align 8", pass!(scope8, Scope8::with_size(ROOM)))
            .with("blink-alloc", pass!(blink, blink_alloc::Blink::with_chunk_size(ROOM)))
    }

    /// Alternated rounds, medians and ratios.
    fn duel(self) {
        let mut duel = Duel::new(self.title, self.count * PASSES as u64, ROUNDS);
        for (name, mut pass) in self.candidates {
            duel = duel.add(name, move || (0..PASSES).for_each(|turn| pass(turn % PLACES)));
        }
        let ratios = duel.run();
        let peers = ratios.iter().filter(|(name, _)| !name.starts_with("region"));
        if let Some((name, ratio)) = peers.min_by(|a, b| a.1.total_cmp(&b.1)) {
            println!("  the best peer, {name}, takes {ratio:.2}× our time");
        }
    }

    /// The same passes under criterion, one group a contest.
    fn criterion(self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group(self.title);
        group.throughput(Throughput::Elements(self.count));
        for (name, mut pass) in self.candidates {
            let mut turns = (0..PLACES).cycle();
            group.bench_function(name, |bencher| bencher.iter(|| pass(turns.next().unwrap())));
        }
        group.finish();
    }
}

fn main() {
    let contests = [
        words::contest("u64"),
        nodes::contest("nodes of 24 bytes"),
        kilobytes::contest("1 KiB"),
        strings::contest(),
        layouts::contest("layouts known at run time, align 1 to 8", &[1, 2, 4, 8]),
        layouts::contest("layouts known at run time, align 16", &[16]),
        layouts::contest("layouts known at run time, align 64", &[64]),
        lines::contest("values aligned to 64"),
    ];
    if std::env::args().any(|argument| argument == "--criterion") {
        let words: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
        let mut criterion = Criterion::default()
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(500))
            .sample_size(50);
        for contest in contests {
            if words.is_empty() || words.iter().any(|word| contest.title.contains(word.as_str())) {
                contest.criterion(&mut criterion);
            }
        }
    } else {
        contests.into_iter().for_each(Contest::duel);
    }
}
