//! `region.h`, out of the sources of the C ABI: noun by noun, each part of `src/capi/header/` around what cbindgen
//! reads in that noun's file.
//!
//!     cargo capi-header [FILE]      into include/region.h, or FILE
//!
//! The header in `include/` is committed, so that a C program needs no Rust to read it and a build of the library needs
//! no cbindgen. tests/c_abi.rs makes it anew and compares.

use cbindgen::{Builder, Config, DocumentationLength, Language, SortKey, Style};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// In the order of the header. A type stands before what uses it.
const NOUNS: [&str; 18] = [
    "arena", "alloc", "oom", "marks", "string", "array", "reading", "map", "heap", "hooks", "pool", "shared", "file",
    "input", "lines", "error", "cache", "process",
];

/// Where a noun's types and functions go in its part.
const GENERATED: &str = "@GENERATED@\n";

fn main() -> ExitCode {
    let root = root();
    let file = env::args_os().nth(1).map_or_else(|| root.join("include/region.h"), PathBuf::from);
    match make(&root).and_then(|header| fs::write(&file, header).map_err(|error| cannot("write", &file, &error))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The top of the clone.
fn root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent().map_or(own.clone(), Path::to_path_buf)
}

fn make(root: &Path) -> Result<String, String> {
    let mut header = part(root, "top")?;
    for noun in NOUNS {
        header.push('\n');
        header.push_str(&part(root, noun)?.replace(GENERATED, &generated(root, noun)?));
    }
    header.push('\n');
    header.push_str(&part(root, "bottom")?);
    Ok(header.replace("@VERSION@", &version(root)?))
}

/// The version of the library, which its manifest has.
fn version(root: &Path) -> Result<String, String> {
    let manifest = root.join("Cargo.toml");
    let text = read(&manifest)?;
    let version = text.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.map(str::to_owned).ok_or(format!("{} says no version", manifest.display()))
}

fn part(root: &Path, name: &str) -> Result<String, String> {
    read(&root.join(format!("src/capi/header/{name}.h")))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| cannot("read", path, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {what} {}: {error}", path.display())
}

/// What the noun's file declares, in the order in which it stands there.
fn generated(root: &Path, noun: &str) -> Result<String, String> {
    let mut config = Config {
        language: Language::C,
        style: Style::Both,
        usize_is_size_t: true,
        // cbindgen counts a `struct ` that `bare` takes away.
        line_length: WIDTH + "struct ".len(),
        tab_width: 4,
        documentation_length: DocumentationLength::Full,
        no_includes: true,
        ..Config::default()
    };
    config.function.sort_by = Some(SortKey::None);
    config.constant.sort_by = Some(SortKey::None);
    // A noun's types may stand in a file below that of its functions, and its functions in several.
    let files = match noun {
        "arena" => &["inside", "arena"][..],
        "marks" => &["deferred", "marks"],
        "heap" => &["heap/mod"],
        "hooks" => &["heap_hooks", "hooks"],
        _ => &[noun],
    };
    let files = files.iter().map(|file| root.join(format!("src/capi/{file}.rs")));
    let bindings = files.fold(Builder::new().with_config(config), Builder::with_src).generate();
    let bindings = bindings.map_err(|error| format!("cannot make the header of {noun}: {error}"))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    Ok(tidy(&String::from_utf8_lossy(&text)))
}

/// cbindgen's text with its comments in C's manner, and without what they say to Rust (`# Safety`).
fn tidy(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if line.trim() == "/**" {
            let comment = lines.by_ref().map(|line| line.trim_start().trim_start_matches('*'));
            let comment: Vec<&str> = comment.take_while(|&line| line != "/").map(str::trim).collect();
            let said = comment.iter().position(|line| line.starts_with("# ")).unwrap_or(comment.len());
            let said = comment[..said].join("\n");
            let said = said.trim();
            let mut next = lines.clone();
            match next.next() {
                // What is said of a constant or a field in one line stands beside it.
                Some(code)
                    if !said.contains('\n')
                        && (!indent.is_empty() || code.starts_with("#define"))
                        && BESIDE.max(code.len()) + said.len() <= WIDTH - "/*  */".len() =>
                {
                    let code = bare(code);
                    out.push_str(&format!("{code:<BESIDE$}/* {said} */\n"));
                    lines = next;
                    // Constants stand together.
                    let mut beyond = lines.clone().skip(1).skip_while(|line| !line.starts_with(['#', 't']));
                    if code.starts_with("#define") && beyond.next().is_some_and(|line| line.starts_with('#')) {
                        lines.next();
                    }
                }
                _ => {
                    let said = said.replace('\n', &format!("\n{indent}    "));
                    out.push_str(&format!("{indent}/** {said} */\n"));
                }
            }
        } else {
            out.push_str(&bare(line));
            out.push('\n');
        }
    }
    out.push('\n');
    out
}

/// Columns of the header.
const WIDTH: usize = 120;

/// Where what is said of a field begins.
const BESIDE: usize = 36;

/// The line with types by their names alone, as everywhere else in the header, but for the struct that refers to
/// itself.
fn bare(line: &str) -> String {
    match line.starts_with("typedef struct") || line.ends_with("*next_;") {
        true => line.to_owned(),
        false => line.replace("struct region_", "region_"),
    }
}
