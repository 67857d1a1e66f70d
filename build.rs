//! What a build needs to know first.
//!
//! Conditions on the target that the sources name in one word: `region_raw`, the crate makes its system calls itself;
//! `region_trap`, it knows the instruction that makes one, for those that rustix does not have;
//! `region_weak`, it can ask for symbols that may be missing; `region_4k`, every page has 4 KiB.
//!
//! Feature `nightly`: asks the compiler whether it has `core::alloc::Allocator`. The trait is unstable, so the feature
//! means: implement it where it is. Where the compiler refuses it (a stable release, or a trait that has changed)
//! nobody could use it either, and the crate builds without.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

/// What the crate needs to compile: the feature, and the trait's methods as they are today.
const PROBE: &str = "
#![no_std]
#![feature(allocator_api)]
use core::alloc::{AllocError, Allocator, Layout};
use core::ptr::NonNull;
type Block = Result<NonNull<[u8]>, AllocError>;
pub struct Probe;
unsafe impl Allocator for &Probe {
    fn allocate(&self, _: Layout) -> Block { Err(AllocError) }
    fn allocate_zeroed(&self, _: Layout) -> Block { Err(AllocError) }
    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {}
    unsafe fn grow(&self, _: NonNull<u8>, _: Layout, _: Layout) -> Block { Err(AllocError) }
    unsafe fn grow_zeroed(&self, _: NonNull<u8>, _: Layout, _: Layout) -> Block { Err(AllocError) }
    unsafe fn shrink(&self, _: NonNull<u8>, _: Layout, _: Layout) -> Block { Err(AllocError) }
}
";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_BOOTSTRAP");
    if calls_are_known() {
        println!("cargo::rustc-cfg=region_raw");
    }
    if calls_are_known() || trap_is_known() {
        println!("cargo::rustc-cfg=region_trap");
    }
    if has_weak_symbols() {
        println!("cargo::rustc-cfg=region_weak");
    }
    if target("ARCH", &["x86_64", "x86"]) || target("OS", &["windows"]) || is_miri() {
        println!("cargo::rustc-cfg=region_4k");
    }
    if env::var_os("CARGO_FEATURE_NIGHTLY").is_some() && compiles(PROBE) {
        println!("cargo::rustc-cfg=region_nightly");
    }
}

/// Whether the target's system calls are made by `src/sys/linux`. Cargo.toml takes rustix for all other targets.
fn calls_are_known() -> bool {
    target("OS", &["linux"])
        && target("POINTER_WIDTH", &["64"])
        && target("ARCH", &["x86_64", "aarch64", "riscv64"])
        && !is_miri()
}

/// Whether `src/sys/trap.rs` enters the kernel on targets whose calls are otherwise made by rustix. The instruction is
/// the same for a processor's older conventions, whose numbers are not.
fn trap_is_known() -> bool {
    let known = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86" | "s390x") => true,
        Ok("arm") => env::var("CARGO_CFG_TARGET_ABI").is_ok_and(|abi| abi.starts_with("eabi")),
        _ => false,
    };
    known && target("OS", &["linux"]) && !is_miri()
}

/// Whether the target's objects have symbols that may be missing, as ELF has them, and `src/weak.rs` knows how their
/// addresses are had.
fn has_weak_symbols() -> bool {
    let elf = !target("OS", &["windows"]) && !target("VENDOR", &["apple"]);
    elf && target("ARCH", &["x86_64", "aarch64", "riscv64"]) && !is_miri()
}

/// Whether the target is one of these, as `target_NAME` has it.
fn target(name: &str, values: &[&str]) -> bool {
    env::var(format!("CARGO_CFG_TARGET_{name}")).is_ok_and(|value| values.contains(&&*value))
}

fn is_miri() -> bool {
    env::var_os("CARGO_CFG_MIRI").is_some()
}

/// Whether this build's compiler takes `source` for this build's target.
fn compiles(source: &str) -> bool {
    let variable = |name| env::var_os(name).unwrap_or_default();
    let child = Command::new(variable("RUSTC"))
        .args(["--edition=2021", "--crate-name=probe", "--crate-type=lib", "--emit=metadata", "-"])
        .arg("--target")
        .arg(variable("TARGET"))
        .arg("--out-dir")
        .arg(variable("OUT_DIR"))
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return false };
    let written = child.stdin.take().is_some_and(|mut input| input.write_all(source.as_bytes()).is_ok());
    child.wait().is_ok_and(|status| written && status.success())
}
