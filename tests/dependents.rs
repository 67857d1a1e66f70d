//! How another package names this one: the lines that README.md, the front page of the documentation and
//! docs/bumpalo.md show, in packages that also have a crate of another's called `region`.
#![cfg(all(feature = "os", not(miri)))]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The line that every page shows, for when the crate is on the registry.
const PUBLISHED: &str = r#"region = { package = "libregion", version = "0.1", features = ["collections"] }"#;
/// The same under another name, for packages that have another `region`.
const RENAMED: &str = r#"arenas = { package = "libregion", version = "0.1" }"#;

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

/// A line of a page, which must be there, with this checkout in place of the version on the registry.
fn from_here(line: &str) -> String {
    assert!(page("README.md").contains(line), "README.md does not show {line}");
    line.replace(r#"version = "0.1""#, &format!("path = {ROOT:?}"))
}

/// Makes a package with these dependencies, beside another crate that is called `region`.
fn package(name: &str, dependencies: &[&str], source: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dependents").join(name);
    let write = |file: &str, text: &str| {
        let file = place.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    let head = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
    write("other/Cargo.toml", &head("region"));
    write("other/src/lib.rs", "pub fn other() -> u32 { 7 }\n");
    write("Cargo.toml", &format!("{}\n[workspace]\n\n[dependencies]\n{}\n", head(name), dependencies.join("\n")));
    write("src/lib.rs", source);
    // The versions that this very build has, so that nothing needs to be fetched.
    std::fs::copy(Path::new(ROOT).join("Cargo.lock"), place.join("Cargo.lock")).unwrap();
    place
}

fn check(place: &Path) -> Output {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dependents/target");
    Command::new(env!("CARGO"))
        .args(["check", "--offline", "--target-dir"])
        .arg(target)
        .arg("--manifest-path")
        .arg(place.join("Cargo.toml"))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .output()
        .unwrap()
}

#[track_caller]
fn compiles(place: &Path) {
    let output = check(place);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const OTHER: &str = r#"region = { path = "other" }"#;

#[test]
fn the_readmes_line_names_the_library_and_turns_features_on() {
    // `Vec` is there with the feature alone. Its crate came with those that the tests are built with.
    let source = "pub fn f(arena: &region::Arena) -> region::collections::Vec<'_, u32> { region::collections::Vec::new_in(arena) }\n";
    compiles(&package("plain", &[&from_here(PUBLISHED)], source));
}

#[test]
fn beside_another_region_the_line_is_refused_by_cargo_and_another_name_works() {
    let both = package("both", &[&from_here(PUBLISHED), OTHER], "");
    let refused = check(&both);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("duplicate key"), "{said}");

    let source = "pub fn f() -> u32 { *arenas::Arena::new().alloc(region::other()) }\n";
    compiles(&package("renamed", &[&from_here(RENAMED), OTHER], source));
}

/// What the line is there to prevent: without a name of its own the clash is the compiler's, at first use.
#[test]
fn without_the_line_the_clash_is_seen_at_first_use_only() {
    let bare = format!("libregion = {{ path = {ROOT:?} }}");
    let unused = package("unused", &[&bare, OTHER], "");
    compiles(&unused);
    let used = check(&package("used", &[&bare, OTHER], "pub fn f() { region::Arena::new(); }\n"));
    let said = String::from_utf8_lossy(&used.stderr).into_owned();
    assert!(!used.status.success() && said.contains("E0464"), "{said}");
}

#[test]
fn every_front_page_shows_the_line() {
    for name in ["README.md", "src/lib.rs", "docs/bumpalo.md"] {
        for line in [PUBLISHED, RENAMED] {
            assert!(page(name).contains(line), "{name} does not show {line}");
        }
    }
    let top: Vec<_> = page("README.md").lines().take(40).map(str::to_owned).collect();
    assert!(top.iter().any(|line| line == PUBLISHED), "the first screen does not say how to add it");
}
