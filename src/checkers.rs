//! What memory checkers are told: which bytes of an arena hold values and which do not.
//!
//! With feature `poison`, AddressSanitizer and Valgrind's memcheck report a touch of memory that an arena has
//! not handed out, or has taken back. No second ABI: under a checker the soft end stays at the cursor, so every
//! allocation comes to the slow path (`.bump.cold`), which is the one place that hands out.
//!
//! Nothing is linked and nothing is configured: AddressSanitizer's functions are asked for weakly, and Valgrind
//! listens for a sequence of instructions that does nothing elsewhere. Without the feature, on processors other than
//! x86-64 and aarch64, and where programs are not ELF, all of this is empty.

use core::ptr::NonNull;

/// Whether a checker watches this process, and wants to hear of every value.
#[inline(always)]
pub(crate) fn watching() -> bool {
    told::watching()
}

/// What may be done with a range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// No value: a touch is an error.
    Nothing,
    /// A value that is not written yet: reading it first is an error that memcheck knows.
    Uninitialized,
    /// Bytes that may be read.
    Bytes,
}

/// Tells the checker what `len` bytes from `start` hold from now on.
///
/// The range is memory of an arena's block; telling changes none of it.
#[inline(always)]
pub(crate) fn tell(start: NonNull<u8>, len: usize, holds: Holds) {
    if len != 0 {
        told::tell(start, len, holds);
    }
}

/// Nobody watches, and the compiler drops the question.
#[cfg(not(all(
    feature = "poison",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(any(windows, target_vendor = "apple"))
)))]
mod told {
    use super::Holds;
    use core::ptr::NonNull;

    #[inline(always)]
    pub(super) fn watching() -> bool {
        false
    }

    #[inline(always)]
    pub(super) fn tell(_: NonNull<u8>, _: usize, _: Holds) {}
}

// Weak symbols are asked for as ELF has them.
#[cfg(all(
    feature = "poison",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(any(windows, target_vendor = "apple"))
))]
mod told {
    use super::Holds;
    use core::arch::asm;
    use core::ptr::NonNull;

    /// A function of AddressSanitizer's interface (`sanitizer/asan_interface.h`).
    type Mark = unsafe extern "C" fn(start: *const u8, len: usize);

    /// The address of a function that may not be in the program; none then.
    #[cfg(target_arch = "x86_64")]
    macro_rules! weak {
        ($name:literal) => {{
            let address: usize;
            // SAFETY: reads one word of the program's own table of addresses, which holds zero for a weak symbol
            // that nobody defines.
            unsafe {
                asm!(
                    concat!(".weak ", $name),
                    concat!("mov {}, qword ptr [rip + ", $name, "@GOTPCREL]"),
                    out(reg) address,
                    options(nostack, preserves_flags, pure, readonly),
                );
            }
            address
        }};
    }
    /// The address of a function that may not be in the program; none then.
    #[cfg(target_arch = "aarch64")]
    macro_rules! weak {
        ($name:literal) => {{
            let address: usize;
            // SAFETY: reads one word of the program's own table of addresses, which holds zero for a weak symbol
            // that nobody defines.
            unsafe {
                asm!(
                    concat!(".weak ", $name),
                    concat!("adrp {0}, :got:", $name),
                    concat!("ldr {0}, [{0}, :got_lo12:", $name, "]"),
                    out(reg) address,
                    options(nostack, preserves_flags, pure, readonly),
                );
            }
            address
        }};
    }

    fn mark(address: usize) -> Option<Mark> {
        // SAFETY: an address that is not zero is that of the interface's function of this name, and all of them
        // that are asked for here have this signature.
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
        // SAFETY: rotations by 128 bits in all and an exchange of a register with itself change nothing; under
        // Valgrind the sequence is a request, which reads `words` and answers in the one register.
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
        // SAFETY: as above.
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
        weak!("__asan_poison_memory_region") != 0 || request(RUNNING_ON_VALGRIND, 0, 0) != 0
    }

    pub(super) fn tell(start: NonNull<u8>, len: usize, holds: Holds) {
        let (asan, memcheck) = match holds {
            Holds::Nothing => (mark(weak!("__asan_poison_memory_region")), MAKE_NOACCESS),
            Holds::Uninitialized => (mark(weak!("__asan_unpoison_memory_region")), MAKE_UNDEFINED),
            Holds::Bytes => (mark(weak!("__asan_unpoison_memory_region")), MAKE_DEFINED),
        };
        if let Some(mark) = asan {
            // SAFETY: the function notes the range and touches none of it.
            unsafe { mark(start.as_ptr(), len) };
        }
        request(memcheck, start.addr().get(), len);
    }
}
