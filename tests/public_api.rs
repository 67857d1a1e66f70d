//! Nothing is public that no test uses.
//!
//! By text, so that it runs with any compiler: the items that `src/` makes public, each held against the tests, the
//! examples and the examples in the documentation. A method counts as used where a piece of test calls something of
//! its name and names its type as well, so that one type's `len` does not stand for another's. What this cannot
//! see is whether the test looks at the answer.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

/// All Rust files in a folder.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|extension| extension.to_str()) {
                None if path.is_dir() => folders.push(path),
                Some("rs") => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has no files");
    found
}

/// The text up to a file's own tests.
fn without_tests(source: &str) -> &str {
    source.find("#[cfg(test)]\nmod tests").or(source.find("#[cfg(all(test")).map_or(source, |at| &source[..at])
}

/// The word that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// Whether a text has this word, with something after it that says how it is used.
fn uses(text: &str, name: &str, then: &[&str]) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            && (then.is_empty() || then.iter().any(|then| after.starts_with(then)))
    })
}

/// The name of a public function, if a line declares one.
fn function(line: &str) -> Option<&str> {
    let mut rest = line.strip_prefix("pub ")?;
    for qualifier in ["const ", "unsafe ", "extern \"C\" "] {
        rest = rest.strip_prefix(qualifier).unwrap_or(rest);
    }
    rest.strip_prefix("fn ").map(word)
}

