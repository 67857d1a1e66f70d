//! Vectors that grow large from nothing: `RegionVec` against std's.
//!
//! ```sh
//! cargo bench --bench region_vec
//! ```
//!
//! Nobody is told how much will come. Each life is lived in a process of its own, after an untimed twin, for
//! the reasons that benches/fresh.rs gives: RAM that was never used is slower, and malloc keeps what it once
//! had. std's vector grows by `mremap` here, where the kernel moves pages and not bytes; "copying" is std's
//! vector where that cannot be (another allocator, another system): it doubles into a new vector.

mod support;

use std::hint::black_box;
use support::{Duel, escape, in_child};

const GIB: u64 = 1 << 30;
const ROUNDS: usize = 7;

/// Defines a life: `fn name()` that pushes `count` values of `u64` to a new vector and drops it.
macro_rules! life {
    ($name:ident, $count:expr, $make:expr) => {
        life!($name, $count, $make, |values| values.as_ptr());
    };
    ($name:ident, $count:expr, $make:expr, |$values:ident| $start:expr) => {
        #[inline(never)]
        fn $name() {
            #[allow(unused_mut)] // one of them is pushed to by shared reference
            let mut $values = $make;
            for i in 0..$count {
                $values.push(i);
            }
            escape($start);
            black_box($values.len());
        }
    };
}

/// std's vector, growing as it does where blocks cannot be remapped.
struct Copying(Vec<u64>);

impl Copying {
    #[inline(always)]
    fn push(&mut self, value: u64) {
        if self.0.len() == self.0.capacity() {
            self.grow();
        }
        self.0.push(value);
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let mut larger = Vec::with_capacity((2 * self.0.len()).max(4));
        larger.extend_from_slice(&self.0);
        self.0 = larger;
    }

    fn as_ptr(&self) -> *const u64 {
        self.0.as_ptr()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// A contest at one size.
macro_rules! contest {
    ($module:ident, $title:literal, $bytes:expr) => {
        mod $module {
            use super::*;
            const COUNT: u64 = $bytes / 8;
            life!(region, COUNT, region::RegionVec::new());
            life!(append, COUNT, region::AppendVec::new(), |values| values.as_slice().as_ptr());
            life!(std, COUNT, Vec::new());
            life!(reserved, COUNT, Vec::with_capacity(COUNT as usize));
            life!(copying, COUNT, Copying(Vec::new()));

            pub fn run() {
                let mut duel = Duel::new($title, COUNT, ROUNDS);
                let lives: [(&str, fn()); 5] = [
                    ("RegionVec", region),
                    ("AppendVec", append),
                    ("Vec", std),
                    ("Vec, told the length", reserved),
                    ("Vec, copying", copying),
                ];
                for (name, life) in lives {
                    duel = duel.add_costed(name, move || {
                        in_child(life);
                        in_child(life)
                    });
                }
                duel.run();
            }
        }
    };
}

contest!(gib, "1 GiB of u64 pushed to a new vector", GIB);
contest!(mib64, "64 MiB of u64 pushed to a new vector", GIB / 16);
contest!(mib, "1 MiB of u64 pushed to a new vector", GIB / 1024);
contest!(small, "64 KiB of u64 pushed to a new vector", GIB / 16384);

fn main() {
    gib::run();
    mib64::run();
    mib::run();
    small::run();
}
