//! `region.h`, made in `OUT_DIR` when the C ABI is built: noun by noun, each part of `src/capi/header/` around what
//! cbindgen reads in that noun's file.
//!
//! The header in `include/` is a copy that the tests keep current (`REGION_BLESS=1 cargo test --test c_abi` renews it),
//! so that a C program needs no Rust to read it, and a build never writes into the source tree.

use cbindgen::{Builder, Config, DocumentationLength, Language, SortKey, Style};
use std::fs;
use std::path::Path;

/// In the order of the header. A type stands before what uses it.
const NOUNS: [&str; 12] =
    ["arena", "alloc", "string", "hooks", "map", "pool", "shared", "file", "input", "lines", "error", "process"];

/// Where a noun's types and functions go in its part.
const GENERATED: &str = "@GENERATED@\n";

pub(super) fn make() {
    println!("cargo::rerun-if-changed=build/header.rs");
    println!("cargo::rerun-if-changed=src/capi");
    let mut header = part("top");
    for noun in NOUNS {
        header.push('\n');
        header.push_str(&part(noun).replace(GENERATED, &generated(noun)));
    }
    header.push('\n');
    header.push_str(&part("bottom"));
    let header = header.replace("@VERSION@", env!("CARGO_PKG_VERSION"));
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    fs::write(Path::new(&out).join("region.h"), header).expect("OUT_DIR can be written to");
}

fn part(name: &str) -> String {
    let path = format!("src/capi/header/{name}.h");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}

/// What the noun's file declares, in the order in which it stands there.
fn generated(noun: &str) -> String {
    let mut config = Config {
        language: Language::C,
        style: Style::Both,
        usize_is_size_t: true,
        line_length: WIDTH,
        tab_width: 4,
        documentation_length: DocumentationLength::Full,
        no_includes: true,
        ..Config::default()
    };
    config.function.sort_by = Some(SortKey::None);
    config.constant.sort_by = Some(SortKey::None);
    let path = format!("src/capi/{noun}.rs");
    let bindings = match Builder::new().with_config(config).with_src(&path).generate() {
        Ok(bindings) => bindings,
        Err(error) => panic!("cannot make the header of {path}: {error}"),
    };
    let mut text = Vec::new();
    bindings.write(&mut text);
    tidy(&String::from_utf8(text).expect("cbindgen writes UTF-8"))
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
