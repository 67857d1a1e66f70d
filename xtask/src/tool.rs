//! The tools that handle objects: `ar`, `ld`, `objcopy`, of binutils or of LLVM.
//!
//! A variable of the tool's name in capitals comes first (`OBJCOPY=/opt/bin/objcopy`). For another processor than this
//! one's binutils are called after it (`aarch64-linux-gnu-ld`), as Debian's and most cross toolchains are.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::Command;

/// A tool and the names it goes by.
pub struct Tool {
    name: &'static str,
    llvm: &'static str,
}

pub const AR: Tool = Tool { name: "ar", llvm: "llvm-ar" };
pub const LD: Tool = Tool { name: "ld", llvm: "ld.lld" };
pub const OBJCOPY: Tool = Tool { name: "objcopy", llvm: "llvm-objcopy" };

impl Tool {
    /// The tool for objects of `triple`, or of this machine's own kind.
    pub fn for_target(&self, triple: Option<&str>) -> Result<Command, String> {
        let variable = env::var_os(self.variable()).filter(|program| !program.is_empty());
        let paths = env::var_os("PATH").unwrap_or_default();
        variable.map_or_else(|| self.find(triple, &paths), Ok).map(Command::new)
    }

    /// The first of the tool's names that is a program in one of the `paths`.
    fn find(&self, triple: Option<&str>, paths: &OsStr) -> Result<OsString, String> {
        let names = names(self, triple);
        let is_there = |name: &&String| env::split_paths(paths).any(|path| path.join(name).is_file());
        names.iter().find(is_there).map(OsString::from).ok_or_else(|| {
            format!(
                "there is no {}, to make one object of the archive's: install binutils or LLVM, or set {} to a program",
                names.join(" and no "),
                self.variable()
            )
        })
    }

    fn variable(&self) -> String {
        self.name.to_uppercase()
    }
}

/// What the tool may be called, in the order of preference.
fn names(tool: &Tool, triple: Option<&str>) -> Vec<String> {
    let foreign = triple.filter(|triple| processor(triple) != env::consts::ARCH);
    let first = match foreign {
        None => tool.name.to_owned(),
        Some(triple) => format!("{}-linux-gnu-{}", processor(triple), tool.name),
    };
    vec![first, tool.llvm.to_owned()]
}

/// The processor of a triple by the name that C toolchains have for it: `riscv64gc-unknown-linux-gnu` is for riscv64.
fn processor(triple: &str) -> &str {
    let processor = triple.split('-').next().unwrap_or_default();
    if processor.starts_with("riscv64") { "riscv64" } else { processor }
}

/// Runs a command that says what is wrong on its standard error.
pub fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot run {program}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{program}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_what_to_do() {
        let error = OBJCOPY.find(None, OsStr::new("/nowhere")).unwrap_err();
        assert!(error.starts_with("there is no objcopy and no llvm-objcopy"), "{error}");
        assert!(error.ends_with("install binutils or LLVM, or set OBJCOPY to a program"), "{error}");
    }

    #[test]
    fn another_processors_tools_are_called_after_it() {
        assert_eq!(names(&LD, Some("riscv64gc-unknown-linux-gnu")), ["riscv64-linux-gnu-ld", "ld.lld"]);
        assert_eq!(names(&AR, None), ["ar", "llvm-ar"]);
        let own = format!("{}-unknown-linux-musl", env::consts::ARCH);
        assert_eq!(names(&OBJCOPY, Some(&own)), ["objcopy", "llvm-objcopy"]);
    }
}
