//! What memory checkers see: AddressSanitizer and Valgrind report stale and wild pointers into an arena, and
//! nothing else; a paranoid arena turns them into faults without a tool.

#![cfg(all(feature = "os", target_os = "linux", not(miri)))]

mod support;

use region::backing::Mapped;
use region::{Arena, RegionVec, TypedArena};
use std::path::PathBuf;
use std::process::{Command, Output};

/// Ways to touch what an arena has not handed out. Uninitialized values are memcheck's alone.
const MISUSES: [&str; 18] = [
    "rewind",
    "rewind-across-blocks",
    "reset",
    "behind",
    "given-back",
    "shrunk",
    "shrunk-below-others",
    "moved",
    "row-truncated",
    "row-cleared",
    "row-cleared-warm",
    "row-popped",
    "row-removed",
    "row-drained",
    "row-behind",
    "row-behind-iterator",
    "append-behind",
    "heap-freed",
];

/// Builds the probes with `flags` for their own code and the library's, and gives the one for misuse, or says why they
/// cannot be had.
fn probe(name: &str, flags: &str) -> Result<PathBuf, String> {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let triple = "x86_64-unknown-linux-gnu";
    let mut build = Command::new(std::env::var("CARGO").unwrap_or("cargo".into()));
    build
        .args([
            "build",
            "--quiet",
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/checkers/Cargo.toml"),
        ])
        .args(["--target", triple, "--target-dir"])
        .arg(&target)
        .env("RUSTFLAGS", flags)
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    if !flags.is_empty() {
        build.env("RUSTC_BOOTSTRAP", "1");
    }
    match build.output() {
        Ok(output) if output.status.success() => Ok(target.join(triple).join("debug/checkers-probe")),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn address_sanitizer_reports_what_was_not_handed_out() {
    if !cfg!(target_arch = "x86_64") {
        return eprintln!("SKIPPED: AddressSanitizer: the probe is built for x86-64 alone");
    }
    let probe = match probe("asan", "-Zsanitizer=address") {
        Ok(probe) => probe,
        Err(reason) => return eprintln!("SKIPPED: AddressSanitizer: this compiler does not link it: {reason}"),
    };
    for misuse in MISUSES {
        let said = said(&Command::new(&probe).arg(misuse).output().unwrap());
        assert!(said.contains("use-after-poison"), "{misuse}: {said}");
    }
    let lawful = Command::new(&probe).arg("lawful").output().unwrap();
    assert!(lawful.status.success(), "{}", said(&lawful));
}

/// Memory of the library's that values lie in.
const PLACES: [&str; 9] =
    ["first block", "large block", "exact arena", "heap", "row", "typed arena", "arena pool", "region", "page"];

#[test]
fn leak_sanitizer_finds_what_values_of_arenas_refer_to() {
    if !cfg!(target_arch = "x86_64") {
        return eprintln!("SKIPPED: LeakSanitizer: the probe is built for x86-64 alone");
    }
    for (name, flags) in [("lsan", "-Zsanitizer=leak"), ("asan", "-Zsanitizer=address")] {
        let probe = match probe(name, flags) {
            Ok(probe) => probe.with_file_name("leaks-probe"),
            Err(reason) => return eprintln!("SKIPPED: LeakSanitizer: this compiler does not link it: {reason}"),
        };
        let run = |words: &[&str]| Command::new(&probe).args(words).output().unwrap();
        let nobodys = run(&["nothing of the library's"]);
        if !said(&nobodys).contains("detected memory leaks") {
            // It stops the process by ptrace(2), which not every system lets it.
            return eprintln!("SKIPPED: LeakSanitizer: it finds no leak here: {}", said(&nobodys));
        }
        for place in PLACES {
            let kept = run(&[place]);
            assert!(kept.status.success(), "{name}: {place}: {}", said(&kept));
            let lost = said(&run(&[place, "lost"]));
            assert!(lost.contains("detected memory leaks"), "{name}: {place}: {lost}");
        }
    }
}

#[test]
fn valgrind_reports_what_was_not_handed_out() {
    if !cfg!(target_arch = "x86_64") {
        return eprintln!("SKIPPED: Valgrind: the probe is built for x86-64 alone");
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        return eprintln!("SKIPPED: Valgrind: it is not installed");
    }
    let probe = probe("valgrind", "").unwrap();
    let run = |misuse: &str| {
        Command::new("valgrind").args(["--quiet", "--error-exitcode=9"]).arg(&probe).arg(misuse).output().unwrap()
    };
    for misuse in MISUSES {
        let output = run(misuse);
        assert!(said(&output).contains("Invalid read of size 1"), "{misuse}: {}", said(&output));
        assert_eq!(output.status.code(), Some(9));
    }
    let output = run("unwritten");
    assert!(said(&output).contains("depends on uninitialised value"), "{}", said(&output));
    let lawful = run("lawful");
    assert!(lawful.status.success(), "{}", said(&lawful));
}

#[test]
fn without_a_checker_nothing_changes() {
    let probe = probe("valgrind", "").unwrap();
    for misuse in MISUSES.into_iter().chain(["unwritten", "lawful"]) {
        let output = Command::new(&probe).arg(misuse).output().unwrap();
        assert!(output.status.success(), "{misuse}: {}", said(&output));
    }
}

/// The signal that ends a child which reads `stale`; none if it can read.
fn signal_at(stale: *const u8) -> Option<i32> {
    let ended = support::forked(|| {
        // SAFETY: the child reads one byte, or ends there.
        unsafe {
            libc::signal(libc::SIGSEGV, libc::SIG_DFL);
            std::hint::black_box(stale.read_volatile());
        }
        true
    });
    libc::WIFSIGNALED(ended).then(|| libc::WTERMSIG(ended))
}

#[test]
fn a_paranoid_arena_faults_at_stale_pointers_and_nowhere_else() {
    for len in [3 * 4096, 1 << 20, 9 << 20] {
        let mut arena = Arena::<8>::new_in(Mapped::new().paranoid());
        let kept: *const u8 = arena.alloc([7u8; 100]).as_ptr();
        let stale = arena.scoped(|scope| scope.alloc_slice_fill_copy(len, 1u8)[len - 1..].as_ptr());
        assert_eq!(signal_at(stale), Some(libc::SIGSEGV), "{len}");
        assert_eq!(signal_at(kept), None);
        // What comes next has the pages again, and zeroes are zeroes.
        assert!(arena.alloc_slice_zeroed::<u8>(len).iter().all(|&byte| byte == 0));
        assert!(arena.alloc_slice_fill_copy(len, 5u8).iter().all(|&byte| byte == 5));
        arena.reset();
        assert_eq!(signal_at(stale), Some(libc::SIGSEGV));
        drop(arena);
        assert_eq!(signal_at(stale), Some(libc::SIGSEGV), "no block is kept");
    }
}

#[test]
fn a_paranoid_row_faults_at_stale_pointers_and_nowhere_else() {
    for len in [3 * 4096, 1 << 20, 9 << 20] {
        let mut values = RegionVec::new_in(Mapped::new().paranoid());
        values.resize(len, 7u8);
        let (kept, stale): (*const u8, *const u8) = (&values[0], &values[len - 1]);
        values.truncate(100);
        assert_eq!((signal_at(stale), signal_at(kept)), (Some(libc::SIGSEGV), None), "{len}");
        values.resize(len, 5);
        assert!(values[..100].iter().all(|&byte| byte == 7) && values[100..].iter().all(|&byte| byte == 5));
        assert_eq!(signal_at(stale), None);
        values.drain(1..);
        assert_eq!((signal_at(stale), signal_at(kept)), (Some(libc::SIGSEGV), None), "{len}");
        values.shrink_to_fit();
        drop(values);
        assert_eq!(signal_at(kept), Some(libc::SIGSEGV), "no region is kept");
        let mut arena = TypedArena::new_in(Mapped::new().paranoid());
        let stale: *const u8 = &arena.alloc_extend(std::iter::repeat_n(1, len))[len - 1];
        arena.clear();
        assert_eq!(signal_at(stale), Some(libc::SIGSEGV));
        assert!(arena.alloc_extend(std::iter::repeat_n(2, len)).iter().all(|&byte| byte == 2));
    }
}

#[test]
fn a_paranoid_reset_gives_ram_back_too() {
    let mut arena = Arena::<8>::new_in(Mapped::new().paranoid());
    arena.alloc_slice_fill_copy(32 << 20, 1u8);
    arena.reset_keeping(1 << 20);
    assert!(arena.resident() <= 2 << 20, "{}", arena.resident());
}
