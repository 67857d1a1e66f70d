//! Numbers that one thread at a time changes and at which others may look meanwhile.
//!
//! They have the interface of `Cell`, and are relaxed loads and stores. So it is no data race when a wrong pointer leads
//! a thread to a record that another is changing. They order nothing: what must be seen together is published by other
//! words. Always `core`'s atomics, as no algorithm depends on when a change is seen.

use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU16, AtomicU32, Ordering};

macro_rules! seen {
    ($($(#[$doc:meta])* $name:ident $(<$parameter:ident>)?: $atomic:ty, $value:ty;)+) => {$(
        $(#[$doc])*
        #[repr(transparent)]
        #[derive(Debug)]
        pub(crate) struct $name $(<$parameter>)? ($atomic);

        impl $(<$parameter>)? $name $(<$parameter>)? {
            #[inline(always)]
            pub(crate) fn get(&self) -> $value {
                self.0.load(Ordering::Relaxed)
            }

            #[inline(always)]
            pub(crate) fn set(&self, value: $value) {
                self.0.store(value, Ordering::Relaxed);
            }
        }
    )+};
}

seen! {
    /// A byte.
    SeenU8: AtomicU8, u8;
    /// Two bytes.
    SeenU16: AtomicU16, u16;
    /// Four bytes.
    SeenU32: AtomicU32, u32;
    /// An address.
    SeenPtr<T>: AtomicPtr<T>, *mut T;
}
