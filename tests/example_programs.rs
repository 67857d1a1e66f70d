//! All example programs alike: a closed pipe is quiet, a full disk is an error, arguments are bytes, tables fit.

#![cfg(all(target_os = "linux", feature = "os"))]

#[path = "support/programs.rs"]
mod programs;
mod support;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use support::TempPath;

/// A program, and arguments with which it prints something in a moment.
const PROGRAMS: [(&str, &[&str]); 10] = [
    ("json", &["--size", "1", "--rounds", "1"]),
    ("outline", &["--list", "examples/outline"]),
    ("pebble", &["examples/pebble/programs/primes.pebble"]),
    ("probe", &[]),
    ("residency", &[]),
    ("heap_pages", &[]),
    ("socks", &[]),
    ("shared_tree", &["README.md", "CHANGELOG.md"]),
    ("interner", &["README.md"]),
    ("owned_tree", &["README.md", "docs/pool.md"]),
];

/// The folder of the programs, built if `cargo test` did not build them along.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        programs::built(&["--examples"]);
        programs::built(&["--example", "interner", "--features", "collections"])
    })
}

fn command(name: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(programs().join(name));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).env_remove("COLUMNS");
    command
}

fn said(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n{out}\n{err}", output.status)
}

#[test]
fn help_is_printed_where_help_belongs() {
    for (name, _) in PROGRAMS {
        let output = command(name, ["--help"]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{name}: {}", said(&output));
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains(&format!("Usage: {name}")) && help.contains("Exit code: "), "{name}: {help}");
    }
}

#[test]
fn a_closed_pipe_is_quiet() {
    for (name, arguments) in PROGRAMS {
        for arguments in [arguments, &["--help"]] {
            let (reader, writer) = support::pipe();
            drop(reader);
            let output = command(name, arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
            assert!(output.status.success() && output.stderr.is_empty(), "{name} {arguments:?}: {}", said(&output));
        }
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return support::skip("a full disk: there is no /dev/full");
    };
    for (name, arguments) in PROGRAMS {
        for arguments in [arguments, &["--help"]] {
            let output = command(name, arguments).stdout(full.try_clone().unwrap()).output().unwrap();
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{name} {arguments:?}: {}", said(&output));
            let from_it = message.starts_with(name) || message.contains("cannot print");
            assert!(from_it && !message.contains("panicked"), "{name} {arguments:?}: {message}");
        }
    }
}

#[test]
fn an_option_that_nobody_knows_is_no_name_of_a_file() {
    for (name, _) in PROGRAMS.iter().filter(|(name, _)| *name != "json") {
        for option in [&b"--no\xff\x1bsuch"[..], b"--nonsense", b"-\xff"] {
            let output = command(name, [OsStr::from_bytes(option)]).output().unwrap();
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{name}: {}", said(&output));
            assert!(message.contains("--help") && !message.contains('\x1b'), "{name}: {message}");
        }
    }
}

#[test]
fn arguments_are_bytes() {
    for (name, _) in PROGRAMS {
        for arguments in [vec![&b"\xff\xfe"[..]], vec![b"--\xff"], vec![b"--svg", b"/nowhere/\xff"]] {
            let arguments: Vec<OsString> =
                arguments.into_iter().map(|bytes| OsStr::from_bytes(bytes).to_owned()).collect();
            let output = command(name, &arguments).output().unwrap();
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(matches!(output.status.code(), Some(1 | 2)), "{name} {arguments:?}: {}", said(&output));
            assert!(!message.is_empty() && !message.contains("panicked"), "{name} {arguments:?}: {message}");
            assert_eq!(output.status.signal(), None);
        }
    }
    // What can be named is named by its bytes.
    let mut path = TempPath::new().bytes().to_vec();
    path.extend(b"-\xff.svg");
    let path = PathBuf::from(OsStr::from_bytes(&path));
    for name in ["probe", "residency", "heap_pages"] {
        let output = command(name, [OsStr::new("--svg"), path.as_os_str()]).output().unwrap();
        assert!(output.status.success(), "{name}: {}", said(&output));
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn what_is_printed_fits_the_terminal() {
    for (name, arguments) in PROGRAMS {
        for columns in [80, 40] {
            // Lists of items are as wide as their names, and words as long as they are.
            if columns == 40 && matches!(name, "outline" | "interner") {
                continue;
            }
            let output = command(name, arguments).env("COLUMNS", columns.to_string()).output().unwrap();
            assert!(output.status.success(), "{name}: {}", said(&output));
            let text = String::from_utf8(output.stdout).unwrap();
            let wide = text.lines().find(|line| line.chars().count() > columns);
            assert_eq!(wide, None, "{name}, {columns} columns");
            assert!(!(text.contains(" MB") && text.contains("MiB")), "{name} has two kinds of units: {text}");
        }
    }
}

#[test]
fn a_picture_is_drawn_whatever_becomes_of_the_text() {
    for name in ["probe", "residency", "heap_pages"] {
        let path = TempPath::new();
        let (reader, writer) = support::pipe();
        drop(reader);
        let output =
            command(name, [OsStr::new("--svg"), OsStr::from_bytes(path.bytes())]).stdout(writer).output().unwrap();
        assert!(output.status.success(), "{name}: {}", said(&output));
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("</svg>\n"), "{name}");
    }
}

/// A folder of this test's own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn names_do_nothing_to_a_terminal_and_stay_themselves_in_a_pipe() {
    let folder = Folder::new("names");
    let names = ["good\x1b[31m.rs", "bad\x1b]0;title\x07.rs", "link\u{202e}.rs"];
    std::fs::write(folder.0.join(names[0]), "fn f() {}").unwrap();
    std::fs::write(folder.0.join(names[1]), "fn f(").unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.0.join(names[2])).unwrap();
    let arguments = [OsStr::new("--list"), folder.0.as_os_str()];

    let output = command("outline", arguments).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains(names[0]));

    let (mut near, far) = support::terminal();
    let mut child = command("outline", arguments).stdout(far.try_clone().unwrap()).stderr(far).spawn().unwrap();
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    // The terminal is closed (EIO) when the program is gone.
    while let Ok(len @ 1..) = near.read(&mut piece) {
        text.extend(&piece[..len]);
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("good␛[31m.rs") && text.contains("bad␛]0;title␇.rs"), "{text:?}");
    assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text:?}");
    // pebble names its file, too.
    let (mut near, far) = support::terminal();
    let path = folder.0.join("no\x1b[2Jthing.pebble");
    let mut child = command("pebble", [&path]).stdout(Stdio::null()).stderr(far).spawn().unwrap();
    let mut text = Vec::new();
    while let Ok(len @ 1..) = near.read(&mut piece) {
        text.extend(&piece[..len]);
    }
    child.wait().unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("no␛[2Jthing.pebble") && !text.contains('\x1b'), "{text:?}");
}
