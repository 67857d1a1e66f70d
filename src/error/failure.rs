//! How the panicking and the `try_` form of a method share one body.
//!
//! A body is generic over [`Failure`] and returns `Result<_, F::Error>`. For [`Panic`] that error cannot
//! exist, so the result is the value itself and the code that would look at it disappears; for
//! [`Report`] no panic is compiled in.
//!
//! All functions that are generic over it have `#[track_caller]`, from the public method to the panic, so that the
//! panic names the line of the program that wanted memory. The line is a constant that only cold code loads, so the
//! fast paths do not have it (tests/codegen.rs). A closure would lose it, so no `F::from` is in one.

use super::AllocError;
use core::convert::Infallible;

/// What to do when memory cannot be had. Public because it bounds public items, but other crates cannot name it.
pub trait Failure {
    /// What the body returns then.
    type Error;

    /// Turns the slow path's error into it, or does not return.
    #[track_caller]
    fn from(error: AllocError) -> Self::Error;

    /// The same for a result. Not `map_err`: its closure would lose the caller's line.
    #[inline(always)]
    #[track_caller]
    fn check<T>(result: Result<T, AllocError>) -> Result<T, Self::Error> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(Self::from(error)),
        }
    }
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
    /// The value of a body that returns no error, as it panics instead.
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
