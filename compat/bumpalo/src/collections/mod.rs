//! `Vec` and `String` in a [`Bump`](crate::Bump): region's, with bumpalo's signatures.

mod collect_in;
pub mod string;
pub mod vec;

pub use collect_in::{CollectIn, FromIteratorIn};
pub use string::String;
pub use vec::Vec;

use crate::AllocErr;
use core::alloc::LayoutError;
use region::error::AllocReason;

/// Why a collection could not grow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CollectionAllocErr {
    /// The length is more than there can be.
    CapacityOverflow,
    /// Memory could not be had.
    AllocErr,
}

impl From<region::AllocError> for CollectionAllocErr {
    fn from(error: region::AllocError) -> Self {
        match error.reason() {
            AllocReason::TooLarge => CollectionAllocErr::CapacityOverflow,
            _ => CollectionAllocErr::AllocErr,
        }
    }
}

impl From<AllocErr> for CollectionAllocErr {
    fn from(_: AllocErr) -> Self {
        CollectionAllocErr::AllocErr
    }
}

impl From<LayoutError> for CollectionAllocErr {
    fn from(_: LayoutError) -> Self {
        CollectionAllocErr::CapacityOverflow
    }
}
