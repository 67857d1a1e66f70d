//! Boxes that only memory of the library refers to, for LeakSanitizer: `WHERE`, and they are kept as it ends; `WHERE
//! lost`, and that memory was given back before, so that they are lost.

use region::{Arena, ArenaPool, PagePool, Region, RegionVec, TypedArena};
use region::backing::{Global, Mapped};
use std::hint::black_box;
use std::mem::ManuallyDrop;
use std::sync::OnceLock;

/// A box that nobody drops.
type Kept = ManuallyDrop<Box<[u64; 13]>>;

#[inline(never)]
fn kept() -> Kept {
    ManuallyDrop::new(Box::new(black_box([7; 13])))
}

/// Gives an owner of memory that refers to boxes, in a place that the program refers to. Not inlined: nothing of it
/// stays on the stack.
#[inline(never)]
fn owner(at: &str) -> Box<dyn std::any::Any> {
    match at {
        "first block" => {
            let arena: Arena = Arena::new();
            arena.alloc(kept());
            Box::new(arena)
        }
        "large block" => {
            let arena: Arena = Arena::new();
            for _ in 0..100_000 {
                arena.alloc([0u64; 9]);
            }
            arena.alloc_slice_fill_with(100_000, |at| (at % 1000 == 999).then(kept));
            Box::new(arena)
        }
        "exact arena" => {
            let arena: Arena<8> = Arena::new_in(Mapped::exactly(32 << 20));
            arena.alloc_slice_fill_with(1_000_000, |at| (at % 1000 == 999).then(kept));
            Box::new(arena)
        }
        "heap" => {
            let arena: Arena<8, Global> = Arena::new_in(Global);
            arena.alloc(kept());
            Box::new(arena)
        }
        "row" => {
            let mut row = RegionVec::new();
            for _ in 0..300_000 {
                row.push(None);
            }
            row.push(Some(kept()));
            Box::new(row)
        }
        "typed arena" => {
            let arena = TypedArena::new();
            arena.alloc(kept());
            Box::new(arena)
        }
        "arena pool" => {
            let pool = ArenaPool::new();
            pool.member().alloc(kept());
            Box::new(pool)
        }
        "region" => {
            let mut region = Region::options().len(1 << 20).guard_pages().map().unwrap();
            let place = region.as_mut_slice()[8192..].as_mut_ptr().cast::<Kept>();
            // SAFETY: the place is within the region's bytes, and aligned as a page is.
            unsafe { place.write(kept()) };
            Box::new(region)
        }
        "page" => {
            let pool = PagePool::new(4096, 16).unwrap();
            let mut page = pool.take().unwrap();
            // SAFETY: a page is as long and as aligned.
            unsafe { page.as_mut_ptr().cast::<Kept>().write(kept()) };
            // It is out until the pool goes.
            std::mem::forget(page);
            Box::new(pool)
        }
        _ => panic!("{at} is not known"),
    }
}

/// Writes over what calls left below on the stack.
#[inline(never)]
fn clear_stack() {
    black_box([0u8; 100_000]);
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words[0] == "nothing of the library's" {
        black_box(kept());
        clear_stack();
        return;
    }
    static OWNER: OnceLock<usize> = OnceLock::new();
    let owner = Box::into_raw(Box::new(owner(&words[0])));
    if words.len() > 1 {
        // SAFETY: the box was made just now, and is used no more.
        drop(unsafe { Box::from_raw(owner) });
    } else {
        OWNER.set(owner.expose_provenance()).unwrap();
    }
    clear_stack();
}
