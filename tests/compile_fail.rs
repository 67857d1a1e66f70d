//! What the compiler must refuse, and what it must not: the lifetimes that make arenas safe.
//!
//! And what it says in a build of few features (`compile_fail_features`): the name of the feature that is missing.
//!
//! The messages in `compile_fail/*.stderr` are one compiler release's; others word them differently, so
//! the test runs with that one alone. `TRYBUILD=overwrite` writes them anew.
#![cfg(all(feature = "os", not(miri)))]

use std::io::Write;
use std::process::Command;

/// The release that `compile_fail/*.stderr` was written by.
const BLESSED: &str = "rustc 1.95.";

#[test]
fn the_compiler_refuses_what_would_dangle_and_nothing_else() {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let version = String::from_utf8(Command::new(rustc).arg("--version").output().unwrap().stdout).unwrap();
    let tests = trybuild::TestCases::new();
    tests.pass("tests/compile_pass/*.rs");
    #[cfg(feature = "collections")]
    tests.pass("tests/compile_pass_collections/*.rs");
    if version.starts_with(BLESSED) {
        tests.compile_fail("tests/compile_fail/*.rs");
        #[cfg(feature = "collections")]
        tests.compile_fail("tests/compile_fail_collections/*.rs");
        #[cfg(not(feature = "alloc"))]
        #[cfg(not(feature = "collections"))]
        tests.compile_fail("tests/compile_fail_features/*.rs");
    } else {
        // Past the harness's capture: a skip must be seen.
        let skipped = format!("\nSKIPPED: tests/compile_fail needs {BLESSED}x, and this is {version}\n");
        std::io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
}
