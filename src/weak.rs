//! Addresses of symbols that may not be in the program: a checker's functions, what a linker defines.
//!
//! The address is read from the program's own table of addresses, so nothing is linked and nothing is configured.
//! Stable Rust has no weak linkage of its own. This takes two instructions at most, on the processors whose tables are
//! known here. On others, and on systems whose programs are not ELF, the callers are compiled without it.

// Features decide who uses them.
#![allow(unused_macros, unused_imports)]

/// The address of a symbol, 0 where the program has none of that name.
macro_rules! address {
    ($name:literal) => {{
        let address: usize;
        // SAFETY: reads one word of the program's own table of addresses, which holds zero for a weak symbol without a
        // definition.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            core::arch::asm!(
                concat!(".weak ", $name),
                concat!("mov {}, qword ptr [rip + ", $name, "@GOTPCREL]"),
                out(reg) address,
                options(nostack, preserves_flags, pure, readonly),
            );
        }
        // SAFETY: reads one word of the program's own table of addresses, which holds zero for a weak symbol without a
        // definition.
        #[cfg(target_arch = "aarch64")]
        unsafe {
            core::arch::asm!(
                concat!(".weak ", $name),
                concat!("adrp {0}, :got:", $name),
                concat!("ldr {0}, [{0}, :got_lo12:", $name, "]"),
                out(reg) address,
                options(nostack, preserves_flags, pure, readonly),
            );
        }
        // SAFETY: reads one word of the program's own table of addresses, which holds zero for a weak symbol without a
        // definition.
        #[cfg(target_arch = "riscv64")]
        unsafe {
            core::arch::asm!(
                concat!(".weak ", $name),
                concat!("2: auipc {0}, %got_pcrel_hi(", $name, ")"),
                "ld {0}, %pcrel_lo(2b)({0})",
                out(reg) address,
                options(nostack, preserves_flags, pure, readonly),
            );
        }
        address
    }};
}

pub(crate) use address;
