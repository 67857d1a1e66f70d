//! Without std: the crate links into a static library that has a panic handler of its own and no
//! allocator, with a system and without one, and asks for nothing but memory functions.

#![cfg(all(feature = "os", target_os = "linux"))]

use std::process::Command;

/// Builds the probe and gives the undefined symbols of its own object in the archive.
fn missing_symbols(features: &[&str]) -> Vec<String> {
    let root = env!("CARGO_MANIFEST_DIR");
    let target = format!("{}/no_std", env!("CARGO_TARGET_TMPDIR"));
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--manifest-path"])
        .args([&format!("{root}/tests/no_std/Cargo.toml"), "--target-dir", &target])
        .args(features)
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    let nm = Command::new("nm").arg(format!("{target}/release/libno_std_probe.a")).output();
    let Ok(nm) = nm else {
        eprintln!("SKIPPED: the archive's symbols: there is no nm");
        return Vec::new();
    };
    // The other members are the compiler's own functions, which a linker takes only on demand.
    let all = String::from_utf8(nm.stdout).unwrap();
    let listing: String = all.split("\n\n").filter(|member| member.trim_start().starts_with("no_std_probe")).collect();
    let symbols = |kinds: &str| -> Vec<String> {
        let of_kind = listing.lines().filter_map(|line| {
            let mut words = line.split_whitespace().rev();
            let (name, kind) = (words.next()?, words.next()?);
            kinds.contains(kind).then(|| name.to_owned())
        });
        of_kind.collect()
    };
    let defined = symbols("TtRrDdBbVvWw");
    assert!(defined.iter().any(|name| name == "probe_buffer"), "{listing}");
    symbols("U").into_iter().filter(|name| !defined.contains(name)).collect()
}

#[test]
fn nothing_below_has_std_or_alloc() {
    for features in [&[][..], &["--features", "os"][..], &["--features", "os,collections"][..]] {
        for name in missing_symbols(features) {
            let memory = ["memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen"].contains(&name.as_str());
            assert!(memory || name == "_GLOBAL_OFFSET_TABLE_", "{features:?} asks for {name}");
        }
    }
}

/// `alloc`'s collections over a heap of many threads, without std and libc.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_freestanding_program_allocates_in_two_threads() {
    let root = env!("CARGO_MANIFEST_DIR");
    let target = format!("{}/freestanding", env!("CARGO_TARGET_TMPDIR"));
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--manifest-path"])
        .args([&format!("{root}/tests/freestanding/Cargo.toml"), "--target-dir", &target])
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    let status = Command::new(format!("{target}/release/freestanding")).status().unwrap();
    assert_eq!(status.code(), Some(42), "{status}");
}
