//! The drawing of the architecture is true: every module stands on lower ones only, and no two use each other.
//!
//! Reads the `use` lines and paths of `src`. Tests within the sources and models may use what they like.

#![cfg(not(miri))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules from the bottom up. A module may use those of the rows below its own, none beside it.
const LAYERS: &[&[&str]] = &[
    &["bump", "bytes", "copy", "policy", "seeded", "stop", "weak"],
    &["sync", "checkers", "roots", "table"],
    &["error"],
    &["sys", "vector"],
    &["region", "shared"],
    &["pool"],
    &["arena"],
    &["heap", "typed", "input"],
    &["collections"],
    &["cage"],
    &["capi", "handler", "malloc", "unload"],
];

/// A module's name, as `arena::backing::mapped`, and the names that its code uses.
struct Module {
    name: String,
    file: PathBuf,
    uses: Vec<String>,
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The code without comments, and without the module of tests at a file's end.
fn code(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let is_tests = |at: &usize| {
        let next = lines.get(at + 1).is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'));
        next && lines[*at].starts_with("#[cfg(") && lines[*at].contains("test")
    };
    let end = (0..lines.len()).find(is_tests).unwrap_or(lines.len());
    lines[..end].iter().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn only_the_tests_at_a_files_end_are_left_out() {
    let text = "use a; // crate::b\n#[cfg(all(loom, test))]\nmod models;\nuse crate::c;\n#[cfg(test)]\nmod tests {\nuse crate::d;";
    assert_eq!(paths(&code(text), "x::y"), ["c"]);
}

/// All paths that begin with `crate::` or `super::`, with what stands in braces told apart.
fn paths(code: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for root in ["crate::", "super::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$' || c == ':') {
                continue;
            }
            let mut base: Vec<&str> = if root == "crate::" { Vec::new() } else { parent(name) };
            let at_the_root = root == "super::" && base.is_empty();
            let mut rest = &code[at + root.len()..];
            while let Some(further) = rest.strip_prefix("super::") {
                base.pop();
                rest = further;
            }
            // A module within a file says `super` to the file, whose own names begin with a capital.
            if at_the_root && rest.starts_with(|c: char| c.is_uppercase()) {
                continue;
            }
            expand(&base.join("::"), rest, &mut found);
        }
    }
    found
}

fn parent(name: &str) -> Vec<&str> {
    let mut parts: Vec<_> = name.split("::").collect();
    parts.pop();
    parts
}

/// Adds `base::rest`, once for each name in the braces at its end.
fn expand(base: &str, rest: &str, found: &mut Vec<String>) {
    let joined = |name: &str| if base.is_empty() { name.to_string() } else { format!("{base}::{name}") };
    if let Some(inside) = rest.strip_prefix('{') {
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inside.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    expand(base, inside[start..at].trim(), found);
                    start = at + 1;
                    if c == '}' {
                        return;
                    }
                }
                _ => {}
            }
        }
        return;
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    if name.is_empty() {
        return;
    }
    match after.strip_prefix("::") {
        Some(further) if further.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '{') => {
            expand(&joined(name), further, found);
        }
        _ => found.push(joined(name)),
    }
}

fn modules() -> Vec<Module> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files.sort();
    let module = |file: PathBuf| {
        let path = file.strip_prefix(&root).unwrap().with_extension("");
        let mut parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
        // A folder's own file: what it calls `super` is one further up, so it stands for itself.
        let is_folder = parts.last() == Some(&"mod");
        if is_folder {
            parts.pop();
        }
        let name = parts.join("::");
        let text = code(&fs::read_to_string(&file).unwrap());
        let mut uses = paths(&text, &name);
        if is_folder {
            // `use child::Name;` in a folder's file.
            uses.extend(own_children(&text, &name));
        }
        Module { name, file, uses }
    };
    let skipped = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_str().unwrap();
        name == "lib.rs" || name.ends_with("models.rs") || name == "file_kinds.rs" || name == "tests.rs"
    };
    files.into_iter().filter(|file| !skipped(file)).map(module).collect()
}

