//! Calls that are due when an arena goes back: a list through nodes that the arena or the caller holds.
//!
//! `marks` and `arena` decide when they are made.

use core::cell::Cell;
use core::ffi::c_void;

/// Called when what was deferred is due.
pub type region_defer_fn = Option<unsafe extern "C" fn(context: *mut c_void)>;

/// A deferred call whose memory is the caller's, all bytes zero at first (REGION_DEFER_INIT). Stays where it is until
/// the call is made, and may be used again from then on.
#[repr(C)]
pub struct region_defer {
    next_: *mut region_defer,
    call_: region_defer_fn,
    context_: *mut c_void,
    /// Says that the call is due.
    seal_: usize,
}

// `include/region.h` says the same from the other side.
const _: () = assert!(size_of::<region_defer>() == size_of::<[usize; 4]>());

/// Deferred calls, the newest first. All bytes zero is none.
#[repr(C)]
pub(super) struct Deferred {
    newest: Cell<*mut region_defer>,
}

/// What the seal of a node is while its call is due: its own address, changed so that no other list contains it by
/// accident.
fn seal(node: *mut region_defer) -> usize {
    node.addr() ^ 0x5265_6769
}

/// Whether a node's call is due already.
///
/// # Safety
/// The node may be read.
pub(super) unsafe fn is_due(node: *mut region_defer) -> bool {
    // SAFETY: the caller's promise.
    unsafe { (*node).seal_ == seal(node) }
}

impl Deferred {
    /// The call that is made next; null where there is none.
    pub(super) fn newest(&self) -> *mut region_defer {
        self.newest.get()
    }

    /// Puts a call on the list.
    ///
    /// # Safety
    /// The node may be written, is on no list, and stays until its call is made, which may be done until then.
    pub(super) unsafe fn push(&self, node: *mut region_defer, call: region_defer_fn, context: *mut c_void) {
        let new = region_defer { next_: self.newest.get(), call_: call, context_: context, seal_: seal(node) };
        // SAFETY: the caller lets the node be written.
        unsafe { node.write(new) };
        self.newest.set(node);
    }

    /// Makes the calls that came after `until`, the newest first.
    ///
    /// Each is taken off the list before it is made, so one that resets, frees or rewinds the arena finds the
    /// rest, and one that defers another sees that made as well.
    ///
    /// # Safety
    /// The nodes on the list are still there, and their functions may be called.
    #[inline]
    pub(super) unsafe fn run(&self, until: *mut region_defer) {
        if !self.newest.get().is_null() {
            // SAFETY: the caller's promise, passed on.
            unsafe { self.make(until) };
        }
    }

    /// [`run`](Self::run), where there is a list.
    ///
    /// # Safety
    /// As there.
    #[inline(never)]
    unsafe fn make(&self, until: *mut region_defer) {
        loop {
            let node = self.newest.get();
            if node.is_null() || node == until {
                return;
            }
            // SAFETY: a node stays until its call was made, by the promise of whoever deferred it.
            let region_defer { next_, call_, context_, .. } = unsafe { node.read() };
            // SAFETY: the node is still there; from the call on it may be gone, or be used again.
            unsafe { (*node).seal_ = 0 };
            self.newest.set(next_);
            if let Some(call) = call_ {
                // SAFETY: whoever deferred the call promised that it can be made with this context.
                unsafe { call(context_) }
            }
        }
    }

    /// Takes the calls of another list, to be made before those that are here, and leaves it empty.
    ///
    /// # Safety
    /// The nodes on that list are still there.
    pub(super) unsafe fn take_all(&self, other: &Deferred) {
        let mut at = other.newest.replace(core::ptr::null_mut());
        if at.is_null() {
            return;
        }
        let before = self.newest.replace(at);
        loop {
            // SAFETY: the caller's promise, and `at` is on the list.
            let next = unsafe { &mut (*at).next_ };
            if next.is_null() {
                *next = before;
                return;
            }
            at = *next;
        }
    }

    /// What is on the list behind the oldest node of which `holds` is true: null for the list's end. `None`: it is true of
    /// no node.
    ///
    /// # Safety
    /// The nodes on the list are still there.
    pub(super) unsafe fn behind_the_last(
        &self,
        holds: impl Fn(*mut region_defer) -> bool,
    ) -> Option<*mut region_defer> {
        let (mut found, mut at) = (None, self.newest.get());
        while !at.is_null() {
            // SAFETY: the caller's promise, and `at` is on the list.
            let next = unsafe { (*at).next_ };
            if holds(at) {
                found = Some(next);
            }
            at = next;
        }
        found
    }

    /// Lets the newest of these calls not be made. Its node stays on the list, as marks may name it. False if there is
    /// none.
    ///
    /// # Safety
    /// The nodes on the list are still there.
    pub(super) unsafe fn cancel(&self, call: unsafe extern "C" fn(*mut c_void), context: *mut c_void) -> bool {
        let mut at = self.newest.get();
        while !at.is_null() {
            // SAFETY: the caller's promise, and `at` is on the list.
            let node = unsafe { &mut *at };
            if node.context_ == context && node.call_.is_some_and(|due| core::ptr::fn_addr_eq(due, call)) {
                node.call_ = None;
                return true;
            }
            at = node.next_;
        }
        false
    }

    /// Whether `node` is on the list, or the list's end.
    ///
    /// # Safety
    /// The nodes on the list are still there.
    pub(super) unsafe fn has(&self, node: *mut region_defer) -> bool {
        let mut at = self.newest.get();
        while at != node && !at.is_null() {
            // SAFETY: the caller's promise, and `at` is on the list.
            at = unsafe { (*at).next_ };
        }
        at == node
    }
}
