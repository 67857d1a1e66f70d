//! What arenas are to the type system: which cross threads, how large they are.
#![cfg(feature = "os")]

use region::arena::{Mark, ScopeGuard};
use region::backing::{Buffer, Mapped, Spill};
use region::{AllocError, Arena, ArenaPool, Scope, StackBuffer, StaticBuffer};
use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert, const_assert_eq};
use std::cell::Cell;
use std::error::Error;
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

/// A backing that may not leave its thread.
struct Local(#[allow(dead_code)] Rc<()>);

// SAFETY: it hands out nothing.
unsafe impl region::backing::Backing for Local {
    fn acquire(&self, layout: std::alloc::Layout, _: usize) -> Result<region::backing::Block, AllocError> {
        Err(AllocError::new(layout.size(), region::error::AllocReason::Exhausted(0)))
    }
    unsafe fn commit(&self, _: &mut region::backing::Block, need: usize) -> Result<(), AllocError> {
        Err(AllocError::new(need, region::error::AllocReason::Exhausted(0)))
    }
    unsafe fn decommit(&self, _: &mut region::backing::Block, _: usize) {}
    unsafe fn release(&self, _: &region::backing::Block) {}
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

// As the standard library's: a box is what its value is, however it is reached.
assert_impl_all!(Box<Cell<u8>>: UnwindSafe);
assert_impl_all!(region::collections::Box<'static, Cell<u8>>: UnwindSafe);
assert_impl_all!(region::collections::Box<'static, str>: UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(region::collections::Box<'static, &'static mut u8>: UnwindSafe);
assert_not_impl_any!(region::collections::Box<'static, Cell<u8>>: RefUnwindSafe);
// What a panic passes through is whole.
assert_impl_all!(Arena<1, Buffer<'static>>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Scope<'static>: UnwindSafe);
assert_impl_all!(ArenaPool: UnwindSafe, RefUnwindSafe);
assert_impl_all!(region::PagePool: UnwindSafe, RefUnwindSafe);
assert_impl_all!(region::RegionVec<Cell<u8>>: UnwindSafe);
assert_impl_all!(region::typed::IntoIter<Cell<u8>>: UnwindSafe);

#[cfg(feature = "collections")]
mod collections {
    use super::*;
    type Row<T> = region::collections::Vec<'static, T>;
    assert_impl_all!(Row<Cell<u8>>: UnwindSafe);
    assert_impl_all!(region::typed::IntoIter<Cell<u8>, Row<Cell<u8>>>: UnwindSafe, DoubleEndedIterator, ExactSizeIterator);
    assert_impl_all!(region::collections::String<'static>: UnwindSafe);
    assert_not_impl_any!(Row<&'static mut u8>: UnwindSafe);
    // They use their arena, which is its thread's: a vector to give room back, a splice to grow.
    assert_not_impl_any!(Row<u8>: Send, Sync);
    assert_not_impl_any!(region::typed::IntoIter<u8, Row<u8>>: Send, Sync);
    assert_not_impl_any!(region::collections::Splice<'static, std::iter::Once<u8>, Row<u8>>: Send, Sync);
    const_assert_eq!(size_of::<Row<u8>>(), 4 * WORD);
    const_assert_eq!(size_of::<Option<Row<u8>>>(), 4 * WORD);
}

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
