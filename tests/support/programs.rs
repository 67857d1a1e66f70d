//! The example programs, for tests that run them. By itself, as those tests need nothing else of `support`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the example programs, with those that cargo makes of these arguments, if `cargo test` did not build
/// them along.
pub fn built(wanted: &[&str]) -> PathBuf {
    // This test is target/PROFILE/deps/NAME; examples are target/PROFILE/examples/NAME.
    let profile = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_path_buf();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--manifest-path"]);
    build.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).args(wanted);
    build.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success());
    profile.join("examples")
}
