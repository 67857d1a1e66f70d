//! The library as C users build it: by the aliases of `.cargo/config.toml`, into a directory of the tests' own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");
pub const TEMP: &str = env!("CARGO_TARGET_TMPDIR");

/// What `cargo capi` made.
pub struct Library {
    pub archive: PathBuf,
    pub shared: PathBuf,
    /// The header as build.rs made it just now.
    pub header: PathBuf,
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

/// Runs an alias with more flags for rustc, and keeps what it made in a directory of this name.
///
/// All of them build in one place, one after the other, so that cbindgen is built once.
fn build(alias: &str, name: &str, flags: &[&str]) -> Library {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let target = format!("{TEMP}/c_abi/target");
    let words = alias_words(alias);
    let split = words.iter().position(|word| word == "--").unwrap();
    let (cargo, rustc) = words.split_at(split);
    // The alias says where; the tests stay out of there.
    let cargo: Vec<_> = cargo.iter().take_while(|word| *word != "--target-dir").collect();
    let output = Command::new(env!("CARGO"))
        .args(cargo)
        .args(["--quiet", "--target-dir", &target])
        .args(rustc)
        .args(flags)
        .current_dir(ROOT)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo {alias}: {}", String::from_utf8_lossy(&output.stderr));
    let release = Path::new(&target).join("release");
    let kept = directory(&format!("library-{name}"));
    let keep = |file: &Path| {
        let to = kept.join(file.file_name().unwrap());
        if file.exists() {
            std::fs::copy(file, &to).unwrap();
        }
        to
    };
    Library {
        archive: keep(&release.join("libregion.a")),
        shared: keep(&release.join("libregion.so")),
        header: keep(&newest_header(&release.join("build"))),
    }
}

/// The words of an alias, which are the quoted ones.
fn alias_words(alias: &str) -> Vec<String> {
    let config = std::fs::read_to_string(format!("{ROOT}/.cargo/config.toml")).unwrap();
    let (_, rest) = config.split_once(&format!("\n{alias} = [")).unwrap();
    let (list, _) = rest.split_once(']').unwrap();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The header of the last build script that ran here.
fn newest_header(build: &Path) -> PathBuf {
    let runs = std::fs::read_dir(build).unwrap().map(|run| run.unwrap().path().join("out/region.h"));
    let written = |path: &PathBuf| path.metadata().and_then(|header| header.modified()).ok();
    runs.filter(|path| path.exists()).max_by_key(written).unwrap()
}

/// A directory of this name, for what a test makes.
pub fn directory(name: &str) -> PathBuf {
    let path = Path::new(TEMP).join("c_abi/made").join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}
