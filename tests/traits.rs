//! What arenas are to the type system: which cross threads, how large they are.
#![cfg(feature = "os")]

use region::{AllocError, Arena, Buffer, Mapped, Mark, Scope, ScopeGuard, Spill, StackBuffer, StaticBuffer};
use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert, const_assert_eq};
use std::error::Error;
use std::fmt::Debug;
use std::panic::UnwindSafe;
use std::rc::Rc;

/// A backing that may not leave its thread.
struct Local(#[allow(dead_code)] Rc<()>);

// SAFETY: it hands out nothing.
unsafe impl region::Backing for Local {
    fn acquire(&self, layout: std::alloc::Layout, _: usize) -> Result<region::Block, AllocError> {
        Err(AllocError::new(layout.size(), region::AllocReason::Exhausted(0)))
    }
    unsafe fn commit(&self, _: &mut region::Block, need: usize) -> Result<(), AllocError> {
        Err(AllocError::new(need, region::AllocReason::Exhausted(0)))
    }
    unsafe fn decommit(&self, _: &mut region::Block, _: usize) {}
    unsafe fn release(&self, _: &region::Block) {}
}

assert_impl_all!(Arena: Send, Debug, Default);
assert_not_impl_any!(Arena: Sync, Clone, Copy);
assert_impl_all!(Arena<1, Buffer<'static>>: Send);
assert_impl_all!(Arena<8, Spill<'static, Mapped>>: Send);
assert_not_impl_any!(Arena<1, Buffer<'static>>: Sync);
assert_not_impl_any!(Arena<8, Local>: Send, Sync);
assert_not_impl_any!(Scope<'static>: Send, Sync, Clone, Copy);
assert_not_impl_any!(ScopeGuard<'static>: Send, Sync, Clone, Copy);
assert_impl_all!(Mapped: Send, Sync, Copy);
assert_impl_all!(Buffer<'static>: Send);
assert_not_impl_any!(Buffer<'static>: Sync, Clone);
assert_impl_all!(StaticBuffer<8>: Send, Sync);
assert_impl_all!(StackBuffer<8>: Send, Sync);
assert_impl_all!(AllocError: Error, Send, Sync, Copy, Unpin, UnwindSafe);
assert_impl_all!(Mark: Copy, Debug);

const WORD: usize = size_of::<usize>();
const_assert!(size_of::<Arena<8, Mapped>>() <= 16 * WORD);
const_assert_eq!(align_of::<Arena>(), WORD);
const_assert_eq!(size_of::<Scope<'static>>(), WORD);
// Debug builds note the waste too.
const_assert!(size_of::<Mark>() <= if cfg!(debug_assertions) { 4 } else { 3 } * WORD);
const_assert!(align_of::<StackBuffer<1>>() >= 16 && align_of::<StaticBuffer<1>>() >= 16);

#[test]
fn a_backing_that_refuses_makes_an_arena_that_refuses() {
    let arena = Arena::<8, Local>::new_in(Local(Rc::new(())));
    assert!(arena.try_alloc(1u8).is_err());
    assert_eq!((arena.used(), arena.reserved()), (0, 0));
}
