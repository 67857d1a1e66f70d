//! What dependents of bumpalo lean on, beyond what its documentation shows.

use bumpalo::{AllocErr, AllocOrInitError, Bump, ChunkIter, ChunkRawIter};
use std::alloc::Layout;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn sent<T: Send>(value: T) -> T {
    value
}

#[test]
fn a_bump_goes_to_another_thread_with_its_values() {
    let bump = Bump::new();
    bump.alloc_slice_fill_copy(100, 7_u8);
    let mut bump = std::thread::spawn(move || {
        bump.alloc_str("from another thread");
        sent(bump)
    })
    .join()
    .unwrap();
    assert_eq!(bump.iter_allocated_chunks().map(<[_]>::len).sum::<usize>(), 119);
}

#[test]
fn values_live_as_long_as_the_borrow_of_the_bump_and_refer_to_each_other() {
    struct Node<'bump> {
        next: Cell<Option<&'bump Node<'bump>>>,
        text: &'bump mut str,
    }
    fn two<'bump>(bump: &'bump Bump) -> [&'bump Node<'bump>; 2] {
        let node = |text| &*bump.alloc(Node { next: Cell::new(None), text: bump.alloc_str(text) });
        let (a, b) = (node("a"), node("b"));
        a.next.set(Some(b));
        b.next.set(Some(a));
        [a, b]
    }
    let mut bump = Bump::new();
    let [a, _] = two(&bump);
    let b = a.next.get().unwrap();
    assert_eq!((&*b.text, &*b.next.get().unwrap().text), ("b", "a"));
    bump.reset();
    // A value of the bump's, changed while others are made.
    let counter: &mut u32 = bump.alloc(0);
    for _ in 0..1000 {
        *counter += *bump.alloc(1);
    }
    assert_eq!(*counter, 1000);
}

#[test]
fn a_closure_that_fails_gives_its_error_and_takes_no_memory() {
    let bump = Bump::<8>::with_min_align();
    let used = || {
        // SAFETY: only the lengths are looked at.
        unsafe { bump.iter_allocated_chunks_raw() }.map(|(_, len)| len).sum::<usize>()
    };
    bump.alloc(1_u64);
    let before = used();
    for _ in 0..1000 {
        assert_eq!(bump.alloc_try_with(|| Err::<[u64; 64], _>("no")), Err("no"));
        assert_eq!(bump.try_alloc_try_with(|| Err::<[u64; 64], _>("no")), Err(AllocOrInitError::Init("no")));
        let stop = |at| if at == 10 { Err(at) } else { Ok(at) };
        assert_eq!(bump.alloc_slice_try_fill_with(64, stop), Err(10));
        assert_eq!(bump.alloc_slice_try_fill_iter((0..64).map(stop)), Err(10));
        assert!(catch_unwind(AssertUnwindSafe(|| bump.alloc_slice_fill_with(64, |at| assert!(at < 5)))).is_err());
    }
    assert_eq!(used(), before);
    // What the closure allocates itself stays.
    let kept = Cell::new(None);
    let failed: Result<&mut u64, ()> = bump.alloc_try_with(|| {
        kept.set(Some(bump.alloc(7_u64)));
        Err(())
    });
    bump.alloc(0_u64);
    assert_eq!((failed, kept.take()), (Err(()), Some(&mut 7)));
}

#[test]
fn memory_beyond_a_limit_is_an_error_that_is_a_unit() {
    let bump = Bump::new();
    assert_eq!(bump.allocation_limit(), None);
    bump.set_allocation_limit(Some(0));
    let AllocErr = bump.try_alloc(1).unwrap_err();
    assert_eq!(bump.try_alloc_try_with(|| Ok::<_, ()>(1)), Err(AllocOrInitError::Alloc(AllocErr)));
    assert_eq!(AllocErr.to_string(), "memory allocation failed");
    assert_eq!(AllocOrInitError::<&str>::from(AllocErr).to_string(), "memory allocation failed");
    assert_eq!(AllocOrInitError::Init("no").to_string(), "initialization failed: no");
    assert!(catch_unwind(AssertUnwindSafe(|| bump.alloc(1))).is_err());
    bump.set_allocation_limit(Some(1 << 20));
    assert_eq!((bump.allocation_limit(), *bump.alloc(1)), (Some(1 << 20), 1));
    assert!(bump.try_alloc_slice_fill_copy(1 << 20, 0_u8).is_err());
    bump.set_allocation_limit(None);
    bump.alloc_slice_fill_copy(2 << 20, 0_u8);
}

