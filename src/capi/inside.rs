//! The contents of a C arena: the Rust arena, the deferred calls, the history of rewinds, and the callback for memory.
//!
//! Only the types, their layout and their own methods. The functions that C calls are in `arena`, `alloc`, `marks` and
//! `oom`.

use super::deferred::Deferred;
use super::error::{self, EINVAL, EOVERFLOW};
use super::history::History;
use crate::arena::Arena;
use crate::error::AllocError;
use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_char, c_int, c_void};

/// What a C arena's blocks are aligned to: C's `malloc` is, on 64-bit systems, and so is `max_align_t`.
pub(super) const ALIGN: usize = 16;

/// An arena. All bytes zero (REGION_ARENA_INIT) is an empty one, and so is one that was freed. It may be moved to
/// another address, as no pointer leads to it. Only the library writes to it.
#[repr(C)]
pub struct region_arena {
    /// Where the next block starts. Frozen, with `end`.
    pub cur: *mut u8,
    /// Up to where blocks may be taken without a call.
    pub end: *mut u8,
    opaque_: [usize; 30],
}

/// Called when memory cannot be had for `size` bytes. Non-zero: something was freed, try again. Zero: give up, and the
/// allocation returns NULL. It may use the arena, and is asked about what fails then as well, 8 deep at most. It may
/// rewind, reset or free it, which gives up a block that was to grow, but must leave what is being copied. It may
/// leave by longjmp(3).
pub type region_oom_fn =
    Option<unsafe extern "C" fn(context: *mut c_void, arena: *mut region_arena, size: usize) -> c_int>;

/// The Rust side of a `region_arena`.
///
/// All bytes zero is a value: an empty arena without cleanups and without a callback.
#[repr(C)]
pub(super) struct Inside {
    /// First, for its two words of the fast path. In a cell like the rest, since a callback may free the arena,
    /// which writes all of it, while a reference to this value lives.
    arena: UnsafeCell<Arena<ALIGN>>,
    pub(super) deferred: Deferred,
    pub(super) history: History,
    pub(super) policy: Policy,
    /// The most bytes that were in use when some were given back.
    peak: Cell<usize>,
    /// What it is called in reports: NUL-terminated, or null.
    pub(super) name: Cell<*const c_char>,
}

const _: () = assert!(size_of::<Inside>() <= size_of::<region_arena>());
const _: () = assert!(align_of::<Inside>() <= align_of::<region_arena>());
const _: () = assert!(core::mem::offset_of!(Inside, arena) == 0);
// All bytes zero is a value, or this would not be compiled.
// SAFETY: `zeroed` panics, at compile time, for a type of which zero is not a value.
const _: () = core::mem::forget(unsafe { core::mem::zeroed::<Inside>() });
// `include/region.h` says the same from the other side.
const _: () = assert!(size_of::<region_arena>() == 32 * size_of::<usize>());

impl Inside {
    /// The arena. What this returns is not kept across a callback, which may free the arena.
    pub(super) fn arena(&self) -> &Arena<ALIGN> {
        // SAFETY: one thread uses the arena, and where this file changes it as a whole (freeing, resetting) it does so
        // through the pointer that C handed in, when no reference that was made here is used any more.
        unsafe { &*self.arena.get() }
    }

    /// Reads the arena's bytes out, for a caller that replaces them.
    ///
    /// # Safety
    /// What stays here is not used as an arena any more, and no reference that `arena` made is.
    pub(super) unsafe fn take_out(&self) -> Arena<ALIGN> {
        // SAFETY: the caller's promise.
        unsafe { self.arena.get().read() }
    }

    /// The arena, for its only user.
    pub(super) fn arena_mut(&mut self) -> &mut Arena<ALIGN> {
        self.arena.get_mut()
    }

    /// Notes how many bytes are in use, before some are given back.
    pub(super) fn note_peak(&self) {
        self.peak.set(self.peak());
    }

    /// The most bytes that were in use at once.
    pub(super) fn peak(&self) -> usize {
        self.peak.get().max(self.arena().used())
    }

