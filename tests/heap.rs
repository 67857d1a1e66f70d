//! Heaps: what each method does, what is refused, and what stays when memory ends.

#![cfg(feature = "os")]

mod support;

use region::backing::Backing;
use region::error::AllocReason;
use region::heap::{FreeError, HeapPage, HeapPageKind, HeapPages, HeapReport, HeapStats, SizeClass};
use region::{Arena, Heap, Region, StackBuffer};
use std::alloc::Layout;
use std::collections::HashSet;
use std::ptr::NonNull;
use support::heap::{Heap as Booked, Plan};

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// A random number from the one before (xorshift).
fn next(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 11) as usize
}

#[test]
fn a_heap_is_made_without_memory_and_moved_with_its_blocks() {
    static_assertions::assert_impl_all!(Heap: Send);
    static_assertions::assert_not_impl_any!(Heap: Sync);
    let heap = const { Heap::new() };
    assert_eq!((heap.stats().reserved, heap.stats().blocks), (0, 0));
    let block = heap.alloc_layout(layout(24, 8));
    // SAFETY: the block has 24 bytes, and is freed once.
    unsafe {
        block.write_bytes(7, 24);
        let moved = Box::new(heap);
        assert_eq!(block.add(23).read(), 7);
        assert!(moved.contains(block));
        let moved = std::thread::spawn(move || moved).join().unwrap();
        moved.free(block);
        assert_eq!(moved.stats().blocks, 0);
    }
}

#[test]
fn blocks_have_the_size_and_the_alignment_that_was_asked_for() {
    let heap = Heap::default();
    for (size, usable) in [(0, 16), (1, 16), (17, 24), (128, 128), (129, 144), (1000, 1024), (32_768, 32_768)] {
        assert_eq!(heap.usable_size(heap.alloc_layout(layout(size, 1))), Some(usable), "{size}");
    }
    assert_eq!(heap.usable_size(heap.alloc_layout(layout(32_769, 1))), Some(36_864));
    for shift in 0..=24 {
        for size in [0, 1, 100, 5000, 100_000] {
            let block = heap.alloc_layout(layout(size, 1 << shift));
            assert_eq!(block.addr().get() % (1 << shift), 0);
            // SAFETY: the block is as long.
            unsafe { block.write_bytes(1, size) };
        }
    }
}

#[test]
fn what_no_memory_holds_is_refused_and_changes_nothing() {
    let heap = Heap::new();
    let before = heap.alloc_layout(layout(100, 1));
    let most = isize::MAX as usize;
    for (size, align) in
        [(most, 1), (most - 1, 2), (most - 4095, 4096), (most / 2 + 1, 1 << (usize::BITS - 2)), (most - 100_000, 16)]
    {
        let error = heap.try_alloc_layout(layout(size, align)).unwrap_err();
        assert_eq!(error.size(), size);
        assert!(heap.try_alloc_layout_zeroed(layout(size, align)).is_err());
        // SAFETY: a refused block stays as it is.
        unsafe { assert!(heap.try_realloc(before, layout(size, align)).is_err()) };
    }
    assert_eq!((heap.stats().blocks, heap.usable_size(before)), (1, Some(104)));
    let panicked = std::panic::catch_unwind(|| heap.alloc_layout_zeroed(layout(most, 1)));
    let text = *panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(text.starts_with("cannot allocate"), "{text}");
}

