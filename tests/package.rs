//! What the manifests promise: how much the README's first command compiles, and what the package has.
//!
//! What is in the sources is for other tests; these ask cargo and build nothing.
#![cfg(not(miri))]

use std::collections::BTreeSet;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What cargo prints at the top of the clone.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).current_dir(ROOT).args(arguments).output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Crates that `cargo run --example json` may compile, the library and the example among them.
const CRATES_OF_EXAMPLES: usize = 25;

#[test]
fn an_example_compiles_few_crates() {
    let tree = cargo(&["tree", "--offline", "--package", "libregion-examples", "--prefix", "none", "--format", "{p}"]);
    let crates: BTreeSet<&str> = tree.lines().filter(|line| !line.is_empty()).collect();
    assert!(crates.iter().any(|one| one.starts_with("serde_json ")), "{crates:?}");
    assert!(crates.len() <= CRATES_OF_EXAMPLES, "{}: {crates:?}", crates.len());
}

/// Files of the package, and bytes before they are packed.
const PACKAGE: (usize, u64) = (329, 2_700_000);

#[test]
fn the_package_is_what_users_need() {
    let list = cargo(&["package", "--package", "libregion", "--list", "--allow-dirty", "--offline", "--quiet"]);
    // What cargo makes, beside the files that are here.
    let here = |name: &&str| std::fs::metadata(std::path::Path::new(ROOT).join(name)).ok();
    let bytes: u64 = list.lines().filter_map(|name| here(&name)).map(|file| file.len()).sum();
    let files = list.lines().count();
    println!("{files} files, {bytes} bytes");
    assert!(files <= PACKAGE.0 && bytes <= PACKAGE.1, "{files} files, {bytes} bytes");
    for place in
        ["tests/", "benches/", "examples/", "fuzz/", "xtask/", "c-tests/", "compat/", ".ci/", ".cargo/", ".github/"]
    {
        assert!(!list.lines().any(|name| name.starts_with(place)), "{place} is in the package");
    }
}

/// A link of a page in the package leads to a file in the package, or to one of the places that README.md says are in
/// the repository alone.
#[test]
fn what_the_readme_links_to_is_where_it_is_read() {
    let list = cargo(&["package", "--package", "libregion", "--list", "--allow-dirty", "--offline", "--quiet"]);
    let readme = std::fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    let text = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Examples, tests, benchmarks and the programs in C are in the repository alone."));
    let elsewhere = ["examples/", "tests/", "benches/", "c-tests"];
    let mut seen = 0;
    for link in readme.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()) {
        if link.contains("://") || link.is_empty() {
            continue;
        }
        seen += 1;
        let there = list.lines().any(|name| name == link) || elsewhere.iter().any(|place| link.starts_with(place));
        assert!(there && std::path::Path::new(ROOT).join(link).exists(), "{link} is not in the package");
    }
    assert!(seen > 10, "{seen} links are not all");
}
