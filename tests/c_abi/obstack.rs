//! `region/obstack.h` beside glibc's: c-tests/obstack.c, one source, prints and ends alike with both.

use crate::library::{ROOT, directory, hosted};
use crate::tools::{Compiler, STRICT, has, passes, said};
use crate::{SANITIZED, WAYS};
use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output};

fn build(way: Compiler, more: &[&str]) -> PathBuf {
    let flags: Vec<&OsStr> = more.iter().chain(&STRICT).map(OsStr::new).collect();
    way.build("obstack.c", &[&flags[..], &[hosted().archive.as_os_str()]].concat())
}

/// What it prints, what it says where memory ends, and how it ends at an address of elsewhere.
fn told(program: &PathBuf) -> [Output; 3] {
    [&[][..], &["exhausted"], &["elsewhere"]].map(|words| Command::new(program).args(words).output().unwrap())
}

#[test]
fn obstacks_print_and_end_as_glibcs_do() {
    if !has("gcc", "obstacks beside glibc's") {
        return;
    }
    let source = Compiler { name: "obstack-glibc", command: &["gcc"], flags: &["-std=gnu99", "-O1", "-DGNU_OBSTACK"] };
    let theirs = told(&source.build("obstack.c", &[]));
    assert!(theirs[0].status.success() && !theirs[0].stdout.is_empty(), "{}", said(&theirs[0]));
    assert_eq!((theirs[1].status.code(), said(&theirs[1])), (Some(7), "memory exhausted\n".into()));
    assert!(theirs[2].status.signal().is_some(), "{}", theirs[2].status);
    let cpp = ["-xc++", "-std=c++11"];
    for (way, more) in [
        (WAYS[0], &[][..]),
        (Compiler { name: "clang-c99", command: &["clang"], flags: &["-std=c99", "-O2"] }, &[]),
        (Compiler { name: "musl-c99", command: &["musl-gcc"], flags: &["-std=c99", "-O2"] }, &[]),
        (Compiler { name: "obstack-g++", command: &["g++"], flags: &cpp }, &["-xnone"]),
        (Compiler { name: "obstack-clang++", command: &["clang++"], flags: &cpp }, &["-xnone"]),
        (Compiler { name: "obstack-sanitized", ..SANITIZED }, &[]),
    ] {
        if !way.works(&format!("obstacks, built by {}", way.name)) {
            continue;
        }
        for (ours, theirs) in told(&build(way, more)).iter().zip(&theirs) {
            assert_eq!(ours.status, theirs.status, "{}: {}", way.name, said(ours));
            assert_eq!(String::from_utf8_lossy(&ours.stdout), String::from_utf8_lossy(&theirs.stdout), "{}", way.name);
            assert_eq!(said(ours), said(theirs), "{}", way.name);
        }
    }
}

#[test]
fn files_of_a_program_share_the_handler_and_may_include_glibcs_header_later() {
    if !has("gcc", "an obstack's handler in two files") {
        return;
    }
    let place = directory("obstack-files");
    // The second is as a program's own header would have it: another include of <obstack.h> defines nothing more.
    let text = "#define obstack_chunk_alloc malloc\n#define obstack_chunk_free free\n";
    let one = "static void leave(void) { exit(0); }\nvoid fill(void);\n\
               int main(void) { obstack_alloc_failed_handler = leave; obstack_exit_failure = 3; fill(); return 1; }\n";
    let two = "#include <obstack.h>\nvoid fill(void);\n\
               void fill(void) { struct obstack o; obstack_init(&o); if (obstack_exit_failure == 3) obstack_blank(&o, PTRDIFF_MAX); }\n";
    let mut files = Vec::new();
    for (name, body) in [("one.c", one), ("two.c", two)] {
        let path = place.join(name);
        std::fs::write(&path, format!("#include <region/obstack.h>\n{text}{body}")).unwrap();
        files.push(path.into_os_string());
    }
    files.push(hosted().archive.clone().into_os_string());
    for way in [WAYS[0], SANITIZED] {
        let arguments: Vec<&OsStr> = files.iter().map(OsString::as_os_str).collect();
        let program = place.join(way.name);
        let made = way.run(&arguments, &program);
        assert!(made.status.success(), "{}", said(&made));
        passes(Command::new(program));
    }
}

#[test]
fn glibcs_header_before_this_one_is_said_to_be_wrong() {
    if !has("gcc", "both obstack headers") {
        return;
    }
    let source = directory("obstack-files").join("both.c");
    std::fs::write(&source, "#include <obstack.h>\n#include <region/obstack.h>\n").unwrap();
    let output =
        Command::new("gcc").args(["-fsyntax-only", &format!("-I{ROOT}/include")]).arg(source).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("in its place"), "{}", said(&output));
}