#[test]
fn wrong_pointers_are_refused_each_time() {
    let heap = Heap::new();
    let other = Heap::new();
    let rounds = if cfg!(miri) { 300 } else { 1_000_000 };
    let (mut seed, mut held, mut freed) = (1, Vec::new(), Vec::new());
    let mut addresses = HashSet::new();
    let foreign = other.alloc_layout(layout(64, 8));
    let mut refused = 0;
    for _ in 0..rounds {
        match next(&mut seed) % 4 {
            0 => {
                let size = 1 + next(&mut seed) % if next(&mut seed) % 50 == 0 { 60_000 } else { 500 };
                let block = heap.alloc_layout(layout(size, 8));
                assert!(addresses.insert(block), "handed out twice");
                held.push((block, size));
            }
            1 if held.len() > 100 => {
                let at = next(&mut seed) % held.len();
                let (block, _) = held.swap_remove(at);
                addresses.remove(&block);
                // SAFETY: the block is in use, and nothing uses it.
                unsafe { heap.free(block) };
                freed.push(block);
                if freed.len() > 1000 {
                    let at = next(&mut seed) % freed.len();
                    freed.swap_remove(at);
                }
            }
            2 if !freed.is_empty() => {
                let block = freed[next(&mut seed) % freed.len()];
                // Some are in use again: then it is no second free.
                if !addresses.contains(&block) {
                    // SAFETY: the block is not in use.
                    assert!(unsafe { heap.try_free(block) }.is_err());
                    refused += 1;
                }
            }
            3 if !held.is_empty() => {
                let (block, size) = held[next(&mut seed) % held.len()];
                let at = 1 + next(&mut seed) % size.max(2);
                // SAFETY: no block in use begins inside of another, or at another heap's or a variable's address.
                unsafe {
                    if at < size {
                        assert_eq!(heap.try_free(block.add(at)), Err(FreeError::NoBlock));
                    }
                    assert_eq!(heap.try_free(foreign), Err(FreeError::Foreign));
                    assert_eq!(heap.try_free(NonNull::from(&mut refused).cast()), Err(FreeError::Foreign));
                    let wild = NonNull::new_unchecked(std::ptr::without_provenance_mut(next(&mut seed) | 1));
                    assert!(heap.try_free(wild).is_err());
                }
                refused += 3;
            }
            _ => {}
        }
    }
    assert!(refused > rounds / 4, "{refused}");
    assert_eq!(heap.stats().blocks, held.len());
}

#[test]
fn a_plain_free_of_a_wrong_pointer_panics() {
    let heap = Heap::new();
    // SAFETY: nothing is freed: the pointer is not of the heap.
    assert_eq!(unsafe { heap.try_free(NonNull::<u64>::dangling().cast()) }, Err(FreeError::Foreign));
    let block = heap.alloc_layout(layout(40, 8));
    // SAFETY: the block is not used.
    unsafe { heap.free(block) };
    let panicked = std::panic::catch_unwind(|| {
        // SAFETY: this frees nothing, as no block in use begins there.
        unsafe { heap.free(block) }
    });
    let text = *panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(text.starts_with("cannot free 0x") && text.ends_with("freed before"), "{text}");
    // SAFETY: no block in use begins there, which is refused.
    let refused = unsafe { heap.try_realloc(block, layout(80, 8)) }.unwrap_err();
    assert_eq!(refused.reason(), AllocReason::NoBlock);
    let text = refused.to_string();
    assert!(text.contains("no block in use begins at the pointer"), "{text}");
}

/// Fills the heap, empties half of it, and fills it again: every block keeps its bytes, and all memory is of use again.
fn exhaust<B: Backing>(heap: Heap<B>, sizes: &[usize]) {
    let mut held = Vec::new();
    let mut at = 0;
    for _ in 0..4 {
        loop {
            let size = sizes[at % sizes.len()];
            at += 1;
            let Ok(block) = heap.try_alloc_layout(layout(size, 8)) else { break };
            // SAFETY: the block is as long.
            unsafe { block.write_bytes(at as u8, size) };
            held.push((block, size, at as u8));
        }
        assert!(!held.is_empty());
        for &(block, size, byte) in &held {
            // SAFETY: the block is in use, and was written.
            let bytes = unsafe { std::slice::from_raw_parts(block.as_ptr(), size) };
            assert!(bytes.iter().all(|&other| other == byte));
        }
        let mut odd = false;
        held.retain(|&(block, ..)| {
            odd = !odd;
            if odd {
                // SAFETY: the block is in use, and nothing uses it any more.
                unsafe { heap.free(block) };
            }
            !odd
        });
    }
    let most = held.len();
    for (block, ..) in held.drain(..) {
        // SAFETY: the block is in use, and nothing uses it any more.
        unsafe { heap.free(block) };
    }
    assert!(most > 0 && heap.stats().blocks == 0);
    heap.trim();
    // All is joined again: a block of half of it is there.
    let half = heap.stats().high_water / 2;
    assert!(heap.try_alloc_layout(layout(half, 8)).is_ok(), "{half} of {:?}", heap.stats());
}

#[test]
fn exhaustion_keeps_every_block() {
    let sizes: &[&[usize]] = &[&[24], &[16, 100, 400], &[8, 5000, 64, 40_000, 1000]];
    for sizes in sizes {
        let mut memory = StackBuffer::<300_000>::new();
        exhaust(Heap::from_buffer(&mut memory), sizes);
        exhaust(Heap::over(Region::new(1 << 20).unwrap()), sizes);
        let heap = Heap::new();
        heap.set_limit(2 << 20);
        exhaust(heap, sizes);
    }
}