#[test]
fn more_than_there_can_be_is_refused_before_anything_is_taken() {
    assert!(Bump::try_with_capacity(isize::MAX as usize).is_err());
    assert!(Bump::try_with_capacity(usize::MAX).is_err());
    assert!(catch_unwind(|| Bump::with_capacity(usize::MAX)).is_err());
    let bump = Bump::new();
    assert_eq!(bump.try_alloc_layout(Layout::from_size_align(isize::MAX as usize - 63, 64).unwrap()), Err(AllocErr));
    assert_eq!(bump.try_alloc_slice_fill_copy(usize::MAX, 0_u32), Err(AllocErr));
    assert_eq!(bump.allocated_bytes(), 0);
    let bump = Bump::with_capacity(10_000);
    assert!(bump.chunk_capacity() >= 10_000);
    assert_eq!(Bump::<16>::with_min_align_and_capacity(1).min_align(), 16);
    assert!(Bump::try_new().is_ok() && Bump::<4>::try_with_min_align_and_capacity(1).is_ok());
}

#[test]
fn a_reset_keeps_the_largest_chunk_and_gives_the_same_memory_again() {
    let mut bump = Bump::new();
    let mut last = None;
    for _ in 0..3 {
        for _ in 0..999 {
            bump.alloc([0_u64; 100]);
        }
        let value: *const [u64; 100] = bump.alloc([0; 100]);
        assert_eq!(*last.get_or_insert(value), value);
        let before = bump.allocated_bytes();
        assert!(before >= 800_000 && bump.allocated_bytes_including_metadata() >= before);
        bump.reset();
        assert!(bump.allocated_bytes() >= 400_000 && bump.chunk_capacity() > 0);
        assert_eq!(bump.iter_allocated_chunks().map(<[_]>::len).sum::<usize>(), 0);
    }
}

#[test]
fn chunks_come_newest_first_and_hold_all_values() {
    let mut bump = Bump::<8>::with_min_align();
    let first: *const u64 = bump.alloc(0);
    for number in 1..100_000_u64 {
        bump.alloc(number);
    }
    let last: *const u64 = bump.alloc(100_000);
    let chunks: ChunkIter<'_, 8> = bump.iter_allocated_chunks();
    let chunks: Vec<_> = chunks.map(|chunk| chunk.as_ptr_range()).collect();
    assert!(chunks.first().unwrap().contains(&last.cast()) && chunks.last().unwrap().contains(&first.cast()));
    // SAFETY: the bump is not used meanwhile.
    let raw: ChunkRawIter<'_, 8> = unsafe { bump.iter_allocated_chunks_raw() };
    let mut seen = vec![false; 100_001];
    for (start, len) in raw {
        for at in (0..len).step_by(8) {
            // SAFETY: only numbers of 8 bytes were allocated, and all are initialized.
            seen[unsafe { start.add(at).cast::<u64>().read() } as usize] = true;
        }
    }
    assert!(seen.into_iter().all(|seen| seen));
}

#[test]
fn values_of_no_size_and_any_alignment_have_their_address() {
    #[repr(align(64))]
    struct Aligned;
    let bump = Bump::new();
    bump.alloc(1_u8);
    assert_eq!(std::ptr::from_ref(bump.alloc(Aligned)).addr() % 64, 0);
    assert_eq!(bump.alloc_layout(Layout::from_size_align(0, 128).unwrap()).addr().get() % 128, 0);
    assert!(bump.alloc_slice_copy::<u64>(&[]).is_empty() && bump.alloc_str("").is_empty());
    assert_eq!(bump.alloc_slice_fill_default::<()>(1000).len(), 1000);
    assert_eq!(Bump::<8>::default().min_align(), 8);
    assert!(format!("{bump:?}").starts_with("Bump"));
}
