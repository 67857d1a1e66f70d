//! A trap after every instruction, by which a test does something between two of an operation.

use std::arch::asm;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets traps call `handler`, for one test at a time.
///
/// # Safety
/// What the handler does is right between any two instructions of the test's own thread.
pub unsafe fn trapping(handler: extern "C" fn(libc::c_int)) -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the caller's promise about the handler.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as usize;
        assert_eq!(libc::sigaction(libc::SIGTRAP, &action, std::ptr::null_mut()), 0);
        // A thread that waits for ever ends the test: long after one does that a busy machine holds up.
        libc::alarm(1800);
    }
    guard
}

/// Runs `act` with a trap after every instruction.
pub fn stepwise(act: impl FnOnce()) {
    // SAFETY: sets the processor's trap flag for this thread, whose handler is there, and clears it.
    unsafe {
        asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq");
        act();
        asm!("pushfq", "and qword ptr [rsp], -0x101", "popfq");
    }
}
