//! The one object of an archive: its symbols, its sections, its size.

use super::library::directory;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One symbol as nm(1) lists it.
pub struct Symbol {
    pub kind: char,
    pub name: String,
}

pub struct Object {
    path: PathBuf,
}

impl Object {
    /// Takes the one member out of an archive.
    pub fn of(archive: &Path, name: &str) -> Object {
        let members = run(Command::new("ar").arg("t").arg(archive));
        let members: Vec<&str> = members.lines().collect();
        let [own] = members[..] else { panic!("an archive has one object, not {}: {members:?}", members.len()) };
        let to = directory(&format!("object-{name}"));
        run(Command::new("ar").arg("x").arg(archive).arg(own).current_dir(&to));
        Object { path: to.join(own) }
    }

    /// An object that is in no archive.
    pub fn alone(path: &Path) -> Object {
        Object { path: path.to_owned() }
    }

    /// Every symbol, demangled.
    pub fn symbols(&self) -> Vec<Symbol> {
        let listing = run(Command::new("nm").arg("-C").arg(&self.path));
        let symbols = listing.lines().filter_map(|line| {
            // An address of 16 digits or blanks, a kind, a name.
            let (kind, name) = line.get(17..)?.split_once(' ')?;
            Some(Symbol { kind: kind.chars().next()?, name: name.to_owned() })
        });
        symbols.collect()
    }

    /// Names of the symbols of these kinds.
    pub fn names(&self, kinds: &str) -> Vec<String> {
        self.symbols().into_iter().filter(|symbol| kinds.contains(symbol.kind)).map(|symbol| symbol.name).collect()
    }

    /// Sections with their sizes.
    pub fn sections(&self) -> Vec<(String, usize)> {
        let listing = run(Command::new("size").arg("-A").arg(&self.path));
        let sections = listing.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, size) = (words.next()?, words.next()?);
            name.starts_with('.').then(|| (name.to_owned(), size.parse().unwrap()))
        });
        sections.collect()
    }

    /// Bytes of code.
    pub fn text(&self) -> usize {
        self.sections().iter().filter(|(name, _)| name.starts_with(".text")).map(|(_, size)| size).sum()
    }
}

/// What a command prints.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