#[test]
fn a_limit_counts_pages_and_large_blocks() {
    let heap = Heap::new();
    heap.set_limit(100_000);
    assert_eq!((heap.limit(), heap.stats().limit), (100_000, Some(100_000)));
    let block = heap.alloc_layout(layout(90_000, 1));
    let refused = heap.try_alloc_layout(layout(90_000, 1)).unwrap_err();
    assert_eq!(refused.reason(), AllocReason::Limit(100_000));
    // SAFETY: the block is in use; a refusal leaves it.
    unsafe { assert!(heap.try_realloc(block, layout(120_000, 1)).is_err()) };
    assert!(heap.contains(block));
    heap.set_limit(usize::MAX);
    // SAFETY: the block is in use, under its new address from here on.
    let block = unsafe { heap.realloc(block, layout(120_000, 1)) };
    assert_eq!(heap.usable_size(block), Some(122_880));
}

#[test]
fn a_limit_that_ends_within_a_page_is_not_exceeded() {
    let heap = Heap::new();
    heap.set_limit(100_000);
    // 25 pages, which are 102,400 bytes, in a heap without memory, and in one that has it.
    for _ in 0..2 {
        let refused = heap.try_alloc_layout(layout(99_000, 1)).unwrap_err();
        assert_eq!((refused.reason(), heap.stats().taken), (AllocReason::Limit(100_000), 0));
    }
    heap.alloc_layout(layout(98_304, 1));
    assert!(heap.try_alloc_layout(layout(1, 1)).is_err());
    assert_eq!((heap.stats().taken, heap.stats().high_water), (98_304, 98_304));
    // In units of 512 bytes.
    let mut memory = StackBuffer::<16_384>::new();
    let heap = Heap::from_buffer(&mut memory);
    heap.set_limit(9_999);
    while heap.try_alloc_layout(layout(100, 1)).is_ok() {}
    assert!(heap.stats().taken <= 9_999 && heap.stats().blocks > 0, "{}", heap.stats());
}

#[test]
fn large_blocks_grow_and_shrink_where_they_are() {
    let heap = Heap::new();
    // Far enough from the end of their chunk.
    let block = heap.alloc_layout(layout(2 << 20, 8));
    // SAFETY: each block is in use, and used under its new address alone.
    unsafe {
        block.write_bytes(5, 2 << 20);
        let longer = heap.realloc(block, layout(4 << 20, 8));
        assert_eq!(longer, block);
        let shorter = heap.realloc(longer, layout(100_000, 8));
        assert_eq!((shorter, heap.usable_size(shorter)), (block, Some(102_400)));
        // What was cut is free: another block begins there, and stops the first from growing.
        let behind = heap.alloc_layout(layout(100_000, 8));
        assert_eq!(behind, block.add(102_400));
        let moved = heap.realloc(shorter, layout(1 << 20, 8));
        assert_ne!(moved, block);
        assert!((0..100_000).all(|at| moved.add(at).read() == 5));
        heap.free(moved);
        heap.free(behind);
    }
    assert_eq!(heap.stats().blocks, 0);
}

#[test]
fn zeroed_blocks_are_zero_also_where_others_were() {
    let heap = Heap::new();
    for round in 0..3 {
        let mut blocks = Vec::new();
        for size in [1, 24, 1000, 30_000, 70_000, 3 << 20] {
            let block = heap.alloc_layout_zeroed(layout(size, 8));
            // SAFETY: the block is as long, and was zeroed.
            unsafe {
                assert!(std::slice::from_raw_parts(block.as_ptr(), size).iter().all(|&byte| byte == 0));
                block.write_bytes(0xee, size);
            }
            blocks.push(block);
        }
        for block in blocks {
            // SAFETY: the block is in use, and nothing uses it.
            unsafe { heap.free(block) };
        }
        if round == 1 {
            heap.trim();
        }
    }
}

#[test]
fn clear_frees_everything_and_keeps_what_is_asked() {
    let mut heap = Heap::new();
    let fill = |heap: &Heap| (0..2000).map(|at| heap.alloc_layout(layout(at % 3000, 8))).collect::<Vec<_>>();
    let first = fill(&heap);
    let reserved = heap.stats().reserved;
    heap.clear();
    assert_eq!((heap.stats().blocks, heap.stats().taken, heap.stats().reserved), (0, 0, reserved));
    assert!(first.iter().all(|&block| !heap.contains(block)));
    let second = fill(&heap);
    assert_eq!((heap.stats().reserved, second.len()), (reserved, 2000));
    heap.clear_keeping(usize::MAX);
    assert_eq!(heap.stats().reserved, reserved);
    fill(&heap);
    heap.clear_keeping(0);
    assert!(heap.stats().reserved <= 64 << 10, "{}", heap.stats());
    fill(&heap);
    assert_eq!(heap.stats().blocks, 2000);
}

