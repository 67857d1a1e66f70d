//! The allocator traits over arenas: one contract for every version, and what hashbrown makes of it.
//!
//! Run with `--features allocator-api2-02,allocator-api2-04`, and `nightly` on a compiler that has the trait.

#![cfg(feature = "os")]
#![cfg_attr(region_nightly, feature(allocator_api))]

/// The contract of one version of the trait.
#[allow(unused_macros)]
macro_rules! contract {
    ($version:ident, $($api:ident)::+) => {
        mod $version {
            use region::{Arena, StackBuffer};
            use std::alloc::Layout;
            use std::ptr::NonNull;
            use $($api)::+::{AllocError, Allocator};

            fn layout(size: usize, align: usize) -> Layout {
                Layout::from_size_align(size, align).unwrap()
            }

            /// Takes any allocator by value, as collections do, through every method.
            fn exercise<A: Allocator + Copy>(allocator: A, used: impl Fn() -> usize) {
                let before = used();
                let (small, large) = (layout(24, 8), layout(1000, 64));
                let block = allocator.allocate(small).unwrap();
                assert_eq!(block.len(), 24);
                // SAFETY: each block is this allocator's, alive, and passed with its layout; every copy of an
                // allocator counts as the same.
                unsafe {
                    block.cast::<u8>().write_bytes(7, 24);
                    let copy = allocator;
                    let block = copy.grow(block.cast(), small, large).unwrap();
                    assert_eq!((block.len(), block.cast::<u8>().addr().get() % 64), (1000, 0));
                    assert_eq!(&block.as_ref()[..24], [7; 24]);
                    let block = allocator.shrink(block.cast(), large, small).unwrap();
                    assert_eq!(block.as_ref(), [7; 24]);
                    let block = allocator.grow_zeroed(block.cast(), small, layout(2000, 1)).unwrap();
                    assert_eq!(&block.as_ref()[..24], [7; 24]);
                    assert_eq!(block.as_ref()[24..], [0; 1976]);
                    allocator.deallocate(block.cast(), layout(2000, 1));
                    // Whatever padding the larger alignment took.
                    assert!(used() < before + 64);
                    let block = allocator.allocate_zeroed(large).unwrap();
                    assert_eq!(block.as_ref(), [0; 1000]);
                    allocator.by_ref().deallocate(block.cast(), large);
                    let empty = allocator.allocate(layout(0, 128)).unwrap();
                    assert_eq!((empty.len(), empty.cast::<u8>().addr().get() % 128), (0, 0));
                    let block = allocator.grow(empty.cast(), layout(0, 128), large).unwrap();
                    let empty = allocator.shrink(block.cast(), large, layout(0, 4)).unwrap();
                    assert_eq!(empty.len(), 0);
                    allocator.deallocate(empty.cast(), layout(0, 4));
                }
                assert!(used() < before + 128);
            }

            #[test]
            fn arenas_and_scopes_keep_the_contract() {
                let mut arena = Arena::new();
                exercise(&arena, || arena.used());
                let packed = Arena::<1>::with_min_align();
                packed.alloc(1u8);
                exercise(&packed, || packed.used());
                let mut memory = StackBuffer::<8192>::new();
                let buffered = Arena::from_buffer(&mut memory);
                exercise(&buffered, || buffered.used());
                arena.scoped(|mut scope| {
                    exercise(&scope, || scope.used());
                    scope.scoped(|inner| exercise(&inner, || inner.used()));
                });
                assert_eq!(arena.used(), 0);
            }

            #[test]
            fn a_full_arena_says_so_and_keeps_the_block() {
                let mut memory = StackBuffer::<64>::new();
                let arena = &Arena::from_buffer(&mut memory);
                let small = layout(48, 8);
                let block = arena.allocate(small).unwrap().cast::<u8>();
                // SAFETY: the block is alive with this layout.
                unsafe {
                    block.write_bytes(7, 48);
                    assert_eq!(Allocator::grow(&arena, block, small, layout(65, 8)), Err(AllocError));
                    assert_eq!(Allocator::grow_zeroed(&arena, block, small, layout(65, 8)), Err(AllocError));
                    assert_eq!(arena.shrink(block, small, layout(40, 4096)), Err(AllocError));
                    assert_eq!(NonNull::slice_from_raw_parts(block, 48).as_ref(), [7; 48]);
                    assert_eq!(arena.allocate(layout(isize::MAX as usize, 1)), Err(AllocError));
                    let grown = Allocator::grow(&arena, block, small, layout(64, 8)).unwrap();
                    assert_eq!(grown.cast::<u8>(), block);
                }
            }
        }
    };
}

