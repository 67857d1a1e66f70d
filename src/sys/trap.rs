//! The instruction that enters the kernel, for each processor that is known here.
//!
//! Says which registers the kernel reads and which it changes. The calls themselves are in [`raw`](super::raw) and
//! `linux`.

use core::mem::MaybeUninit;

/// Arguments of a system call, at most.
pub(super) const ARGUMENTS: usize = 6;

/// Makes one system call of up to six arguments. An argument that the call does not take may be uninitialized.
///
/// Returns the answer, or nothing on processors and systems that are not known here.
///
/// # Safety
/// The call and its arguments must not break memory that the program relies on.
#[inline]
pub(super) unsafe fn enter(number: usize, arguments: [MaybeUninit<usize>; ARGUMENTS]) -> Option<isize> {
    #[cfg(region_trap)]
    // SAFETY: the caller vouches for what the call does with its arguments.
    return Some(unsafe { linux::enter(number, arguments) });
    #[cfg(not(region_trap))]
    {
        let _ = (number, arguments);
        None
    }
}

#[cfg(all(region_raw, target_arch = "x86_64"))]
mod linux {
    use super::ARGUMENTS;
    use core::arch::asm;
    use core::mem::MaybeUninit;

    #[inline]
    pub(super) unsafe fn enter(number: usize, arguments: [MaybeUninit<usize>; ARGUMENTS]) -> isize {
        let answer;
        // SAFETY: the x86-64 convention: number in rax, arguments in rdi, rsi, rdx, r10, r8, r9; the kernel
        // clobbers rcx and r11 and nothing else. The caller vouches for what the call does.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") number => answer,
                in("rdi") arguments[0],
                in("rsi") arguments[1],
                in("rdx") arguments[2],
                in("r10") arguments[3],
                in("r8") arguments[4],
                in("r9") arguments[5],
                lateout("rcx") _,
                lateout("r11") _,
                options(nostack),
            );
        }
        answer
    }
}

#[cfg(all(region_raw, target_arch = "aarch64"))]
mod linux {
    use super::ARGUMENTS;
    use core::arch::asm;
    use core::mem::MaybeUninit;

    // The kernel keeps only the first 128 bits of the scalable vector registers, and no predicates
    // (Documentation/arch/arm64/sve.rst, "System call behaviour"). In builds without them they hold nothing, and naming
    // v8 to v15 would make every caller save their lower halves.
    #[cfg(target_feature = "sve")]
    macro_rules! svc {
        ($($operand:tt)*) => {
            asm!(
                "svc 0", $($operand)*
                lateout("v0") _, lateout("v1") _, lateout("v2") _, lateout("v3") _, lateout("v4") _, lateout("v5") _,
                lateout("v6") _, lateout("v7") _, lateout("v8") _, lateout("v9") _, lateout("v10") _,
                lateout("v11") _, lateout("v12") _, lateout("v13") _, lateout("v14") _, lateout("v15") _,
                lateout("v16") _, lateout("v17") _, lateout("v18") _, lateout("v19") _, lateout("v20") _,
                lateout("v21") _, lateout("v22") _, lateout("v23") _, lateout("v24") _, lateout("v25") _,
                lateout("v26") _, lateout("v27") _, lateout("v28") _, lateout("v29") _, lateout("v30") _,
                lateout("v31") _, lateout("p0") _, lateout("p1") _, lateout("p2") _, lateout("p3") _,
                lateout("p4") _, lateout("p5") _, lateout("p6") _, lateout("p7") _, lateout("p8") _,
                lateout("p9") _, lateout("p10") _, lateout("p11") _, lateout("p12") _, lateout("p13") _,
                lateout("p14") _, lateout("p15") _, lateout("ffr") _,
                options(nostack),
            )
        };
    }
    #[cfg(not(target_feature = "sve"))]
    macro_rules! svc {
        ($($operand:tt)*) => { asm!("svc 0", $($operand)* options(nostack)) };
    }

    #[inline]
    pub(super) unsafe fn enter(number: usize, arguments: [MaybeUninit<usize>; ARGUMENTS]) -> isize {
        let answer;
        // SAFETY: the AArch64 convention: number in x8, arguments in x0 to x5, answer in x0; nothing else is
        // clobbered but what `svc` names. The caller vouches for what the call does.
        unsafe {
            svc!(
                in("x8") number,
                inlateout("x0") arguments[0] => answer,
                in("x1") arguments[1],
                in("x2") arguments[2],
                in("x3") arguments[3],
                in("x4") arguments[4],
                in("x5") arguments[5],
            );
        }
        answer
    }
}

#[cfg(all(region_raw, target_arch = "riscv64"))]
mod linux {
    use super::ARGUMENTS;
    use core::arch::asm;
    use core::mem::MaybeUninit;

