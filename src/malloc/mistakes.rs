//! The end of a program that frees or resizes what is no block of its own.
//!
//! To go on would be to hand a block out twice, or to lose one. So the process says what was wrong, and ends, as with glibc.
//! Nothing was changed by then. What a heap cannot see is not found here: an address that was handed out again since.

use super::libc;
use crate::heap::FreeError;
use crate::sys::{self, Fd};

/// Who was given the pointer, as the sentence begins.
pub(super) const FREE: &[u8] = b"free(): ";
pub(super) const REALLOC: &[u8] = b"realloc(): ";

/// Says what is wrong with the pointer, and ends the process.
#[cold]
pub(super) fn end(who: &[u8], error: FreeError) -> ! {
    let what: &[u8] = match error {
        FreeError::Foreign => b"no block of this malloc is there\n",
        FreeError::NoBlock => b"no block begins there, or it was freed before (double free)\n",
        FreeError::Free => b"the block was freed before (double free)\n",
    };
    // In one piece, so that sentences of two threads do not mix.
    let mut line = [0; 128];
    let mut len = 0;
    for (to, byte) in line.iter_mut().zip(who.iter().chain(b"invalid pointer: ").chain(what)) {
        *to = *byte;
        len += 1;
    }
    // Nothing can be done about a standard error that is closed.
    let _ = sys::write(Fd::STDERR, line.get(..len).unwrap_or(what));
    libc::abort()
}