#[test]
fn ram_of_free_blocks_goes_back_while_the_heap_lives() {
    let heap = Heap::new();
    let blocks: Vec<_> = (0..1000).map(|_| heap.alloc_layout(layout(60_000, 8))).collect();
    for block in &blocks {
        // SAFETY: the block is as long.
        unsafe { block.write_bytes(1, 60_000) };
    }
    let full = heap.stats().resident;
    assert!(full >= 60_000_000, "{full}");
    for block in &blocks[..999] {
        // SAFETY: the block is in use, and nothing uses it any more.
        unsafe { heap.free(*block) };
    }
    let stats = heap.stats();
    assert!(stats.resident < full / 8 && stats.idle < 2 << 20, "{stats}");
    // SAFETY: the last block is in use, and was written to its end.
    assert_eq!(unsafe { blocks[999].add(59_999).read() }, 1);
}

/// Bytes of the heap's pages.
fn taken(heap: &Heap) -> usize {
    heap.stats().taken
}

#[test]
fn a_block_that_is_freed_in_a_full_page_is_taken_again() {
    let heap = Heap::new();
    // So many that most pages have no block left. All but one of those are freed in words without another free block.
    let blocks: Vec<_> = (0..2000).map(|_| heap.alloc_layout(layout(48, 8))).collect();
    let full = taken(&heap);
    let freed: HashSet<_> = blocks.iter().copied().step_by(64).collect();
    // SAFETY: the blocks are in use, and not used any more.
    freed.iter().for_each(|&block| unsafe { heap.free(block) });
    let free = heap.report().classes().next().unwrap().free;
    let again: HashSet<_> = (0..free).map(|_| heap.alloc_layout(layout(48, 8))).collect();
    assert!(freed.is_subset(&again));
    assert_eq!(taken(&heap), full, "no page was made for them");
}

#[test]
fn a_page_without_a_block_in_use_is_for_any_size() {
    let heap = Heap::new();
    let blocks: Vec<_> = (0..2000).map(|_| heap.alloc_layout(layout(48, 8))).collect();
    let full = taken(&heap);
    // SAFETY: the blocks are in use, and not used any more.
    blocks.iter().for_each(|&block| unsafe { heap.free(block) });
    // One page of the class is kept.
    let kept = taken(&heap);
    assert!(kept > 0 && kept < full / 8, "{kept} bytes of {full}");
    let others: Vec<_> = (0..20).map(|_| heap.alloc_layout(layout(4096, 8))).collect();
    let (first, last) = (blocks.iter().min().unwrap(), blocks.iter().max().unwrap());
    assert!(others.iter().any(|other| (first..last).contains(&other)), "none is where pages were");
}

#[test]
fn what_is_written_past_a_block_reaches_no_record() {
    let heap = Heap::new();
    let blocks: Vec<_> = (0..64).map(|_| heap.alloc_layout(layout(64, 8))).collect();
    // SAFETY: the blocks lie side by side in one page, in which there is nothing else.
    unsafe { blocks[0].write_bytes(0xff, 64 * 64) };
    for block in blocks {
        assert_eq!(heap.usable_size(block), Some(64));
        // SAFETY: the block is in use, and nothing uses it any more.
        unsafe { heap.free(block) };
    }
    assert_eq!(heap.stats().blocks, 0);
}

#[test]
fn a_backing_that_refuses_any_call_loses_nothing() {
    for refused in 0..12 {
        let (booked, book) = Booked::new(Plan { least: 70_000, ready: 5000, step: 100, skew: 100 });
        {
            let heap = Heap::new_in(booked);
            book.refuse(refused..refused + 2);
            let (mut held, mut refusals) = (Vec::new(), 0);
            for at in 0..300 {
                match heap.try_alloc_layout(layout(at * 40, 8)) {
                    Ok(block) => held.push((block, at)),
                    Err(_) => refusals += 1,
                }
                if let Some((block, at)) = held.last() {
                    // SAFETY: the block is as long.
                    unsafe { block.write_bytes(1, at * 40) };
                }
            }
            assert!(refusals <= 2, "{refusals}");
            assert_eq!(heap.stats().blocks, held.len());
            heap.trim();
            book.check();
        }
        book.check_closed();
    }
}