/// The type that an `impl` line is about, without what it is generic over.
fn subject(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("impl")?;
    let rest = match rest.strip_prefix('<') {
        Some(generics) => {
            let mut depth = 1;
            let end = generics.char_indices().find(|&(at, c)| {
                match c {
                    '<' => depth += 1,
                    '>' if !generics[..at].ends_with('-') => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            &generics[end?.0 + 1..]
        }
        None => rest,
    };
    // A trait's methods are not public by themselves.
    (!rest.contains(" for ")).then(|| word(rest.trim_start()))
}

/// What the crate's front page makes public: types, functions, traits.
fn exported() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    // The root, and the modules that are public.
    let modules =
        ["arena", "cage", "collections", "collections/unmanaged", "error", "heap", "input", "pool", "shared", "typed"];
    let modules = modules.map(|name| format!("{name}/mod"));
    for file in modules.into_iter().chain(["lib".to_string()]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/{file}.rs"));
        let text = read_to_string(path).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        let code = code.split("pub mod faults").next().unwrap();
        let statements: Vec<&str> = code.split("pub use ").collect();
        for pair in statements.windows(2) {
            if pair[0].trim_end().ends_with("#[doc(hidden)]") {
                continue;
            }
            let statement = pair[1].split(';').next().unwrap();
            let list = statement.rsplit("::").next().unwrap();
            let list = list.split([',', '{', '}']).map(|name| name.rsplit(" as ").next().unwrap_or(name).trim());
            names.extend(list.filter(|name| !name.is_empty()).map(String::from));
        }
    }
    names
}

/// Every public item: its type, if it has one, and its name.
fn items() -> BTreeSet<(String, String)> {
    let exported = exported();
    let mut items: BTreeSet<_> = exported.iter().map(|name| (String::new(), name.clone())).collect();
    for path in files("src") {
        let source = read_to_string(&path).unwrap();
        let (mut of, mut hidden, mut exporting) = (None, false, false);
        let lines: Vec<&str> = without_tests(&source).lines().collect();
        for (at, &line) in lines.iter().enumerate() {
            if line.starts_with("impl") {
                // A long header goes on over lines.
                let header: Vec<&str> = lines[at..].iter().copied().take_while(|line| !line.ends_with('{')).collect();
                of = subject(&format!("{} {line}", header.join(" "))).or(subject(line)).map(String::from);
            } else if let Some(name) = line.strip_prefix("pub trait ").or(line.strip_prefix("pub unsafe trait ")) {
                of = Some(word(name).to_string());
            } else if line == "}" {
                of = None;
            }
            match line.trim() {
                "#[doc(hidden)]" => hidden = true,
                "#[macro_export]" => exporting = true,
                code if code.is_empty() || code.starts_with("//") || code.starts_with("#[") => {}
                code => {
                    let method = match of {
                        Some(_) if line.starts_with("    ") && !line.starts_with("     ") => function(code)
                            // Of a trait all are public.
                            .or(code.strip_prefix("unsafe fn ").or(code.strip_prefix("fn ")).map(word))
                            .filter(|_| code.starts_with("pub ") || traits(&lines, at)),
                        _ => None,
                    };
                    if let (Some(of), Some(name), false) = (&of, method, hidden) {
                        if exported.contains(of) {
                            items.insert((of.clone(), name.to_string()));
                        }
                    }
                    if let (Some(name), true) = (code.strip_prefix("macro_rules! "), exporting) {
                        items.insert((String::new(), format!("{}!", word(name))));
                    }
                    (hidden, exporting) = (false, false);
                }
            }
        }
    }
    // What a scope and a pool's member hand on to the arena is written down once.
    let scope = read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/arena/scope.rs")).unwrap();
    let forwarded = scope.split("macro_rules! forward {").nth(1).unwrap().split("\n}\n").next().unwrap();
    for line in forwarded.lines().map(str::trim).filter(|line| line.contains('(') && line.contains("->")) {
        if !line.starts_with('(') && !line.starts_with("->") {
            items.extend(["Scope", "Member"].map(|of| (of.to_string(), word(line).to_string())));
        }
    }
    // So is what two types have in the same words: the containers that grow behind a shared reference, and the vectors.
    for (file, types) in [
        ("typed/shared_methods", ["AppendVec", "TypedArena"]),
        ("vector/methods", ["RegionVec", "Vec"]),
        ("collections/unmanaged/methods", ["Vec", "ThinVec"]),
        ("collections/unmanaged/methods", ["Vec", "Vec32"]),
        ("collections/unmanaged/string", ["String", "ThinString"]),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/{file}.rs"));
        let methods = read_to_string(path).unwrap();
        for name in methods.lines().filter_map(|line| function(line.trim())) {
            items.extend(types.map(|of| (of.to_string(), name.to_string())));
        }
    }
    items
}

/// Whether a line lies in a trait.
fn traits(lines: &[&str], at: usize) -> bool {
    lines[..at]
        .iter()
        .rev()
        .find(|line| line.ends_with('{') && !line.starts_with(' '))
        .is_some_and(|line| line.starts_with("pub trait ") || line.starts_with("pub unsafe trait "))
}

/// The pieces of test: each file of tests or examples, each example in the documentation.
fn pieces() -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for path in ["tests", "examples"].into_iter().flat_map(files) {
        // What must not compile is no use.
        if !path.to_str().unwrap().contains("compile_fail") && !path.ends_with("public_api.rs") {
            pieces.push(read_to_string(path).unwrap());
        }
    }
    for path in files("src") {
        let source = read_to_string(&path).unwrap();
        pieces.push(source[without_tests(&source).len()..].to_string());
        let docs: Vec<&str> = source
            .lines()
            .map(|line| line.trim_start())
            .filter_map(|line| line.strip_prefix("///").or(line.strip_prefix("//!")))
            .collect();
        pieces.extend(fenced(&docs.join("\n")));
    }
    let readme = read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    pieces.extend(fenced(&readme));
    pieces
}

/// The code in a text, but for what must not compile.
fn fenced(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.filter(|block| !block.lines().next().unwrap().contains("compile_fail")).map(String::from).collect()
}

/// Whether a piece names a type, or makes one by a name that the type's makers have.
fn names(piece: &str, of: &str) -> bool {
    let makers: &[&str] = match of {
        "Drain" => &["drain"],
        "IntoIter" => &["into_iter"],
        "Member" => &["member", "try_member"],
        "PooledArena" => &["ArenaPool"],
        "Page" | "PageByte" => &["PagePool"],
        "Scope" => &["scope", "scoped"],
        "ScopeGuard" => &["scope_guard"],
        "Reader" | "ReaderIter" => &["reader"],
        "Lines" | "CrlfLines" => &["lines"],
        "RegionOptions" => &["options"],
        "PoolOptions" => &["options"],
        "Error" | "AllocError" | "InputError" | "PoolError" | "SharedError" | "OffsetError" | "ReadError" => {
            &["unwrap_err", "Err"]
        }
        "FromUtf8Error" => &["from_utf8"],
        "ArenaAllocator" => &["Box"],
        "WithArena" => &["with_arena"],
        _ => &[],
    };
    uses(piece, of, &[]) || makers.iter().any(|maker| uses(piece, maker, &[]))
}

#[test]
fn every_public_item_is_used_in_a_test() {
    let (items, pieces) = (items(), pieces());
    let methods = items.iter().filter(|(of, _)| !of.is_empty()).count();
    println!("{} items, {methods} of them methods; {} pieces of test", items.len(), pieces.len());
    // The reading itself works: it finds what is known to be there.
    for (of, name) in
        [("Arena", "alloc"), ("Scope", "try_alloc_fmt"), ("Backing", "commit"), ("Member", "used"), ("Vec", "drain")]
    {
        assert!(items.contains(&(of.to_string(), name.to_string())), "{of}::{name} was not found");
    }
    assert!(items.contains(&(String::new(), "unsize_box!".to_string())) && methods > 300, "{items:?}");

    let used = |(of, name): &(String, String)| match of.as_str() {
        "" => pieces.iter().any(|piece| uses(piece, name, &[])),
        of => pieces.iter().any(|piece| names(piece, of) && uses(piece, name, &["(", "::<", ")", ",", ";", " {"])),
    };
    let unused: Vec<String> = items
        .iter()
        .filter(|item| !used(item))
        .map(|(of, name)| if of.is_empty() { name.clone() } else { format!("{of}::{name}") })
        .collect();
    assert!(unused.is_empty(), "public, and used in no test:\n  {}", unused.join("\n  "));
}

/// Enums that a later version may extend say so; the others are listed, with why they are complete.
#[test]
fn enums_that_may_grow_say_so() {
    let complete = [
        ("AllocOrInitError", "memory or the caller's closure: there is nothing else that can fail"),
        ("Source", "bytes are shown in place or copied"),
    ];
    let exported = exported();
    let mut seen = BTreeSet::new();
    for path in files("src") {
        let source = read_to_string(&path).unwrap();
        let lines: Vec<&str> = source.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = line.strip_prefix("pub enum ").map(word).filter(|name| exported.contains(*name)) else {
                continue;
            };
            let attributes =
                lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("///"));
            let open = attributes.into_iter().any(|line| *line == "#[non_exhaustive]");
            assert!(open != complete.iter().any(|(complete, _)| *complete == name), "{name}");
            seen.insert(name.to_string());
        }
    }
    assert!(seen.len() > 8, "{seen:?}");
}

