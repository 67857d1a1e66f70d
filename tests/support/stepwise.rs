//! A trap after every instruction, by which a test does something between two of an operation.

use std::arch::asm;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a trap calls: with the signal, what is known of it, and what [`no_more`] takes.
pub type Handler = extern "C" fn(libc::c_int, *const libc::siginfo_t, *mut c_void);

/// Lets traps call `handler`, for one test at a time.
///
/// # Safety
/// What the handler does is right between any two instructions of the test's own thread.
pub unsafe fn trapping(handler: Handler) -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the caller's promise about the handler.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO;
        assert_eq!(libc::sigaction(libc::SIGTRAP, &action, std::ptr::null_mut()), 0);
        // A thread that waits for ever ends the test: long after one does that a busy machine holds up.
        libc::alarm(1800);
    }
    guard
}

/// Has no more traps come in what the handler interrupted.
///
/// # Safety
/// It is what the handler was called with, and that has not returned.
pub unsafe fn no_more(interrupted: *mut c_void) {
    // SAFETY: the kernel's record of the thread's registers, which it reads when the handler returns.
    unsafe { (*interrupted.cast::<libc::ucontext_t>()).uc_mcontext.gregs[libc::REG_EFL as usize] &= !0x100 };
}

/// Runs `act` with a trap after every instruction, until there are to be [`no_more`].
pub fn stepwise(act: impl FnOnce()) {
    // SAFETY: sets the processor's trap flag for this thread, whose handler is there, and clears it.
    unsafe {
        asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq");
        act();
        asm!("pushfq", "and qword ptr [rsp], -0x101", "popfq");
    }
}
