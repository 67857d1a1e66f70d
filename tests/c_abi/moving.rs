//! The programs of c-tests/moving: each pair, before and after, prints the same.

use crate::library::{ROOT, directory, hosted};
use crate::tools::{Compiler, feed, has, said, skip};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

const WAY: Compiler =
    Compiler { name: "moving", command: &["gcc"], flags: &["-std=gnu99", "-O2", "-Wall", "-Wextra", "-Werror"] };

fn build(source: &str, name: &str, more: &[OsString]) -> PathBuf {
    let source = OsString::from(format!("{ROOT}/c-tests/moving/{source}.c"));
    let program = directory(WAY.name).join(name);
    let arguments: Vec<&OsStr> = [source.as_os_str()].into_iter().chain(more.iter().map(OsString::as_os_str)).collect();
    let made = WAY.run(&arguments, &program);
    assert!(made.status.success(), "{name}: {}", said(&made));
    program
}

fn plain(name: &str, more: &[OsString]) -> PathBuf {
    build(name, name, more)
}

/// What a compiler is told of a package; `None` if it is not there.
fn package(name: &str) -> Option<Vec<OsString>> {
    let told = Command::new("pkg-config").args(["--cflags", "--libs", name]).output().ok()?;
    let words = String::from_utf8_lossy(&told.stdout).split_whitespace().map(OsString::from).collect();
    told.status.success().then_some(words)
}

#[test]
fn programs_that_moved_print_what_they_did_before() {
    if !has("gcc", "programs that moved to arenas") {
        return;
    }
    let inputs = [
        "",
        "a = 1\nb = 2\nno setting\n c=3\na= 4\n",
        "a = 1\nb = !\nb = 2\nlist =  x\nlist = y \nlist=z\nname = two words\n",
        &(0..2000).map(|at| format!("key{} = value {at}{}\n", at % 50, "long ".repeat(at % 100))).collect::<String>(),
    ];
    let reference = plain("malloc_before", &[]);
    for (name, needs, from) in [
        ("malloc", None, ""),
        ("obstack", None, ""),
        ("apr", Some("apr-1"), "libapr1-dev"),
        ("talloc", Some("talloc"), "libtalloc-dev"),
    ] {
        // What all of them print, but for APR's last line.
        let after = plain(&format!("{name}_after"), &[hosted().archive.clone().into_os_string()]);
        let libraries = needs.map_or(Some(Vec::new()), package);
        let before = libraries.map(|libraries| plain(&format!("{name}_before"), &libraries));
        for input in inputs {
            let printed = feed(Command::new(&after), input.as_bytes());
            assert!(printed.status.success(), "{name}: {}", said(&printed));
            let common = feed(Command::new(&reference), input.as_bytes()).stdout;
            assert!(printed.stdout.starts_with(&common), "{name} prints something else than malloc_before");
            if let Some(before) = &before {
                assert_eq!(feed(Command::new(before), input.as_bytes()).stdout, printed.stdout, "{name}");
            }
        }
        if name == "obstack" {
            // The source as it was, with this library's <obstack.h>.
            let ours = [format!("-I{ROOT}/include/region").into(), hosted().archive.clone().into_os_string()];
            let third = build(&format!("{name}_before"), "obstack_include", &ours);
            for input in inputs {
                let printed = feed(Command::new(&after), input.as_bytes()).stdout;
                let same = feed(Command::new(&third), input.as_bytes());
                assert!(same.status.success() && same.stdout == printed, "obstack.h: {}", said(&same));
            }
        }
        if before.is_none() {
            skip(&format!("what {name}_before.c prints"), &format!("there is no {from}"));
        }
    }
}
