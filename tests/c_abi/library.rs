//! The library as C users build it, by `cargo capi` and its sisters, into a directory of the tests' own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");
pub const TEMP: &str = env!("CARGO_TARGET_TMPDIR");

/// What `cargo capi` or a sister of it made.
pub struct Library {
    pub archive: PathBuf,
    pub shared: PathBuf,
}

/// `cargo capi`.
pub fn hosted() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| build("capi", "hosted", &[]))
}

/// `cargo capi-freestanding`.
pub fn freestanding() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| build("capi-freestanding", "freestanding", &[]))
}

/// `cargo capi-checked`.
pub fn checked() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| build("capi-checked", "checked", &[]))
}

/// `cargo capi-small`.
pub fn small() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| build("capi-small", "small", &[]))
}

/// `cargo capi`, with a symbol that a panic would need.
pub fn panicking() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| build("capi", "panicking", &["--cfg", "region_panics"]))
}

/// `cargo capi-malloc`: the object in place of an archive.
pub fn malloc() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| build("capi-malloc", "malloc", &[]))
}

/// The same, with a symbol that a panic would need.
pub fn panicking_malloc() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| build("capi-malloc", "malloc-panicking", &["--cfg", "region_panics"]))
}

/// Runs an alias with more flags for rustc, and keeps what it made in a directory of this name.
///
/// All of them build in one place, one after the other.
fn build(alias: &str, name: &str, flags: &[&str]) -> Library {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let output = cargo().args([alias, "--quiet", "--target-dir", TARGET, "--"]).args(flags).output().unwrap();
    assert!(output.status.success(), "cargo {alias}: {}", String::from_utf8_lossy(&output.stderr));
    let flavour = alias.strip_prefix("capi").unwrap().trim_start_matches('-');
    let kept = directory(&format!("library-{name}"));
    let made = Path::new(TARGET).join(flavour).join("release/.");
    let copied = Command::new("cp").arg("-a").args([&made, &kept]).status().unwrap();
    assert!(copied.success());
    let (archive, shared) = match flavour {
        "malloc" => ("region_malloc.o", "libregion_malloc.so"),
        _ => ("libregion.a", "libregion.so"),
    };
    Library { archive: kept.join(archive), shared: kept.join(shared) }
}

/// Where the tests' libraries are made.
pub const TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/c_abi/target");

/// Cargo at the top of the clone, with nothing in its environment that changes what it makes.
pub fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(ROOT);
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        command.env_remove(variable);
    }
    command
}

/// The text of the header as it is committed. That it is what the sources make is `c_abi.rs`'s.
pub fn header() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("include/region.h")).unwrap()
}

/// A directory of this name, for what a test makes.
pub fn directory(name: &str) -> PathBuf {
    let path = Path::new(TEMP).join("c_abi/made").join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}