    /// Whether to try again to take `size` bytes, which were refused.
    #[cold]
    #[inline(never)]
    pub(super) fn may_try_again(&self, arena: *mut region_arena, size: usize, error: &AllocError) -> bool {
        self.policy.should_retry(arena, size, error::of_alloc(error))
    }
}

/// The Rust side of an arena that C hands in; `None` for NULL.
///
/// # Safety
/// `this` is NULL or points to a `region_arena` that is zeroed or initialized, used by one thread at a time.
pub(super) unsafe fn inside<'a>(this: *const region_arena) -> Option<&'a Inside> {
    // SAFETY: size and alignment are those of a `region_arena` (asserted above), whose bytes are zero, a value of
    // `Inside`, or what this library put there. Behind cells throughout, so that the inline part and callbacks
    // may change it while this reference lives.
    unsafe { this.cast::<Inside>().as_ref() }
}

/// How deep a callback is asked within itself, as its own allocations fail. Each level is a frame of the callback's, on
/// stacks of 64 KiB too.
const DEEPEST: usize = 8;

/// Addresses on the stack are stored in steps of so many bytes. A frame that calls a function is longer than that, and
/// there are fewer levels than that, so a level fits beside the address.
const STEP: usize = 16;
const _: () = assert!(DEEPEST <= STEP);

/// An arena's callback, and its last error. All bytes zero is no callback.
#[repr(C)]
pub(super) struct Policy {
    ask: Cell<region_oom_fn>,
    context: Cell<*mut c_void>,
    /// Where the stack was when the callback was asked that has not answered yet, in steps, and in how many others it
    /// was asked; 0 if there is none. It may also have left by longjmp(3), which is not noticed.
    asked: Cell<usize>,
    /// Why the last refused allocation was: a negative errno.
    error: Cell<c_int>,
}

impl Policy {
    /// Sets the callback.
    pub(super) fn set(&self, ask: region_oom_fn, context: *mut c_void) {
        self.ask.set(ask);
        self.context.set(context);
    }

    /// Remembers why memory was refused.
    pub(super) fn refused(&self, error: c_int) {
        self.error.set(-error);
    }

    /// Why the last refused allocation was: a negative errno, or 0.
    pub(super) fn last_error(&self) -> c_int {
        self.error.get()
    }

    /// Takes the program's callback away, for a try that may fail; [`resume`](Self::resume) puts it back.
    pub(super) fn suspend(&self) -> region_oom_fn {
        self.ask.take()
    }

    /// Puts a callback back.
    pub(super) fn resume(&self, ask: region_oom_fn) {
        self.ask.set(ask);
    }

    /// Remembers why `size` bytes were refused, and asks the program's callback whether to try again: not about what
    /// stays refused whatever is freed.
    ///
    /// A callback whose own allocations fail is asked within itself, but not without end. It is within itself when the
    /// stack is deeper than where it was last asked; one that left by longjmp(3) and is asked deeper down counts as
    /// well, and no longer as soon as it is asked from there or further up.
    pub(super) fn should_retry(&self, arena: *mut region_arena, size: usize, error: c_int) -> bool {
        self.refused(error);
        let Some(ask) = self.ask.get() else { return false };
        let here = 0u8;
        let (at, before) = ((&raw const here).addr() / STEP * STEP, self.asked.get());
        let depth = if at < before / STEP * STEP { before % STEP + 1 } else { 0 };
        if matches!(error, EINVAL | EOVERFLOW) || depth >= DEEPEST {
            return false;
        }
        self.asked.set(at + depth);
        // SAFETY: whoever set the callback promised that it can be called so. No `&mut` to the arena is live, so that
        // it may use the arena: everything here is behind cells.
        let retry = unsafe { ask(self.context.get(), arena, size) != 0 };
        self.asked.set(before);
        // Once more, as what the callback did may have been refused for another reason, or have freed the arena.
        self.refused(error);
        retry
    }
}
