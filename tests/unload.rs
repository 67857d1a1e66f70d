//! What is kept for new arenas when the code that keeps it goes: plugins that are loaded and closed, in C with the
//! archive and with the shared library, and in Rust; and a program's end with arenas in use.

#![cfg(all(
    feature = "os",
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]

#[allow(dead_code)] // for other tests
#[path = "c_abi/library.rs"]
mod library;
#[allow(dead_code)]
#[path = "c_abi/tools.rs"]
mod tools;

use library::{ROOT, TARGET, cargo, hosted};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::{Compiler, STRICT, has, passes, said};

const WAY: Compiler = Compiler { name: "unload", command: &["gcc"], flags: &["-std=c11", "-O1", "-g", "-pthread"] };

fn build(source: &str, way: Compiler, more: &[&OsStr]) -> PathBuf {
    way.build(source, &[&STRICT.map(OsStr::new), more].concat())
}

/// Links with the shared library, which is found where it is.
fn shared() -> [OsString; 3] {
    let place = hosted().shared.parent().unwrap();
    let with = |flag: &str| {
        let mut text = OsString::from(flag);
        text.push(place);
        text
    };
    [with("-L"), "-lregion".into(), with("-Wl,-rpath,")]
}

/// Runs the program that loads a plugin fifty times.
fn gives_back(plugin: &Path, more: &[&OsStr]) {
    let mut command = Command::new(build("unload.c", WAY, &[OsStr::new("-ldl")]));
    command.arg(plugin).args(more);
    passes(command);
}

#[test]
fn plugin_with_the_archive_in_it_gives_back_what_it_kept() {
    if has("gcc", "a plugin with the archive in it") {
        let way = Compiler { name: "plugin-archive", flags: &["-std=c11", "-O1", "-fPIC", "-shared"], ..WAY };
        gives_back(&build("plugin.c", way, &[hosted().archive.as_os_str()]), &[]);
    }
}

#[test]
fn shared_library_gives_back_what_it_kept() {
    if has("gcc", "a plugin with the shared library") {
        let way = Compiler { name: "plugin-shared", flags: &["-std=c11", "-O1", "-fPIC", "-shared"], ..WAY };
        let plugin = build("plugin.c", way, &shared().each_ref().map(|flag| flag.as_os_str()));
        let library = hosted().shared.with_file_name("libregion.so.0");
        gives_back(&plugin, &[OsStr::new("plugin_work"), library.as_os_str()]);
    }
}

#[test]
fn plugin_in_rust_gives_back_what_it_kept() {
    if !has("gcc", "a plugin in Rust") {
        return;
    }
    let target = format!("{TARGET}/rust-plugin");
    let output = cargo()
        .args(["rustc", "--quiet", "--release", "--lib", "--crate-type", "cdylib", "--features", "os"])
        .args(["--manifest-path", &format!("{ROOT}/tests/no_std/Cargo.toml"), "--target-dir", &target])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let plugin = Path::new(&target).join("release/libno_std_probe.so");
    gives_back(&plugin, &[OsStr::new("probe_cache")]);
}

#[test]
fn program_ends_while_threads_have_arenas() {
    if !has("gcc", "the end of a program with threads") {
        return;
    }
    let shared = shared();
    let shared = shared.each_ref().map(|flag| flag.as_os_str());
    for (name, libraries) in [("exit-archive", &[hosted().archive.as_os_str()][..]), ("exit-shared", &shared)] {
        let program = build("exit.c", Compiler { name, ..WAY }, libraries);
        for _ in 0..20 {
            passes(Command::new(&program));
        }
    }
}

/// What a program keeps is the system's to take back: one that forbade itself to unmap is not killed at its end.
#[test]
fn program_unmaps_nothing_at_its_end() {
    for way in [
        Compiler { name: "end", ..WAY },
        Compiler { name: "end-static", flags: &["-std=c11", "-static"], ..WAY },
        Compiler { name: "end-no-pie", flags: &["-std=c11", "-no-pie"], ..WAY },
        Compiler { name: "end-static-pie", flags: &["-std=c11", "-static-pie"], ..WAY },
    ] {
        if way.works(&format!("the end of a program, built by {}", way.name)) {
            passes(Command::new(build("end.c", way, &[hosted().archive.as_os_str()])));
        }
    }
}
