//! The end of the process, where nothing else is left: without a libc and without an operating system.

/// Ends the process at once by an illegal instruction (SIGILL, or SIGTRAP): no libc is needed for that.
pub(crate) fn stop() -> ! {
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    // SAFETY: the processor raises an exception here, and nothing after it is run.
    unsafe {
        core::arch::asm!("ud2", options(noreturn, nomem, nostack))
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the processor raises an exception at a breakpoint, and nothing after it is run.
    unsafe {
        core::arch::asm!("brk #1", options(noreturn, nomem, nostack))
    }
    #[cfg(any(target_arch = "riscv64", target_arch = "riscv32"))]
    // SAFETY: the processor raises an exception at what is no instruction, and nothing after it is run.
    unsafe {
        core::arch::asm!("unimp", options(noreturn, nomem, nostack))
    }
    #[cfg(target_arch = "arm")]
    // SAFETY: the processor raises an exception at what will never be an instruction, and nothing after it is run.
    unsafe {
        core::arch::asm!("udf #0", options(noreturn, nomem, nostack))
    }
    #[cfg(target_arch = "s390x")]
    // SAFETY: the processor raises an exception at what is no instruction, and nothing after it is run.
    unsafe {
        core::arch::asm!(".short 0", options(noreturn, nomem, nostack))
    }
    #[cfg(not(any(
        target_arch = "x86_64",
        target_arch = "x86",
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "riscv32",
        target_arch = "arm",
        target_arch = "s390x"
    )))]
    loop {
        core::hint::spin_loop();
    }
}
