//! No function that the system can refuse is without a story. By text, as tests/public_api.rs reads the source.

use std::path::Path;

/// Functions that report an error of these kinds and make no call that could be refused, or are others by another name.
const WITHOUT: [(&str, &str); 5] = [
    ("stdin", "`from_fd` of descriptor 0"),
    ("read_stdin", "`read_fd` of descriptor 0"),
    ("from_raw", "hands a pool's pages from hand to hand"),
    ("give_back_raw", "changes a bitmap"),
    ("give_back_many_raw", "changes a bitmap"),
];

/// Names of public functions below a folder of `src/` whose error is the system's.
fn fallible(folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let source = std::fs::read_to_string(path).unwrap();
        for declaration in source.split("\n    pub ").skip(1) {
            let signature = declaration.split('{').next().unwrap();
            let Some((_, function)) = signature.split_once("fn ") else { continue };
            let errors = [", Error>", ", InputError>", ", PoolError>", ", SharedError>", ", ReadError>"];
            if errors.iter().any(|error| signature.contains(error)) {
                names.push(function.split(['(', '<']).next().unwrap().to_owned());
            }
        }
    }
    names
}

#[test]
fn every_function_that_the_system_can_refuse_is_in_a_story() {
    let stories = concat!(include_str!("../faults.rs"), include_str!("outside.rs"));
    let names: Vec<String> =
        ["region", "input", "pool", "shared", "arena", "arena/backing"].into_iter().flat_map(fallible).collect();
    for known in ["map", "read_more", "trim", "sealed", "flush"] {
        assert!(names.iter().any(|name| name == known), "the reading of the source misses {known}: {names:?}");
    }
    let called = |name: &str| [".", "::"].iter().any(|before| stories.contains(&format!("{before}{name}(")));
    let missing: Vec<&String> =
        names.iter().filter(|name| !called(name) && !WITHOUT.iter().any(|(without, _)| without == name)).collect();
    assert!(missing.is_empty(), "in no story: {missing:?}");
}
