//! Types that one thread uses at a time: what the compiler says when threads would share one.
//!
//! A type with cells in it is not `Sync`, and the compiler reports each kind of cell. A type with an `impl` of `Sync`
//! under a bound that never holds is not `Sync` either, and the compiler reports the bound, once, with our own words.
//! Nothing here runs.

/// No type has it: the bound that never holds. It is public only because it stands in public bounds, and it cannot be
/// named outside of the crate.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shared between threads safely",
    label = "one thread at a time uses it",
    note = "an `ArenaPool` has an arena for every thread; other threads read an `AppendVec` through its `reader`"
)]
pub trait SharedByThreads {}

/// Says that a type is not `Sync`.
macro_rules! one_thread {
    ([$($parameters:tt)*] $type:ty) => {
        // SAFETY: this makes nothing `Sync`, as no type has the trait of the bound.
        #[doc(hidden)]
        unsafe impl<$($parameters)*> Sync for $type where Self: $crate::sync::one_thread::SharedByThreads {}
    };
}

pub(crate) use one_thread;