#[test]
fn a_heap_of_many_short_blocks_finds_them_all() {
    let (booked, book) = Booked::new(Plan::TIGHT);
    let heap = Heap::new_in(booked);
    let blocks: Vec<_> = (0..500).map(|at| heap.alloc_layout(layout(at * 37 % 9000, 8))).collect();
    assert!(book.acquired.get() > 5 && book.acquired.get() < 60, "{}", book.acquired.get());
    for block in blocks {
        // SAFETY: the block is in use, and nothing uses it any more.
        unsafe { heap.free(block) };
    }
    heap.trim();
    assert_eq!(book.acquired.get() - book.released.get(), 1);
}

#[test]
fn an_arena_in_a_heap_ends_alone() {
    let heap = Heap::new();
    let arena = Arena::<8, _>::new_in(&heap);
    let text = arena.alloc_str("in a heap");
    arena.alloc_slice_fill_copy(100_000, 1u8);
    assert_eq!(text, "in a heap");
    assert!(heap.stats().blocks >= 2);
    drop(arena);
    assert_eq!(heap.stats().blocks, 0);
}

#[test]
fn stats_print_a_line_each() {
    let heap = Heap::new();
    heap.alloc_layout(layout(1000, 8));
    let stats: HeapStats = heap.stats();
    let text = stats.to_string();
    assert!(text.starts_with("heap with 1 block in use\n") && text.lines().count() == 8, "{text}");
    assert!(format!("{heap:?}").contains("taken"));
    let _ = heap.backing();
}

/// Blocks of many sizes, of which a third is freed again.
fn a_mixed_load(heap: &Heap) -> Vec<NonNull<u8>> {
    let sizes = [1, 24, 24, 100, 1000, 5000, 32_768, 40_000, 300_000];
    let blocks: Vec<_> = (0..600).map(|at| heap.alloc_layout(layout(sizes[at % sizes.len()], 8))).collect();
    let (freed, kept) = blocks.iter().enumerate().partition::<Vec<_>, _>(|(at, _)| at % 3 == 0 || at % 8 == 0);
    for (_, &block) in freed {
        // SAFETY: the block is in use, and nothing uses it any more.
        unsafe { heap.free(block) };
    }
    kept.into_iter().map(|(_, &block)| block).collect()
}

#[test]
fn pages_are_in_order_and_have_every_block() {
    let heap = Heap::new();
    assert_eq!(heap.pages().next(), None);
    let kept = a_mixed_load(&heap);
    let pages: Vec<HeapPage> = heap.pages().collect();
    assert!(pages.windows(2).all(|two| two[0].address + two[0].len <= two[1].address), "{pages:?}");
    assert!(pages.windows(2).all(|two| two.iter().any(|page| page.kind != HeapPageKind::Free)), "{pages:?}");
    for block in kept {
        let address = block.addr().get();
        let page = pages.iter().find(|page| (page.address..page.address + page.len).contains(&address)).unwrap();
        match page.kind {
            HeapPageKind::Blocks { size, blocks, free } => {
                assert!(free < blocks && size * blocks <= page.len);
                assert_eq!((heap.usable_size(block), (address - page.address) % size), (Some(size), 0));
            }
            HeapPageKind::Large => assert_eq!((page.address, heap.usable_size(block)), (address, Some(page.len))),
            kind => panic!("{kind:?} has a block in use"),
        }
    }
    let taken: usize = pages.iter().filter(|page| page.kind != HeapPageKind::Free).map(|page| page.len).sum();
    assert_eq!(taken, heap.stats().taken);
}

#[test]
fn a_heap_may_change_while_its_pages_are_looked_at() {
    let heap = Heap::new();
    let mut blocks = a_mixed_load(&heap);
    let mut seen = 0;
    let mut pages: HeapPages = heap.pages();
    for page in pages.by_ref() {
        assert!(page.len != 0);
        seen += 1;
        match seen % 4 {
            // SAFETY: the block is in use, and nothing uses it any more.
            0 => unsafe { blocks.pop().into_iter().for_each(|block| heap.free(block)) },
            1 => blocks.push(heap.alloc_layout(layout(seen * 1000, 8))),
            2 => heap.trim(),
            _ => {}
        }
        assert!(seen < 5000);
    }
    assert!(seen > 20 && pages.next().is_none());
    assert_eq!(heap.stats().blocks, blocks.len());
    for block in blocks {
        // SAFETY: the block is in use, and nothing uses it any more.
        unsafe { heap.free(block) };
    }
    heap.trim();
    assert!(heap.report().classes().all(|class| class.blocks == 0));
}

