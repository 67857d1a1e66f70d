//! What bumpalo's next version has: places that are written where they lie, and raw checkpoints.

use bumpalo::{AllocErr, Bump};

#[test]
fn a_value_is_written_where_it_lies_and_given_back_if_it_is_not() {
    let bump = Bump::new();
    let first = bump.emplace().write(1u64);
    let at = {
        let mut place = bump.emplace::<[u64; 100]>();
        place.as_uninit_mut().write([7; 100]);
        place.as_uninit().as_ptr().addr()
    };
    let mut place = bump.emplace::<[u64; 100]>();
    assert_eq!(place.as_uninit().as_ptr().addr(), at, "a place that is dropped was not given back");
    place.as_uninit_mut().write([8; 100]);
    // SAFETY: it was just written.
    let value = unsafe { place.assume_init() };
    let text = bump.emplace().into_uninit().write("text");
    assert_eq!((*first, value[99], &**text), (1, 8, "text"));
}

#[test]
fn slices_grow_shrink_and_end() {
    let bump = Bump::new();
    let mut place = bump.emplace_slice::<u32>();
    assert!(place.is_empty() && place.capacity() >= 1);
    (0..1000).for_each(|value| place.push(value));
    place.extend(1000..1010);
    place.extend_from_slice_copy(&[1, 2, 3]);
    place.extend_from_slice_clone(&[4]);
    assert_eq!((place.len(), place.as_slice()[1009], place.as_slice()[1013]), (1014, 1009, 4));
    place.as_mut_slice()[0] = 9;
    place.reserve(5000);
    assert!(place.capacity() >= 6014);
    place.shrink(2000);
    assert_eq!((place.capacity(), place.as_uninit().len()), (2000, 2000));
    let slice = place.into_mut_slice();
    assert_eq!((slice.len(), slice[0], slice[999]), (1014, 9, 999));
    assert!(bump.allocated_bytes() >= 1014 * 4);

    assert_eq!(bump.emplace_slice().write_iter(0..5u8), [0, 1, 2, 3, 4]);
    assert_eq!(bump.emplace_slice_with_capacity(3).copy_slice(b"copied"), b"copied");
    let texts = [String::from("a"), String::from("b")];
    let cloned = bump.emplace_slice().clone_slice(&texts);
    assert_eq!(cloned, texts);
    cloned.iter_mut().for_each(|text| *text = String::new());
    let mut nothing = bump.emplace_slice::<()>();
    (0..100).for_each(|_| nothing.push(()));
    assert_eq!((nothing.capacity(), nothing.into_slice().len()), (usize::MAX, 100));
}

#[test]
#[should_panic(expected = "end with `assume_init`")]
fn values_that_safe_code_wrote_over_are_not_read_by_safe_code() {
    let bump = Bump::new();
    let mut place = bump.emplace_slice::<Box<u8>>();
    place.push(Box::new(1));
    place.as_uninit_mut()[0] = std::mem::MaybeUninit::uninit();
    let _ = place.as_slice();
}

#[test]
fn values_that_were_opened_for_writing_end_by_a_promise() {
    let bump = Bump::new();
    let mut place = bump.emplace_slice::<u32>();
    place.push(1);
    place.as_uninit_mut()[0].write(7);
    // SAFETY: the one value was written.
    assert_eq!(unsafe { place.assume_init() }, [7]);
    let mut empty = bump.emplace_slice_with_capacity::<u32>(4);
    empty.as_uninit_mut()[0].write(9);
    empty.push(3);
    assert_eq!(empty.into_slice(), [3]);
    let mut opened = bump.emplace_slice::<u8>();
    opened.push(1);
    opened.as_uninit_mut();
    assert_eq!(opened.copy_slice(b"new"), b"new");
}

#[test]
fn text_is_put_together() {
    let bump = Bump::new();
    let mut place = bump.emplace_str();
    place.push_str("hello, ");
    place.push('w');
    place.try_push_str("örld").unwrap();
    place.as_str_mut().make_ascii_uppercase();
    assert_eq!((place.as_str(), place.len(), place.is_empty()), ("HELLO, WöRLD", 13, false));
    assert_eq!(place.into_str(), "HELLO, WöRLD");
    assert_eq!(bump.emplace_str_with_capacity(2).write_str("whole"), "whole");
}

#[test]
fn a_lack_of_memory_is_an_error_and_loses_nothing() {
    let bump = Bump::new();
    bump.set_allocation_limit(Some(100));
    let mut place = bump.emplace_slice::<u64>();
    let mut pushed = 0;
    while place.try_push(pushed).is_ok() {
        pushed += 1;
    }
    assert!(pushed > 0 && place.as_slice().iter().copied().eq(0..pushed));
    assert_eq!(place.try_push(77), Err(77));
    assert_eq!(place.try_reserve(usize::MAX), Err(AllocErr));
    assert_eq!(place.try_extend_from_slice_copy(&[1; 50]), Err(AllocErr));
    assert_eq!(place.into_slice().len() as u64, pushed);
    assert!(bump.try_emplace::<[u64; 20]>().is_err() && bump.try_emplace_str_with_capacity(500).is_err());
}

#[test]
fn checkpoints_go_back() {
    let bump = Bump::new();
    let kept = bump.alloc(1u8);
    let before = bump.raw_checkpoint();
    let at = bump.alloc(2u8) as *const u8;
    bump.alloc_slice_fill_copy(1 << 20, 3u8);
    // SAFETY: what came since is not used any more.
    unsafe { bump.reset_to_raw_checkpoint(before) };
    assert_eq!(bump.alloc(4u8) as *const u8, at);
    assert_eq!(*kept, 1);
}