#[cfg(feature = "allocator-api2-02")]
contract!(allocator_api2_of_hashbrown, allocator_api2_02::alloc);
#[cfg(feature = "allocator-api2-04")]
contract!(allocator_api2_of_today, allocator_api2_04::alloc);
#[cfg(region_nightly)]
contract!(core_of_nightly, std::alloc);

#[cfg(region_nightly)]
#[test]
fn collections_of_the_standard_library_live_in_an_arena() {
    let arena = region::Arena::new();
    let mut row = std::vec::Vec::with_capacity_in(32 << 10, &arena); // past the first block
    row.push(0u32);
    let start = row.as_ptr();
    row.extend(1..100_000);
    assert_eq!(row.as_ptr(), start);
    let boxed: std::boxed::Box<dyn Fn() -> usize, _> = std::boxed::Box::new_in(|| row.len(), &arena);
    assert_eq!(boxed(), 100_000);
}

#[cfg(feature = "allocator-api2-02")]
mod hash_maps {
    use hashbrown::{DefaultHashBuilder, HashMap, HashSet};
    use region::Arena;
    use std::cell::Cell;

    #[test]
    fn a_map_grows_in_an_arena_and_finds_everything() {
        let arena = Arena::new();
        let mut map = HashMap::new_in(&arena);
        for i in 0..100_000u64 {
            // Strings between the map's tables, so that old tables are not at the tip.
            map.insert(arena.alloc_fmt(format_args!("key {i}")) as &str, i);
        }
        assert_eq!(map.len(), 100_000);
        assert!((0..100_000).all(|i| map[format!("key {i}").as_str()] == i));
        map.retain(|_, i| *i % 1000 == 0);
        map.shrink_to_fit();
        assert!((0..100).all(|i| map[format!("key {}", i * 1000).as_str()] == i * 1000));
        let copy = map.clone();
        drop(map);
        assert_eq!(copy["key 99000"], 99_000);
    }

    #[test]
    fn a_map_in_a_scope_goes_with_it() {
        let mut arena = Arena::new();
        let kept = arena.used();
        let count = arena.scoped(|scope| {
            let mut seen = HashSet::new_in(&scope);
            "a b a c b a".split(' ').filter(|word| seen.insert(*word)).count()
        });
        assert_eq!((count, arena.used()), (3, kept));
    }

    #[test]
    fn a_map_drops_what_it_holds_and_gives_its_table_back() {
        struct Counted<'a>(&'a Cell<u32>);
        impl Drop for Counted<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }
        let (dropped, arena) = (Cell::new(0), Arena::new());
        let mut map = HashMap::with_capacity_in(1000, &arena);
        (0..1000).for_each(|i| drop(map.insert(i, Counted(&dropped))));
        map.remove(&7);
        assert_eq!(dropped.get(), 1);
        drop(map);
        assert_eq!((dropped.get(), arena.used()), (1000, 0));
    }

    #[test]
    fn a_map_that_finds_no_room_says_so() {
        let mut memory = region::StackBuffer::<1024>::new();
        let arena = Arena::from_buffer(&mut memory);
        let mut map = HashMap::<u64, u64, DefaultHashBuilder, _>::new_in(&arena);
        map.try_reserve(10).unwrap();
        assert!(map.try_reserve(1000).is_err());
        map.insert(1, 2);
        assert_eq!(map[&1], 2);
    }
}