/// Names that a folder's file makes its own, by `use child::{..}`.
fn own_children(text: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("use ") {
        let rest = &text[at + 4..];
        if !rest.starts_with("crate") && !rest.starts_with("super") && !rest.starts_with("core") {
            expand(name, rest, &mut found);
        }
    }
    found
}

fn top(name: &str) -> &str {
    name.split("::").next().unwrap()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The drawing is the block of text in docs that begins with the line `layers`: from the top down, a row a line, names
/// before two spaces are modules of that row.
#[test]
fn the_drawing_in_docs_is_the_table_here() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let texts = fs::read_dir(docs).unwrap().map(|entry| entry.unwrap().path());
    let texts = texts.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let drawn: Vec<Vec<String>> = texts
        .filter_map(|path| {
            let text = fs::read_to_string(path).unwrap();
            let block = text.split("```text\nlayers\n").nth(1)?.split("```").next()?.to_string();
            let names = |line: &str| {
                let modules = line.trim_start().split("   ").next().unwrap();
                modules.split_whitespace().map(str::to_string).collect::<Vec<_>>()
            };
            Some(block.lines().rev().map(names).collect::<Vec<_>>())
        })
        .next()
        .expect("no page of docs has the drawing");
    assert_eq!(drawn, LAYERS);
}

#[test]
fn every_module_stands_on_lower_ones_only() {
    let mut wrong = Vec::new();
    for module in modules() {
        let own = top(&module.name);
        let Some(mine) = layer(own) else {
            wrong.push(format!("{} stands in no layer: say where in tests/arrows.rs and docs", module.name));
            continue;
        };
        for used in &module.uses {
            let other = top(used);
            if other == own {
                continue;
            }
            match layer(other) {
                Some(theirs) if theirs < mine => {}
                _ => wrong.push(format!("{} uses {used}", module.file.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that do not point down:\n{}", wrong.join("\n"));
}

#[test]
fn no_circle_of_files() {
    let modules = modules();
    let names: BTreeSet<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    // Where a folder's file takes a name from, so that `super::Name` leads to the child that has it.
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    for module in &modules {
        for used in &module.uses {
            let within = used.strip_prefix(&format!("{}::", module.name));
            if let Some((_, name)) = within.and_then(|rest| rest.rsplit_once("::")) {
                given.insert(format!("{}::{name}", module.name), used.clone());
            }
        }
    }
    let file_of = |path: &str| {
        let mut path = path.to_string();
        while let Some(further) = given.get(&path) {
            path = further.clone();
        }
        loop {
            if names.contains(path.as_str()) {
                return Some(path);
            }
            path.truncate(path.rfind("::")?);
        }
    };
    let mut arrows: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for module in &modules {
        let targets = module.uses.iter().filter_map(|used| file_of(used));
        // A folder's file and what lies in the folder are one thing: the file names its parts, and they use it.
        let is_kin = |other: &str| {
            let (a, b) = (&module.name, other);
            a == b || a.starts_with(&format!("{b}::")) || b.starts_with(&format!("{a}::"))
        };
        arrows.insert(&module.name, targets.filter(|other| !is_kin(other)).collect());
    }
    let mut circles = Vec::new();
    for start in arrows.keys() {
        // The shortest way back, if there is one.
        let mut from: BTreeMap<String, String> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([start.to_string()]);
        'search: while let Some(at) = queue.pop_front() {
            for next in arrows.get(at.as_str()).into_iter().flatten() {
                if next == start {
                    let mut way = vec![start.to_string(), at.clone()];
                    while let Some(before) = from.get(way.last().unwrap()) {
                        way.push(before.clone());
                    }
                    way.reverse();
                    // Each circle once: by its first name.
                    if way.iter().min() == way.first() {
                        circles.push(way.join(" -> "));
                    }
                    break 'search;
                }
                if !from.contains_key(next) && next != start {
                    from.insert(next.clone(), at.clone());
                    queue.push_back(next.clone());
                }
            }
        }
    }
    assert!(circles.is_empty(), "files that use each other:\n{}", circles.join("\n"));
}
