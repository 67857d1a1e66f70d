//! What an arena does when memory cannot be had: it returns an error, ends the process, or calls the program.
//!
//! How it asks, and how deep, is the arena's `Policy` (`inside`).

use super::error::EINVAL;
use super::inside::{inside, region_arena, region_oom_fn};
use super::line::Line;
use core::ffi::{c_int, c_void};

/// Sets what to do when memory cannot be had: NULL to return NULL, which is the default; region_oom_abort to end
/// the process; or a function of your own.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `call` may be called with `context` while it is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_on_oom(
    arena: *mut region_arena,
    call: region_oom_fn,
    context: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return -EINVAL };
    this.policy.set(call, context);
    0
}

/// For region_arena_on_oom: says on standard error how much could not be had, and ends the process.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_oom_abort(context: *mut c_void, arena: *mut region_arena, size: usize) -> c_int {
    let _ = context;
    // SAFETY: the caller's promise, passed on.
    let used = unsafe { inside(arena) }.map_or(0, |this| this.arena().used());
    let mut line = Line::new();
    line.fill("region: cannot allocate % bytes; the arena has % bytes in use.", &[size, used]);
    line.fill(" The process ends here, as its arena is set to do.\n", &[]);
    // Nothing can be done about a standard error that is closed.
    let _ = crate::sys::write(crate::sys::Fd::STDERR, line.bytes());
    crate::stop::stop()
}

/// Why memory was last refused, and so why an allocation that just returned NULL did: a negative errno, for
/// region_strerror. 0 if it never was.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_error(arena: *const region_arena) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { inside(arena) }.map_or(-EINVAL, |this| this.policy.last_error())
}