#[test]
fn a_report_says_where_the_memory_is_in_eighty_columns() {
    let heap = Heap::new();
    assert_eq!((heap.report(), heap.report().to_string().lines().count()), (HeapReport::default(), 8));
    let blocks = a_mixed_load(&heap);
    let report: HeapReport = heap.report();
    let classes: Vec<SizeClass> = report.classes().copied().collect();
    assert!(classes.windows(2).all(|two| two[0].size < two[1].size));
    let sum = |of: fn(&SizeClass) -> usize| classes.iter().map(of).sum::<usize>();
    assert_eq!(sum(|class| class.blocks) + report.large, blocks.len());
    assert_eq!(sum(|class| class.blocks * class.size) + report.large_bytes, report.stats.used);
    assert_eq!(sum(|class| class.taken) + report.large_bytes, report.stats.taken);
    assert!(classes.iter().all(|class| class.pages != 0 && (class.blocks + class.free) * class.size <= class.taken));
    let small = classes.iter().find(|class| class.size == 24).unwrap();
    let smalls = blocks.iter().filter(|&&block| heap.usable_size(block) == Some(24)).count();
    assert_eq!(small.blocks, smalls);
    assert!(report.free_bytes != 0);
    let free = report.stats.taken - report.stats.used;
    assert_eq!(report.free_percent(), free * 100 / report.stats.taken);
    assert_eq!(report.resident_percent(), report.stats.resident * 100 / report.stats.used);
    let text = report.to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for part in
        ["heap with ", "free blocks", "RAM", "block size", "        24", "     32768", "     large", "  no block"]
    {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

/// The contract of the allocator traits, and what collections make of it.
#[cfg(feature = "allocator-api2-02")]
#[test]
fn collections_in_a_heap_free_what_they_leave() {
    use hashbrown::{DefaultHashBuilder, HashMap};
    let heap = Heap::new();
    let mut map = HashMap::with_hasher_in(DefaultHashBuilder::default(), &heap);
    for at in 0..20_000u64 {
        map.insert(at, at * at);
        if at >= 100 {
            map.remove(&(at - 100));
        }
    }
    assert_eq!((map.len(), map[&19_990]), (100, 19_990 * 19_990));
    assert_eq!(heap.stats().blocks, 1);
    drop(map);
    assert_eq!(heap.stats().blocks, 0);
}

#[cfg(feature = "allocator-api2-02")]
#[test]
fn the_allocator_traits_grow_shrink_and_free() {
    use allocator_api2_02::alloc::Allocator;
    let heap = &Heap::new();
    let (small, large) = (layout(24, 8), layout(100_000, 4096));
    // SAFETY: each block is this heap's, in use, and used under its new address alone.
    unsafe {
        let block = heap.allocate(small).unwrap().cast::<u8>();
        block.write_bytes(3, 24);
        let block = heap.grow_zeroed(block, small, large).unwrap();
        assert_eq!((block.len(), block.cast::<u8>().addr().get() % 4096), (100_000, 0));
        assert!(block.as_ref()[..24] == [3; 24] && block.as_ref()[24..].iter().all(|&byte| byte == 0));
        let block = heap.shrink(block.cast(), large, small).unwrap();
        assert_eq!(block.as_ref(), [3; 24]);
        let block = heap.grow(block.cast(), small, layout(48, 16)).unwrap();
        heap.deallocate(block.cast(), layout(48, 16));
        let block = heap.allocate_zeroed(layout(0, 1)).unwrap();
        heap.deallocate(block.cast(), layout(0, 1));
        assert!(heap.allocate(layout(isize::MAX as usize, 1)).is_err());
    }
    assert_eq!(heap.stats().blocks, 0);
}

#[cfg(feature = "alloc")]
#[test]
fn a_heap_over_the_global_allocator() {
    let heap = Heap::new_in(region::backing::Global);
    let blocks: Vec<_> = (0..5000).map(|at| heap.alloc_layout_zeroed(layout(at % 700, 8))).collect();
    for block in blocks {
        // SAFETY: the block is in use, and nothing uses it any more.
        unsafe { heap.free(block) };
    }
    assert_eq!(heap.stats().blocks, 0);
}