    #[inline]
    pub(super) unsafe fn enter(number: usize, arguments: [MaybeUninit<usize>; ARGUMENTS]) -> isize {
        let answer;
        // SAFETY: the RISC-V convention: number in a7, arguments in a0 to a5, answer in a0. The kernel keeps all
        // other registers but the vector ones (Documentation/arch/riscv/vector.rst), all of which are named. The
        // caller vouches for what the call does.
        unsafe {
            asm!(
                "ecall",
                in("a7") number,
                inlateout("a0") arguments[0] => answer,
                in("a1") arguments[1],
                in("a2") arguments[2],
                in("a3") arguments[3],
                in("a4") arguments[4],
                in("a5") arguments[5],
                lateout("v0") _, lateout("v1") _, lateout("v2") _, lateout("v3") _, lateout("v4") _, lateout("v5") _,
                lateout("v6") _, lateout("v7") _, lateout("v8") _, lateout("v9") _, lateout("v10") _,
                lateout("v11") _, lateout("v12") _, lateout("v13") _, lateout("v14") _, lateout("v15") _,
                lateout("v16") _, lateout("v17") _, lateout("v18") _, lateout("v19") _, lateout("v20") _,
                lateout("v21") _, lateout("v22") _, lateout("v23") _, lateout("v24") _, lateout("v25") _,
                lateout("v26") _, lateout("v27") _, lateout("v28") _, lateout("v29") _, lateout("v30") _,
                lateout("v31") _,
                options(nostack),
            );
        }
        answer
    }
}

#[cfg(all(region_trap, target_arch = "x86"))]
mod linux {
    use super::ARGUMENTS;
    use core::arch::asm;
    use core::mem::MaybeUninit;

    #[inline]
    pub(super) unsafe fn enter(number: usize, arguments: [MaybeUninit<usize>; ARGUMENTS]) -> isize {
        let answer;
        // SAFETY: the i386 convention: number in eax, arguments in ebx, ecx, edx, esi, edi, ebp, answer in eax; nothing
        // else is clobbered. The compiler keeps ebx, esi and ebp for itself: they are saved on the stack meanwhile, and
        // loaded from the array, which lives until the call returns. The caller vouches for what the call does.
        unsafe {
            asm!(
                "push ebx",
                "push esi",
                "push ebp",
                "mov ebx, [edi]",
                "mov ecx, [edi + 4]",
                "mov edx, [edi + 8]",
                "mov esi, [edi + 12]",
                "mov ebp, [edi + 20]",
                "mov edi, [edi + 16]",
                "int 0x80",
                "pop ebp",
                "pop esi",
                "pop ebx",
                inlateout("eax") number => answer,
                inlateout("edi") arguments.as_ptr() => _,
                lateout("ecx") _,
                lateout("edx") _,
            );
        }
        answer
    }
}

#[cfg(all(region_trap, target_arch = "arm"))]
mod linux {
    use super::ARGUMENTS;
    use core::arch::asm;
    use core::mem::MaybeUninit;

    #[inline]
    pub(super) unsafe fn enter(number: usize, arguments: [MaybeUninit<usize>; ARGUMENTS]) -> isize {
        let answer;
        // SAFETY: the convention of EABI: number in r7, arguments in r0 to r5, answer in r0; nothing else is clobbered.
        // r7 may be the compiler's frame pointer, so it is kept in another register meanwhile. The caller vouches for
        // what the call does.
        unsafe {
            asm!(
                "mov {kept}, r7",
                "mov r7, {number}",
                "svc 0",
                "mov r7, {kept}",
                number = in(reg) number,
                kept = out(reg) _,
                inlateout("r0") arguments[0] => answer,
                in("r1") arguments[1],
                in("r2") arguments[2],
                in("r3") arguments[3],
                in("r4") arguments[4],
                in("r5") arguments[5],
                options(nostack),
            );
        }
        answer
    }
}

#[cfg(all(region_trap, target_arch = "s390x"))]
mod linux {
    use super::ARGUMENTS;
    use core::arch::asm;
    use core::mem::MaybeUninit;

    #[inline]
    pub(super) unsafe fn enter(number: usize, arguments: [MaybeUninit<usize>; ARGUMENTS]) -> isize {
        let answer;
        // SAFETY: the convention of s390x: number in r1, arguments in r2 to r7, answer in r2; nothing else is clobbered.
        // The caller vouches for what the call does.
        unsafe {
            asm!(
                "svc 0",
                in("r1") number,
                inlateout("r2") arguments[0] => answer,
                in("r3") arguments[1],
                in("r4") arguments[2],
                in("r5") arguments[3],
                in("r6") arguments[4],
                in("r7") arguments[5],
                options(nostack),
            );
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    /// A test on one processor cannot see the registers that another one loses, so this test reads the source text.
    #[test]
    fn every_register_that_the_kernel_does_not_keep_is_named() {
        let code = include_str!("trap.rs");
        let (_, riscv) = code.split_once("\"ecall\"").unwrap();
        let (riscv, _) = riscv.split_once("options").unwrap();
        let (_, sve) = code.split_once("\"svc 0\", $($operand)*\n").unwrap();
        let (sve, _) = sve.split_once("options").unwrap();
        for number in 0..32 {
            let name = std::format!("lateout(\"v{number}\") _,");
            assert!(riscv.contains(&name) && sve.contains(&name), "{name}");
        }
        assert!((0..16).all(|number| sve.contains(&std::format!("lateout(\"p{number}\") _,"))));
        assert!(sve.contains("lateout(\"ffr\") _,"));
    }
}