/// The rows of a table, from its header on.
fn table<'t>(text: &'t str, header: &str) -> Vec<&'t str> {
    let lines = text.lines().map(|line| line.trim_start_matches("//!").trim());
    let rows: Vec<&str> =
        lines.skip_while(|line| !line.starts_with(header)).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 5, "no table begins with {header}");
    rows[2..].to_vec()
}

#[test]
fn readme_and_front_page_name_the_same_types() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let exported = exported();
    let named = |file: &str| {
        let text = read_to_string(root.join(file)).unwrap();
        let rows = table(&text, "| you have | you take |");
        let spans = rows.iter().flat_map(|row| row.split('`').skip(1).step_by(2));
        let names: BTreeSet<String> =
            spans.map(|span| word(span).to_string()).filter(|name| exported.contains(name)).collect();
        let left: BTreeSet<&str> = rows.iter().map(|row| row.split('|').nth(1).unwrap()).collect();
        assert_eq!(left.len(), rows.len(), "{file} says the same twice");
        names
    };
    assert_eq!(named("README.md"), named("src/lib.rs"));
}

#[test]
fn readme_says_what_every_feature_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = read_to_string(root.join("Cargo.toml")).unwrap();
    let features = manifest.split("[features]").nth(1).unwrap().split("\n[").next().unwrap();
    let features: Vec<&str> = features
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name)
        .filter(|&name| name != "default")
        .collect();
    assert!(features.len() > 5, "{features:?}");
    let readme = read_to_string(root.join("README.md")).unwrap();
    let rows = table(&readme, "| feature |").join("\n");
    let missing: Vec<_> = features
        .iter()
        .filter(|feature| {
            !rows.contains(&format!("`{feature}`")) && !rows.contains(&format!("`-{}`", &feature[feature.len() - 2..]))
        })
        .collect();
    assert!(missing.is_empty(), "not in the README's table of features: {missing:?}");
}
