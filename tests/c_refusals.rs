//! The built archive when it is refused something: by a caller's mistake, by a limit, by the system.
//!
//! Every exported function is seen to fail, under every system call that the library makes and the kernel could refuse.

#![cfg(all(feature = "os", target_os = "linux"))]

#[allow(dead_code)] // each test uses its part
#[path = "c_abi/library.rs"]
mod library;
#[allow(dead_code)]
#[path = "c_abi/object.rs"]
mod object;
#[allow(dead_code)]
#[path = "c_abi/tools.rs"]
mod tools;

use library::hosted;
use object::Object;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use tools::{Compiler, STRICT, has, said};

/// How the programs are built.
const WAY: Compiler = Compiler { name: "refusals", command: &["gcc"], flags: &["-std=c99", "-O1", "-g"] };

fn build(source: &str, more: &[&OsStr]) -> PathBuf {
    let arguments: Vec<&OsStr> = STRICT.iter().map(OsStr::new).chain(more.iter().copied()).collect();
    WAY.build(source, &arguments)
}

/// Functions that have no way to fail, and why.
const CANNOT_FAIL: [(&str, &str); 11] = [
    ("region_abi_version", "a constant"),
    ("region_version", "a constant"),
    ("region_page_size", "what the machine has"),
    ("region_strerror", "every number has a sentence, which bad_input.c checks"),
    ("region_trim", "gives back what there is"),
    ("region_arena_mark", "of NULL, a mark that no arena takes: bad_input.c hands it to region_arena_rewind"),
    ("region_free", "answers nothing; of NULL it does nothing"),
    ("region_hook_free", "answers nothing; of NULL it does nothing"),
    ("region_sized_free", "answers nothing; of NULL it does nothing"),
    ("region_string_drop", "answers nothing; of NULL it does nothing"),
    ("region_oom_abort", "ends the process, which oom_abort.c checks"),
];

/// The functions whose calls a program saw fail, by what FAILS and EMPTY of check.h printed.
fn refused(mut command: Command) -> BTreeSet<String> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    let calls = printed.lines().filter_map(|line| line.strip_prefix("refused: "));
    let name = |call: &str| {
        // The twins are called by their names as text.
        let call = call.strip_prefix("get(\"").unwrap_or(call);
        call.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap().to_owned()
    };
    calls.map(name).collect()
}

#[test]
fn every_function_is_seen_to_fail() {
    if !has("nm", "that every function fails") || !has("gcc", "that every function fails") {
        return;
    }
    let archive = hosted().archive.as_os_str();
    let mut by_header = refused(Command::new(build("bad_input.c", &[archive])));
    by_header.append(&mut refused(Command::new(build("shared.c", &[archive]))));
    let by_name = refused({
        let mut command = Command::new(build("twins.c", &[OsStr::new("-ldl")]));
        command.arg(&hosted().shared);
        command
    });
    let header = std::fs::read_to_string(&hosted().header).unwrap();
    let inline = |name: &str| {
        let call = format!("{name}(");
        header.lines().any(|line| line.starts_with("static inline ") && line.contains(&call))
    };
    let exported = Object::of(&hosted().archive, "failures").names("T");
    for (name, why) in CANNOT_FAIL {
        assert!(exported.iter().any(|exported| exported == name), "{name} is not exported");
        assert!(!by_header.contains(name), "{name} fails, and is listed as what cannot: {why}");
    }
    let can_fail = |name: &str| !CANNOT_FAIL.iter().any(|(cannot, _)| *cannot == name);
    let mut missing: Vec<&str> = Vec::new();
    for name in exported.iter().map(String::as_str).filter(|name| can_fail(name)) {
        // What the header has inline is another function than the exported one of that name.
        let seen = by_header.contains(name) && (!inline(name) || by_name.contains(name));
        if !seen {
            missing.push(name);
        }
    }
    assert!(
        missing.is_empty(),
        "no test sees these fail; give each a FAILS(...) or EMPTY(...) in c-tests/bad_input.c, those that are inline \
         in the header one in c-tests/twins.c too, or say in CANNOT_FAIL why they cannot: {missing:#?}"
    );
}
