//! The JSON example as a program: what it takes as its document, what it says, how it ends.

#[path = "support/programs.rs"]
mod programs;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The program, built if `cargo test` did not build it along.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| programs::built(&["--example", "json"]).join("json"))
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
    assert!((2 << 20..(2 << 20) + 2000).contains(&figure(&runs[0], "bytes")));
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
    assert_eq!(values(&built), [counted.iter().sum::<u64>(); 5]);

    // Handed on by name, by pipe, and from a pipe; serde_json drops the first of the duplicate keys.
    let file = Scratch::new("table", DOCUMENT);
    for (arguments, given) in [
        (&["--rounds", "1", file.name()][..], Given::Nothing),
        (&["--rounds", "1", "--read", file.name()], Given::Nothing),
        (&["--rounds", "1"], Given::File(&file.0)),
        (&["--rounds", "1"], Given::Pipe(DOCUMENT)),
    ] {
        assert_eq!(values(&out(&run(arguments, given))), [8, 8, 8, 8, 6]);
    }
}

#[test]
fn a_candidate_that_refuses_the_document_says_so_and_leaves_the_rest() {
    let deep = "[".repeat(5000) + &"]".repeat(5000);
    let out = out(&run(&["--rounds", "1", "--max-depth", "5000"], Given::Pipe(deep.as_bytes())));
    let values = out.lines().find(|line| line.starts_with("values")).unwrap();
    assert_eq!(values.split_whitespace().collect::<Vec<_>>(), ["values", "5000", "5000", "5000", "–", "–"]);
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
fn the_exit_code_is_the_verdicts_whoever_reads() {
    for (document, verdict) in [(DOCUMENT, 0), (b"[1, 2", 1)] {
        for rounds in ["0", "1"] {
            let mut command = Command::new(program());
            command.args(["--rounds", rounds, "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            // Nobody reads from here on, and it prints nothing before its input ends.
            drop(child.stdout.take());
            child.stdin.take().unwrap().write_all(document).unwrap();
            let (code, said) = complaint(&child.wait_with_output().unwrap());
            assert_eq!(code, verdict, "{said}");
            assert_eq!(said.is_empty(), verdict == 0, "nothing of the pipe: {said}");
        }
    }
}

#[test]
fn too_little_memory_is_a_sentence() {
    // A thousand times what any machine has.
    let (code, message) = complaint(&run(&["--size", "1000000"], Given::Nothing));
    assert_eq!((code, &message[..]), (2, "json: no memory for a document of 976.5 GiB\n"));

    // The document fits, and its tree of 24 bytes a value does not.
    let file = Scratch::new("large", format!("[{}0]", "0,".repeat(4_000_000)).as_bytes());
    for limit in ["-v", "-d"] {
        let (code, message) = complaint(&run_within(limit, 90_000, file.name()));
        assert_eq!(code, 2, "{message}");
        assert!(message.contains(": no memory for the tree: cannot allocate"), "{message}");
        assert!(message.contains("`ulimit "), "{message}");
    }
}

/// Runs it over a document that may nest, with a limit of so many KiB.
fn run_within(limit: &str, kibibytes: usize, file: &str) -> Output {
    let script = format!("ulimit {limit} {kibibytes}; exec \"$0\" --rounds 0 --max-depth 100000000 \"$1\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).arg(program()).arg(file).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn too_little_memory_for_anything_but_the_tree_is_a_sentence_too() {
    // The parser's levels, then the tree's and the walk's, each where the memory ends first; and a text put together
    // from escapes.
    let deep = Scratch::new("deep", &[vec![b'['; 2_000_000], vec![b']'; 2_000_000]].concat());
    let text = Scratch::new("text", &[b"\"\\n", &vec![b'x'; 30_000_000][..], b"\""].concat());
    let (mut refused, mut read) = (0, 0);
    for file in [&deep, &text] {
        for kibibytes in (40_000..400_000).step_by(40_000) {
            let output = run_within("-v", kibibytes, file.name());
            let (code, message) = complaint(&output);
            match code {
                0 => read += 1,
                2 => refused += 1,
                _ => panic!("{kibibytes} KiB: {message}"),
            }
            // On one line, from the program and not from what ends it.
            let sentence = message.starts_with("json: ") && message.lines().count() == 1;
            assert!(if code == 0 { message.is_empty() } else { sentence }, "{kibibytes} KiB: {message}");
        }
    }
    assert!(refused >= 4 && read >= 2, "{refused} refused, {read} read");
}

#[test]
fn the_table_fits_80_columns_and_40() {
    let file = Scratch::new("columns", DOCUMENT);
    for columns in [80, 40] {
        let mut command = Command::new(program());
        command.args(["--rounds", "1", "-"]).env("COLUMNS", columns.to_string()).stdin(File::open(&file.0).unwrap());
        let said = out(&command.output().unwrap());
        let wide = said.lines().find(|line| line.chars().count() > columns);
        assert_eq!(wide, None, "{columns} columns: {said}");
        assert!(said.contains("serde_json") && said.contains("MiB") && !said.contains(" MB"), "{said}");
        let stacked = said.lines().any(|line| line.contains("compact") && line.contains("ms"));
        assert_eq!(stacked, columns == 40, "{said}");
    }
    assert!(out(&run(&["--help"], Given::Nothing)).lines().all(|line| line.chars().count() <= 80));
}

// The peak is told by /proc.
#[cfg(target_os = "linux")]
#[test]
fn a_flat_array_takes_less_memory_than_serde_jsons() {
    let file = Scratch::new("flat", format!("[{}0]", "0,".repeat(2_000_000)).as_bytes());
    let out = out(&run(&["--rounds", "1", file.name()], Given::Nothing));
    let peaks = out.lines().find(|line| line.starts_with("peak RSS")).unwrap();
    let peaks: Vec<f64> = peaks.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [arena, _, compact, _, serde] = peaks[..] else { panic!("no peaks in {out}") };
    assert!(arena < serde, "{out}");
    // In a cage it is half as long, and grows where it is.
    assert!(compact < 0.7 * arena && compact < 0.7 * serde, "{out}");
}
