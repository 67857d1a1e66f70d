//! One body, two faces: how the panicking and the `try_` form of a method share their code.
//!
//! A body is generic over [`Failure`] and returns `Result<_, F::Error>`. For [`Panic`] that error cannot
//! exist, so the result is the value itself and the code that would look at it disappears; for
//! [`Report`] no panic is compiled in.

use crate::error::AllocError;
use core::convert::Infallible;

/// What to do when memory cannot be had.
pub(crate) trait Failure {
    /// What the body returns then.
    type Error;

    /// Turns the slow path's error into it, or does not return.
    fn from(error: AllocError) -> Self::Error;
}

/// The plain forms: panic with the error's sentence.
pub(crate) enum Panic {}

impl Failure for Panic {
    type Error = Infallible;

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn from(error: AllocError) -> Infallible {
        panic!("{error}")
    }
}

impl Panic {
    /// The value of a body that had no way to fail but to panic.
    #[inline(always)]
    pub(crate) fn unwrap<T>(result: Result<T, Infallible>) -> T {
        match result {
            Ok(value) => value,
        }
    }
}

/// The `try_` forms: hand the error to the caller.
pub(crate) enum Report {}

impl Failure for Report {
    type Error = AllocError;

    #[inline(always)]
    fn from(error: AllocError) -> AllocError {
        error
    }
}
