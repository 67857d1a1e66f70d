//! The outline example as a program: what it finds, that threads do not change it, and that one bad file does not
//! keep the others from being counted.

#[path = "support/programs.rs"]
mod programs;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The program, built if `cargo test` did not build it along.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| programs::built(&["--example", "outline"]).join("outline"))
}

fn run(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What it prints, without complaint.
fn out(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    text(&output.stdout).to_string()
}

/// What it complains of, and what it prints all the same.
fn complaint(arguments: &[&str]) -> (String, String) {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    (text(&output.stderr).to_string(), text(&output.stdout).to_string())
}

fn figure(out: &str, row: &str) -> u64 {
    let line = out.lines().find(|line| line.trim_start().starts_with(row)).unwrap_or_else(|| panic!("{out}"));
    line.split_whitespace().last().unwrap().parse().unwrap()
}

/// The lines that do not depend on time and place: the lists, and the counts before `threads`.
fn counts(out: &str) -> Vec<&str> {
    out.lines().take_while(|line| !line.starts_with("  threads")).collect()
}

/// A directory of this test's own, gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("outline-{name}.{}", std::process::id()));
        _ = fs::remove_dir_all(&path);
        for (name, bytes) in files {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

/// The outline of one source, without the file's name and the counts.
fn outline(name: &str, source: &str) -> String {
    let scratch = Scratch::new(name, &[("a.rs", source.as_bytes())]);
    let out = out(&["--list", scratch.name()]);
    out.lines().skip(1).take_while(|line| !line.starts_with("  files")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn items_are_listed_with_their_lines_and_what_is_in_them() {
    let source = "//! A file.
mod a {
    pub struct Unit;
    struct Tuple(fn(u32) -> u32, [u8; { 1 + 1 }]);
    impl<T>
        From<T> for Tuple
    where
        T: Copy,
    {
        fn from(value: impl Fn() -> T) -> Self {
            fn inner() {}
            match value { _ => { struct Local { x: u8 } } }
        }
    }
}
unsafe impl Send for X {}
macro_rules! rules { ($($name:ident)*) => { $(fn $name() {})* } }
pub(crate) trait Trait { fn required(&self) -> impl Sized; }
enum Last { A, B }
";
    assert_eq!(
        outline("items", source),
        "     2   mod a
     3     struct Unit
     4     struct Tuple
     5     impl<T> From<T> for Tuple where T: Copy,
    10       fn from
    11         fn inner
    12         struct Local
    16   impl Send for X
    17   macro_rules rules
    18   trait Trait
    18     fn required
    19   enum Last
"
    );
}

#[test]
fn text_and_comments_hide_what_is_in_them() {
    let source = r####"
// fn no() {
/* fn no() { /* } */ fn no() */
const A: &str = "fn no() { \" \\";
const B: &str = r#"fn no() { " "#;
const C: &[u8] = br##"} "# fn no()"##;
const D: [char; 5] = ['{', '\'', '"', '\u{7b}', 'x'];
const E: u8 = b'{';
fn r#type<'a, 'b: 'a>(x: &'a str, y: &'static str) -> fn(&'a u8) { 'outer: loop { break 'outer; } }
fn é() {}
"####;
    assert_eq!(outline("text", source), "     9   fn type\n    10   fn é\n");
}

#[test]
fn every_public_function_of_this_crate_is_found_on_its_line() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let out = out(&["--list", src.to_str().unwrap()]);
    let mut file = Vec::new();
    let mut lists = std::collections::HashMap::new();
    for line in out.lines().rev() {
        if line.starts_with(src.to_str().unwrap()) {
            lists.insert(PathBuf::from(line), std::mem::take(&mut file));
        } else {
            file.push(line);
        }
    }
    let mut found = 0;
    for (path, list) in lists {
        let source = fs::read_to_string(&path).unwrap();
        for (at, line) in source.lines().enumerate() {
            let Some(rest) = line.trim_start().strip_prefix("pub fn ") else { continue };
            // A macro's functions have no names yet.
            let end = rest.find(|char: char| char != '_' && !char.is_alphanumeric()).unwrap();
            if end > 0 {
                let (number, name) = ((at + 1).to_string(), format!("fn {}", &rest[..end]));
                let listed = list.iter().any(|line| {
                    let line = line.trim_start();
                    line.strip_prefix(&*number).is_some_and(|item| item.trim_start() == name)
                });
                assert!(listed, "{name} in line {number} of {}", path.display());
                found += 1;
            }
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn threads_do_not_change_the_result() {
    let root = env!("CARGO_MANIFEST_DIR");
    let (src, tests) = (format!("{root}/src"), format!("{root}/tests"));
    let with = |threads: &str| out(&["--list", "--threads", threads, &src, &tests]);
    let one = with("1");
    assert_eq!(figure(&one, "threads"), 1);
    assert!(figure(&one, "items") > 500);
    for threads in [2, 7, 64] {
        let many = with(&threads.to_string());
        assert!(figure(&many, "threads") > 1);
        assert_eq!(counts(&many), counts(&one), "with {threads} threads");
    }
}

#[test]
fn a_bad_file_is_named_and_the_rest_is_counted() {
    let good = &b"fn good() {}\n"[..];
    let scratch = Scratch::new(
        "bad",
        &[
            ("a.rs", good),
            ("b/bytes.rs", b"fn x() {}\n\xff"),
            ("b/close.rs", b"fn x() {\n}\n}\n"),
            ("b/comment.rs", b"\n/* /* */"),
            ("b/mixed.rs", b"fn x() {\n  (\n}\n"),
            ("b/open.rs", b"\nmod x {\n"),
            ("b/text.rs", b"const A: &str = r#\"...\";"),
            ("z.rs", good),
            ("not_rust.txt", b"}"),
        ],
    );
    for threads in ["1", "3"] {
        let (message, out) = complaint(&["--list", "--threads", threads, scratch.name()]);
        let lines: Vec<&str> = message.lines().collect();
        let prefix = format!("outline: {}/b/", scratch.name());
        let expected = [
            "bytes.rs: not UTF-8 at byte 10",
            "close.rs:3: `}` closes nothing",
            "comment.rs:2: this comment does not end",
            "mixed.rs:3: `}` does not close the `(` of line 2",
            "open.rs:2: this bracket does not end",
            "text.rs:1: this text does not end",
        ];
        assert_eq!(lines, expected.map(|rest| format!("{prefix}{rest}")));
        assert_eq!((figure(&out, "files that failed"), figure(&out, "files")), (6, 2));
        assert_eq!(figure(&out, "items"), 2);
        assert_eq!(out.matches("     1   fn good\n").count(), 2, "{out}");
    }
    let (message, out) = complaint(&["/no/such/file.rs", &format!("{}/a.rs", scratch.name())]);
    assert!(message.starts_with("outline: /no/such/file.rs: ") && message.contains("o such file"), "{message}");
    assert_eq!(figure(&out, "items"), 1);
}

#[test]
fn deep_nesting_is_refused_before_the_stack_ends() {
    for open in ["mod m {", "fn f() {", "impl X {", "("] {
        let deep = open.repeat(100_000);
        let scratch = Scratch::new("deep", &[("a.rs", deep.as_bytes())]);
        let (message, _) = complaint(&[scratch.name()]);
        assert!(message.contains("a.rs:1: nested more than 128 deep"), "{message}");
    }
    let fine = format!("{}{}", "mod m {".repeat(128), "}".repeat(128));
    assert_eq!(outline("fine", &fine).lines().count(), 128);
}

#[test]
fn any_row_of_pieces_is_outlined_or_refused() {
    const PIECES: [&str; 36] = [
        "fn ",
        "struct ",
        "impl",
        "mod ",
        "macro_rules",
        "!",
        "unsafe ",
        "x",
        "é",
        "r#",
        "r",
        "b",
        "br",
        "c",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ";",
        "<",
        ">",
        "'",
        "\"",
        "\\",
        "#",
        "/",
        "*",
        "//",
        "/*",
        "*/",
        "\n",
        " ",
        "\u{1f680}",
        "1",
    ];
    // Numbers that look random and are the same every time: Steele and Vigna's SplitMix64.
    let mut state = 0u64;
    let mut below = |bound: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    };
    let sources: Vec<(String, String)> = (0..2000)
        .map(|number| (format!("{number}.rs"), (0..below(30)).map(|_| PIECES[below(PIECES.len())]).collect()))
        .collect();
    let files: Vec<(&str, &[u8])> = sources.iter().map(|(name, source)| (&**name, source.as_bytes())).collect();
    let scratch = Scratch::new("soup", &files);
    let (message, out) = complaint(&["--list", scratch.name()]);
    assert!(message.lines().all(|line| line.starts_with(&format!("outline: {}/", scratch.name()))), "{message}");
    assert_eq!(figure(&out, "files that failed") as usize, message.lines().count());
    // Some of both, or the pieces are no good.
    assert!((100..1900).contains(&message.lines().count()) && figure(&out, "items") > 10, "{out}");
}

#[test]
fn an_empty_directory_has_nothing_in_it() {
    let scratch = Scratch::new("empty", &[]);
    let out = out(&[scratch.name()]);
    assert_eq!((figure(&out, "files"), figure(&out, "items")), (0, 0));
}

#[test]
fn a_wrong_command_line_is_refused() {
    for arguments in [&["--no-such-option"][..], &["--threads"], &["--threads", "0"], &["--threads=many"], &["-l"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("Try outline --help"), "{arguments:?}");
    }
    assert!(out(&["--help"]).contains("Usage: outline"));
}

#[test]
fn a_mark_and_an_interpreters_line_hide_nothing() {
    for (name, before) in [
        ("mark", "\u{feff}"),
        ("interpreter", "#!/usr/bin/env run\n"),
        ("both", "\u{feff}#!/usr/bin/env run '{\n"),
        ("attribute", "#![no_std]\n"),
    ] {
        let listed = outline(name, &format!("{before}impl First {{}}\nfn second() {{}}\n"));
        let line = 1 + before.matches('\n').count();
        assert!(listed.contains(&format!("{line:>6}   impl First\n")), "{name}: {listed}");
        assert!(listed.contains(&format!("{:>6}   fn second\n", line + 1)), "{name}: {listed}");
    }
}

#[test]
fn braces_between_angle_brackets_are_no_bodies() {
    let source = "impl<const N: usize> Foo<{ N + 1 }> for Bar { fn a() -> Baz<{ 1 }> where Q<{ 2 > 1 }>: T { fn b() {} } }\n\
                  struct S<const N: usize = { 3 }> { a: [u8; N] }\n\
                  fn f(g: fn(u8) -> u8) -> impl Fn(u8) -> u8 { fn h() {} }\n";
    let listed = outline("angles", source);
    for line in [
        "     1   impl<const N: usize> Foo<{ N + 1 }> for Bar\n",
        "     1     fn a\n",
        "     1       fn b\n",
        "     2   struct S\n",
        "     3   fn f\n",
        "     3     fn h\n",
    ] {
        assert!(listed.contains(line), "{line:?} is not in\n{listed}");
    }
}

/// Each of these would be waited for, or read without an end.
#[test]
fn only_regular_files_are_opened_in_a_directory() {
    let scratch = Scratch::new("kinds", &[("fine.rs", b"fn f() {}")]);
    let inside = |name: &str| scratch.0.join(name);
    let fifo = std::ffi::CString::new(inside("fifo.rs").to_str().unwrap()).unwrap();
    // SAFETY: a path of this test's own that ends in a NUL.
    assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
    let _listener = std::os::unix::net::UnixListener::bind(inside("s.rs"));
    for (link, to) in [("zero.rs", "/dev/zero"), ("to_fifo.rs", "fifo.rs"), ("to_fine.rs", "fine.rs")] {
        std::os::unix::fs::symlink(to, inside(link)).unwrap();
    }
    let (complaint, printed) = complaint(&[scratch.name()]);
    assert_eq!(figure(&printed, "files"), 2, "{printed}");
    for name in ["fifo.rs", "zero.rs", "to_fifo.rs"] {
        assert!(complaint.contains(&format!("/{name}: not a regular file\n")), "{name}: {complaint}");
    }
    // Named by themselves, what never ends is refused, too.
    let output = run(&["/dev/zero"]);
    assert!(output.status.code() == Some(1) && text(&output.stderr).contains("a device"), "{}", text(&output.stderr));
}

#[test]
fn the_exit_code_is_the_verdicts_whoever_reads() {
    let scratch = Scratch::new("verdict", &[("bad.rs", b"fn f(")]);
    for (path, code) in [(scratch.name(), 1), ("src", 0)] {
        let mut command = Command::new(program());
        command.args(["--list", path]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        assert_eq!(output.stderr.is_empty(), code == 0, "{}", text(&output.stderr));
    }
}

fn fifo(path: &Path) {
    let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: a path of this test's own that ends in a NUL.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
}

/// Ends a program that waits for ever, which is a failure and no test that hangs.
fn in_time(command: &mut Command) -> Output {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..6000 {
        if child.try_wait().unwrap().is_some() {
            return child.wait_with_output().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("{command:?} waits, or reads without an end: {:?}", child.wait_with_output().unwrap());
}

#[test]
fn a_named_pipe_without_a_writer_is_not_waited_for() {
    let scratch = Scratch::new("unwritten", &[("a.rs", b"fn a() {}")]);
    let path = scratch.0.join("fifo");
    fifo(&path);
    std::os::unix::fs::symlink("fifo", scratch.0.join("link")).unwrap();
    for name in ["fifo", "link"] {
        let output = in_time(Command::new(program()).args([scratch.0.join(name), scratch.0.join("a.rs")]));
        let said = format!("outline: {}/{name}: a pipe that nobody writes to\n", scratch.name());
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), &*said));
        assert_eq!(figure(text(&output.stdout), "items"), 1);
    }
}

#[test]
fn a_named_pipe_is_read_to_its_end() {
    let scratch = Scratch::new("written", &[]);
    let path = scratch.0.join("fifo");
    fifo(&path);
    // Open for both, so that neither end waits for the other.
    let mut writer = fs::File::options().read(true).write(true).open(&path).unwrap();
    // More than a pipe holds, so it is not closed before the program has it. The thread is left alone if that fails.
    std::thread::spawn(move || (0..1000).for_each(|_| _ = writer.write_all("fn a() {}\n".repeat(1000).as_bytes())));
    let output = in_time(Command::new(program()).args(["--threads", "1"]).arg(&path));
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    assert_eq!(figure(text(&output.stdout), "items"), 1_000_000);
}
