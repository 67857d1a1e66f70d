//! The JSON example as a program: what it takes as its document, what it says, how it ends.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The program, built if `cargo test` did not build it along.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // This test is target/PROFILE/deps/NAME; examples are target/PROFILE/examples/NAME.
        let profile = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_path_buf();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--example", "json", "--manifest-path"]);
        build.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        build.arg("--target-dir").arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
        profile.join("examples/json")
    })
}

/// How standard input is given.
enum Given<'s> {
    Nothing,
    File(&'s Path),
    Pipe(&'s [u8]),
}

fn run(arguments: &[&str], given: Given<'_>) -> Output {
    let stdin = match given {
        Given::Nothing => Stdio::null(),
        Given::File(path) => File::open(path).unwrap().into(),
        Given::Pipe(_) => Stdio::piped(),
    };
    let mut command = Command::new(program());
    command.args(arguments).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    if let (Given::Pipe(bytes), Some(mut pipe)) = (given, child.stdin.take()) {
        pipe.write_all(bytes).unwrap();
    }
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it complains of, with which exit code. Says nothing else.
fn complaint(output: &Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// The figure in the row of this name.
fn figure(out: &str, row: &str) -> u64 {
    let line =
        out.lines().find(|line| line.trim_start().starts_with(row)).unwrap_or_else(|| panic!("no {row} in {out}"));
    line.split_whitespace().last().unwrap().replace(',', "").parse().unwrap()
}

/// A file of this test's own, gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{}.json", std::process::id()));
        fs::write(&path, bytes).unwrap();
        Scratch(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = fs::remove_file(&self.0);
    }
}

const DOCUMENT: &[u8] = br#"{"a": [1, -2.5e3, "x\ny"], "b": {"c": null}, "b": true}"#;

fn assert_counts(out: &str) {
    assert_eq!(figure(out, "bytes"), DOCUMENT.len() as u64);
    for (row, count) in [("objects", 2), ("arrays", 1), ("strings", 1), ("numbers", 2), ("keys", 4), ("depth", 2)] {
        assert_eq!(figure(out, row), count, "{row} in {out}");
    }
}

#[test]
fn file_pipe_and_redirected_file_give_the_same_counts() {
    let file = Scratch::new("same", DOCUMENT);
    for access in [&["--rounds", "0"][..], &["--rounds=0", "--read"]] {
        let with = |name| [access, &[name][..]].concat();
        assert_counts(&out(&run(&with(file.name()), Given::Nothing)));
        assert_counts(&out(&run(&with("-"), Given::Pipe(DOCUMENT))));
        assert_counts(&out(&run(&with("-"), Given::File(&file.0))));
        assert_counts(&out(&run(access, Given::Pipe(DOCUMENT))));
        assert_counts(&out(&run(access, Given::File(&file.0))));
    }
    // A pipe that nobody asked for does not come before a file that somebody did.
    assert_counts(&out(&run(&["--rounds", "0", file.name()], Given::Pipe(b""))));
}

#[test]
fn without_a_document_it_builds_the_same_one_each_time() {
    let runs = [(); 2].map(|()| out(&run(&["--size", "2", "--rounds", "0"], Given::Nothing)));
    assert_eq!(runs[0], runs[1]);
    assert!((2_000_000..2_002_000).contains(&figure(&runs[0], "bytes")));
    assert!(figure(&runs[0], "objects") > 10_000);
}

#[test]
fn the_table_measures_every_candidate_on_the_same_document() {
    let built = out(&run(&["--size", "2", "--rounds", "1"], Given::Nothing));
    let values = |out: &str| {
        let line = out.lines().find(|line| line.starts_with("values")).unwrap().to_string();
        line.split_whitespace().skip(1).map(|value| value.replace(',', "").parse().unwrap()).collect::<Vec<u64>>()
    };
    let counted = ["objects", "arrays", "strings", "numbers", "true, false, null"].map(|row| figure(&built, row));
    assert_eq!(values(&built), [counted.iter().sum::<u64>(); 4]);

    // Handed on by name, by pipe, and from a pipe; serde_json drops the first of the duplicate keys.
    let file = Scratch::new("table", DOCUMENT);
    for (arguments, given) in [
        (&["--rounds", "1", file.name()][..], Given::Nothing),
        (&["--rounds", "1", "--read", file.name()], Given::Nothing),
        (&["--rounds", "1"], Given::File(&file.0)),
        (&["--rounds", "1"], Given::Pipe(DOCUMENT)),
    ] {
        assert_eq!(values(&out(&run(arguments, given))), [8, 8, 8, 6]);
    }
}

#[test]
fn a_candidate_that_refuses_the_document_says_so_and_leaves_the_rest() {
    let deep = "[".repeat(5000) + &"]".repeat(5000);
    let out = out(&run(&["--rounds", "1", "--max-depth", "5000"], Given::Pipe(deep.as_bytes())));
    let values = out.lines().find(|line| line.starts_with("values")).unwrap();
    assert_eq!(values.split_whitespace().collect::<Vec<_>>(), ["values", "5,000", "5,000", "–", "–"]);
    assert!(out.contains("nested more than 4096 deep") && out.contains("recursion limit"), "{out}");
}

#[test]
fn what_is_no_json_is_shown_with_its_place() {
    let file = Scratch::new("bad", b"{\n  \"a\": 01\n}\n");
    for (arguments, given) in [(&[file.name()][..], Given::Nothing), (&[], Given::Pipe(b"{\n  \"a\": 01\n}\n"))] {
        let (code, message) = complaint(&run(arguments, given));
        assert_eq!(code, 1);
        assert!(message.contains(": line 2, column 8: a number does not start with 0"), "{message}");
        assert!(message.ends_with("   2 │   \"a\": 01\n     │        ^\n"), "{message}");
        assert!(!message.contains('\x1b'), "{message}");
    }
    let (code, message) = complaint(&run(&["--max-depth", "2"], Given::Pipe(b"[[[]]]")));
    assert_eq!(code, 1);
    assert!(message.contains("line 1, column 3: nested more than 2 deep"), "{message}");
}

#[test]
fn what_cannot_be_read_is_named_with_the_reason() {
    let empty = Scratch::new("empty", b"");
    let directory = env!("CARGO_MANIFEST_DIR");
    for (name, reason) in [
        ("/no/such/file.json", "o such file"),
        (directory, "s a directory"),
        (empty.name(), "the document is empty"),
        ("/dev/null", "the document is empty"),
    ] {
        for access in [&[][..], &["--read"]] {
            let (code, message) = complaint(&run(&[access, &[name][..]].concat(), Given::Nothing));
            assert_eq!(code, 1, "{name}");
            assert!(message.starts_with(&format!("json: {name}: ")) && message.contains(reason), "{message}");
        }
    }
    let (code, message) = complaint(&run(&[], Given::Pipe(b"")));
    assert_eq!(code, 1);
    assert!(message.starts_with("json: standard input: ") && message.contains("the document is empty"), "{message}");
}

#[test]
fn a_wrong_command_line_is_refused_before_anything_is_read() {
    for arguments in [
        &["--no-such-option"][..],
        &["-x"],
        &["--rounds"],
        &["--rounds", "many"],
        &["--rounds=-1"],
        &["--max-depth", "1e3"],
        &["--read=yes"],
        &["a.json", "b.json"],
        &["-", "b.json"],
        &["--measure-one"],
        &["--measure-one", "nobody", "1", "map"],
    ] {
        let (code, message) = complaint(&run(arguments, Given::Nothing));
        assert_eq!(code, 2, "{arguments:?}: {message}");
        assert!(message.starts_with("json: ") && message.contains("--help"), "{message}");
    }
    assert!(out(&run(&["--help"], Given::Nothing)).contains("Usage: json"));
}

#[test]
fn a_name_that_looks_like_an_option_follows_two_dashes() {
    let (code, message) = complaint(&run(&["--", "--help"], Given::Nothing));
    assert_eq!(code, 1);
    assert!(message.starts_with("json: --help: "), "{message}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = Command::new(program())
        .args(["--rounds", "0", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody reads from here on, and it learns of that when it prints, which is after its input ends.
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(DOCUMENT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(complaint(&output), (0, String::new()));
}
