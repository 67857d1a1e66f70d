//! Compilers and checkers: found, asked, or skipped out loud.

use super::library::{ROOT, directory};
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What every program and header must compile under.
pub const STRICT: [&str; 7] = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"];

/// Says that something was not tested, past the test runner's capture. With REGION_REQUIRE_TOOLS=1, fails.
pub fn skip(what: &str, why: &str) {
    assert!(std::env::var_os("REGION_REQUIRE_TOOLS").is_none_or(|set| set == "0"), "cannot test {what}: {why}");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}: {why}");
}

/// Whether there is a program of this name; if not, `what` is skipped.
pub fn has(tool: &str, what: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|path| path.join(tool).is_file());
    if !found {
        skip(what, &format!("there is no {tool}"));
    }
    found
}

/// A compiler with the flags that make it one of the ways to build a program.
#[derive(Clone, Copy)]
pub struct Compiler<'a> {
    /// The name of the way, for messages and files.
    pub name: &'a str,
    pub command: &'a [&'a str],
    pub flags: &'a [&'a str],
}

impl Compiler<'_> {
    /// Whether the compiler is here and can make a program that way; if not, `what` is skipped.
    pub fn works(&self, what: &str) -> bool {
        if !has(self.command[0], what) {
            return false;
        }
        let source = directory("probe").join(format!("{}.c", self.name));
        std::fs::write(&source, "int main(void) { return 0; }\n").unwrap();
        let made = self.run(&[source.as_os_str()], &source.with_extension("out"));
        if !made.status.success() {
            skip(what, &format!("{} cannot build a program: {}", self.name, said(&made)));
        }
        made.status.success()
    }

    /// Compiles and links these arguments into a program.
    pub fn run(&self, arguments: &[&OsStr], program: &Path) -> Output {
        let (command, first) = self.command.split_first().unwrap();
        Command::new(command)
            .args(first)
            .args(self.flags)
            .arg(format!("-I{ROOT}/include"))
            .args(arguments)
            .arg("-o")
            .arg(program)
            .output()
            .unwrap()
    }

    /// Builds a program of `c-tests/` with more arguments after it: libraries, as a rule.
    pub fn build(&self, source: &str, more: &[&OsStr]) -> PathBuf {
        let program = directory(self.name).join(source.replace('.', "_"));
        let source = PathBuf::from(format!("{ROOT}/c-tests/{source}"));
        let arguments: Vec<&OsStr> = [source.as_os_str()].into_iter().chain(more.iter().copied()).collect();
        let made = self.run(&arguments, &program);
        assert!(made.status.success(), "{} of {}: {}", self.name, source.display(), said(&made));
        program
    }
}

/// What a command printed on standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a program with `input` on its standard input.
pub fn feed(mut command: Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // A program that fails early does not read all of it.
        let _ = pipe.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// Runs a program that says by its exit whether its claims hold.
pub fn passes(mut command: Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        said(&output)
    );
}
