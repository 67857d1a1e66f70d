//! A program without std and libc: it starts by itself, allocates by `alloc`'s collections from a heap of many threads,
//! in two threads that it makes by `clone`, and says by its exit status whether all was right.

#![no_std]
#![no_main]
// What the compiler calls for copies is here, and must not become a call of itself.
#![no_builtins]

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicUsize, Ordering};

#[global_allocator]
static HEAP: region::SyncHeap = region::SyncHeap::new();

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(101)
}

// `alloc` comes built for unwinding, and names these. Nothing unwinds.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    exit(102)
}

// The stack is aligned as a function expects it.
global_asm!(".globl _start", "_start:", "xor ebp, ebp", "and rsp, -16", "call {main}", "ud2", main = sym main);

fn exit(status: usize) -> ! {
    // SAFETY: `exit_group` ends the process.
    unsafe { asm!("syscall", in("rax") 231, in("rdi") status, options(noreturn)) }
}

/// # Safety
/// As C's `memcpy`.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { asm!("rep movsb", inout("rcx") len => _, inout("rdi") to => _, inout("rsi") from => _) };
    to
}

/// # Safety
/// As C's `memmove`.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    // SAFETY: the caller's promise; where the end would be overwritten first, the copy begins there.
    unsafe {
        if to.addr().wrapping_sub(from.addr()) >= len {
            return memcpy(to, from, len);
        }
        for at in (0..len).rev() {
            to.add(at).write(from.add(at).read());
        }
    }
    to
}

/// # Safety
/// As C's `memset`.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { asm!("rep stosb", inout("rcx") len => _, inout("rdi") to => _, in("al") byte as u8) };
    to
}

/// # Safety
/// As C's `memcmp`.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
    for at in 0..len {
        // SAFETY: the caller's promise.
        let (a, b) = unsafe { (a.add(at).read(), b.add(at).read()) };
        if a != b {
            return i32::from(a) - i32::from(b);
        }
    }
    0
}

/// # Safety
/// As C's `bcmp`.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { memcmp(a, b, len) }
}

fn work(number: usize) -> bool {
    let mut map = BTreeMap::new();
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for at in 0..20_000usize {
        map.insert(at, format!("{number}: {at}"));
        rows.push((0..at % 50).collect());
        if at % 3 == 0 {
            map.remove(&(at / 2));
            rows.swap_remove(at / 7 % rows.len());
        }
    }
    let text: String = map.values().map(String::as_str).collect();
    let prefix = if number == 0 { "0: " } else { "1: " };
    rows.iter().all(|row| row.iter().copied().eq(0..row.len())) && text.contains("19999") && text.contains(prefix)
}

/// The bits of the threads that were right.
static RIGHT: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn thread() -> ! {
    RIGHT.fetch_or(usize::from(work(1)) << 1, Ordering::Relaxed);
    ENDED.store(1, Ordering::Release);
    // SAFETY: `exit` ends this thread alone.
    unsafe { asm!("syscall", in("rax") 60, in("rdi") 0, options(noreturn)) }
}

extern "C" fn main() -> ! {
    const STACK: usize = 256 << 10;
    const SHARING: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000;
    let stack = Vec::<u8>::with_capacity(STACK);
    let top = (stack.as_ptr().addr() + STACK) & !15;
    // SAFETY: the new thread shares memory, files and handlers, and has a stack of its own, which is not freed. It begins
    // at `thread` with the stack aligned as in a call, and does not return here.
    unsafe {
        asm!(
            "syscall", "test rax, rax", "jnz 2f", "xor ebp, ebp", "call {thread}", "ud2", "2:",
            thread = sym thread, inout("rax") 56usize => _, in("rdi") SHARING, in("rsi") top, in("rdx") 0, in("r10") 0,
            in("r8") 0, out("rcx") _, out("r11") _,
        );
    }
    RIGHT.fetch_or(usize::from(work(0)), Ordering::Relaxed);
    while ENDED.load(Ordering::Acquire) == 0 {
        // SAFETY: `sched_yield` takes nothing.
        unsafe { asm!("syscall", inout("rax") 24usize => _, out("rcx") _, out("r11") _) };
    }
    core::mem::forget(stack);
    exit(if RIGHT.load(Ordering::Relaxed) == 3 && HEAP.stats().blocks == 1 { 42 } else { 1 })
}
