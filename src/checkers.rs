//! Poison for memory checkers: which bytes of an arena may be touched and which may not.
//!
//! With feature `poison`, AddressSanitizer and Valgrind's memcheck report a touch of memory that an arena has
//! not handed out, or has taken back. The ABI is the same: under a checker the soft end stays at the cursor, so every
//! allocation takes the slow path (`.bump.cold`), which unpoisons the value.
//!
//! Nothing is linked and nothing is configured: AddressSanitizer's functions are weak symbols, and Valgrind recognizes
//! a sequence of instructions that does nothing elsewhere. Without the feature, on processors other than
//! x86-64 and aarch64, and where programs are not ELF, all of this is empty.

use core::ptr::NonNull;

/// Whether a checker watches this process, so that every value must be poisoned and unpoisoned.
#[inline(always)]
pub(crate) fn watching() -> bool {
    checker::watching()
}

/// What is in a range of bytes, for a checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// No value: a touch is an error.
    None,
    /// A value that is not written yet. For memcheck, reading it first is an error.
    Uninitialized,
    /// Bytes that may be read.
    Initialized,
}

/// Poisons `len` bytes from `start`, which are memory of an arena's block: the checker reports each touch.
#[inline(always)]
pub(crate) fn poison(start: NonNull<u8>, len: usize) {
    set(start, len, Contents::None);
}

/// Unpoisons `len` bytes from `start`: the checker allows what these contents allow.
#[inline(always)]
pub(crate) fn unpoison(start: NonNull<u8>, len: usize, contents: Contents) {
    set(start, len, contents);
}

/// Poisons or unpoisons the range, as the contents say. Changes none of its bytes.
#[inline(always)]
pub(crate) fn set(start: NonNull<u8>, len: usize, contents: Contents) {
    if len != 0 {
        checker::set(start, len, contents);
    }
}

/// There is no checker, and the compiler drops the calls.
#[cfg(not(all(feature = "poison", region_weak, not(target_arch = "riscv64"))))]
mod checker {
    use super::Contents;
    use core::ptr::NonNull;

    #[inline(always)]
    pub(super) fn watching() -> bool {
        false
    }

    #[inline(always)]
    pub(super) fn set(_: NonNull<u8>, _: usize, _: Contents) {}
}

// Only ELF has the weak symbols that this reads.
#[cfg(all(feature = "poison", region_weak, not(target_arch = "riscv64")))]
mod checker {
    use super::Contents;
    use crate::weak::address;
    use core::arch::asm;
    use core::ptr::NonNull;

    /// A function of AddressSanitizer's interface (`sanitizer/asan_interface.h`).
    type Mark = unsafe extern "C" fn(start: *const u8, len: usize);

    fn mark(address: usize) -> Option<Mark> {
        // SAFETY: an `Option` of a function pointer is as large as an address, and zero is its `None`. Any other
        // address is that of the function of this name which the program was linked with; the names that are asked for
        // are AddressSanitizer's alone, reserved to it by their two underscores, and its header gives both this
        // signature.
        unsafe { core::mem::transmute::<usize, Option<Mark>>(address) }
    }

    /// Requests to Valgrind (`valgrind.h`, `memcheck.h`).
    const RUNNING_ON_VALGRIND: usize = 0x1001;
    const MEMCHECK: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16;
    const MAKE_NOACCESS: usize = MEMCHECK;
    const MAKE_UNDEFINED: usize = MEMCHECK + 1;
    const MAKE_DEFINED: usize = MEMCHECK + 2;

    /// Makes a request of Valgrind; zero where it does not run.
    fn request(number: usize, start: usize, len: usize) -> usize {
        let words = [number, start, len, 0, 0, 0];
        let answer: usize;
        // SAFETY: the processor turns rdi by 128 bits in all, twice its width, and exchanges rbx with itself: both hold
        // afterwards what they held, and only flags change, which the compiler expects to. rdx stays zero, the answer
        // of no Valgrind. Under Valgrind, which knows the sequence by these very instructions, it is a request: that
        // reads the six words at rax, which live on, and writes rdx; the requests that are made here change what the
        // checker says of memory and no memory of the program's.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            asm!(
                "rol rdi, 3",
                "rol rdi, 13",
                "rol rdi, 61",
                "rol rdi, 51",
                "xchg rbx, rbx",
                in("rax") words.as_ptr(),
                inout("rdx") 0usize => answer,
                options(nostack),
            );
        }
        // SAFETY: the processor turns x12 by 128 bits in all, twice its width, and writes x10 to itself, so both hold
        // afterwards what they held, and x3 stays zero, the answer of no Valgrind. Under Valgrind, which knows the
        // sequence by these very instructions, it is a request: that reads the six words at x4, which live on, and
        // writes x3; the requests that are made here change what the checker says of memory and no memory of the
        // program's.
        #[cfg(target_arch = "aarch64")]
        unsafe {
            asm!(
                "ror x12, x12, #3",
                "ror x12, x12, #13",
                "ror x12, x12, #51",
                "ror x12, x12, #61",
                "orr x10, x10, x10",
                in("x4") words.as_ptr(),
                inout("x3") 0usize => answer,
                options(nostack),
            );
        }
        answer
    }

    pub(super) fn watching() -> bool {
        address!("__asan_poison_memory_region") != 0 || request(RUNNING_ON_VALGRIND, 0, 0) != 0
    }

    pub(super) fn set(start: NonNull<u8>, len: usize, contents: Contents) {
        let (asan, memcheck) = match contents {
            Contents::None => (mark(address!("__asan_poison_memory_region")), MAKE_NOACCESS),
            Contents::Uninitialized => (mark(address!("__asan_unpoison_memory_region")), MAKE_UNDEFINED),
            Contents::Initialized => (mark(address!("__asan_unpoison_memory_region")), MAKE_DEFINED),
        };
        if let Some(mark) = asan {
            // SAFETY: the function notes the range and touches none of it.
            unsafe { mark(start.as_ptr(), len) };
        }
        request(memcheck, start.addr().get(), len);
    }
}
