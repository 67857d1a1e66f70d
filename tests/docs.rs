//! What docs say, held to what is there: rule tags, links, paths, backings, sizes.
//!
//! By text alone. Whether a sentence is true is for its reader. This finds what goes stale unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files of a folder that end in one of these, in its folders too.
fn files(folder: &str, ends: &[&str]) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| ends.iter().any(|&wanted| end == wanted)) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has no such files");
    found
}

/// The pages that people read: README and docs.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = files("docs", &["md"]);
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|page| root().join(page)));
    assert!(pages.len() > 6, "{pages:?}");
    pages.into_iter().map(|path| (path.clone(), read_to_string(path).unwrap())).collect()
}

/// What stands between backquotes on single lines.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Whether this is a rule's tag, such as `.bump.up`.
fn is_tag(quoted: &str) -> bool {
    let words: Vec<&str> = quoted.split('.').collect();
    let plain = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    words.len() == 3 && words[0].is_empty() && words[1..].iter().all(plain)
}

#[test]
fn each_rule_is_cited_and_each_citation_has_a_rule() {
    let rules = text("docs/rules.md");
    let listed = rules.lines().filter_map(|line| line.strip_prefix("- `")?.split_once('`')).map(|(tag, _)| tag);
    let listed: Vec<&str> = listed.filter(|tag| is_tag(tag)).collect();
    let known: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(known.len(), listed.len(), "a rule stands there twice");
    assert!(known.len() > 30, "{known:?}");

    let mut cited = BTreeMap::new();
    for path in files("src", &["rs", "h"]) {
        for tag in quoted(&read_to_string(&path).unwrap()).filter(|tag| is_tag(tag)) {
            cited.entry(tag.to_string()).or_insert(path.clone());
        }
    }
    let unknown: Vec<_> = cited.iter().filter(|(tag, _)| !known.contains(tag.as_str())).collect();
    assert!(unknown.is_empty(), "cited, and not in docs/rules.md: {unknown:?}");
    let idle: Vec<_> = known.iter().filter(|&&tag| !cited.contains_key(tag)).collect();
    assert!(idle.is_empty(), "in docs/rules.md, and cited nowhere in src: {idle:?}");
    // Tests and pages may cite rules too.
    let tests = files("tests", &["rs"]).into_iter().map(|path| (path.clone(), read_to_string(path).unwrap()));
    for (path, text) in tests.chain(pages()).filter(|(path, _)| !path.ends_with("tests/docs.rs")) {
        for tag in quoted(&text).filter(|tag| is_tag(tag)) {
            assert!(known.contains(tag), "{}: {tag}", path.display());
        }
    }
}

/// Rules are for those who change the library; users of its documentation do not know their tags.
#[test]
fn documentation_of_public_items_cites_no_rule() {
    let (mut seen, mut citing) = (0, Vec::new());
    for path in files("src", &["rs"]) {
        let mut docs = Vec::new();
        for line in read_to_string(&path).unwrap().lines().map(|line| line.trim_start().to_string()) {
            match line.strip_prefix("///") {
                Some(text) => docs.push(text.to_string()),
                // Between the text and its item.
                None if line.starts_with("#[") || line.starts_with("//") => {}
                None => {
                    let is_public = line.starts_with("pub ");
                    seen += usize::from(is_public && !docs.is_empty());
                    if is_public && docs.iter().any(|text| quoted(text).any(is_tag)) {
                        citing.push(format!("{}: {line}", path.display()));
                    }
                    docs.clear();
                }
            }
        }
    }
    assert!(seen > 300, "{seen} items are not all");
    assert!(citing.is_empty(), "{citing:#?}");
}

/// The anchor that GitHub and rustdoc make of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace('`', "");
    kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>().replace(' ', "-")
}

#[test]
fn each_relative_link_leads_to_a_file() {
    let mut seen = 0;
    for (page, text) in pages() {
        for (at, _) in text.match_indices("](") {
            let link = text[at + 2..].split(')').next().unwrap();
            if link.contains("://") || link.contains('\n') {
                continue;
            }
            seen += 1;
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !fragment.is_empty() {
                let headings = read_to_string(&target).unwrap();
                let there = headings
                    .lines()
                    .any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#').trim_start()) == fragment);
                assert!(there, "{}: {link}", page.display());
            }
        }
    }
    assert!(seen > 15, "{seen} links are not all");
}

/// Whether a word is the path of a file of this repository.
fn is_path(word: &str) -> bool {
    let folders =
        ["src/", "docs/", "tests/", "examples/", "benches/", "include/", "fuzz/", "c-tests/", "xtask/", ".ci/"];
    folders.iter().any(|folder| word.starts_with(folder))
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
}

/// Paths in pages, and pages in the sources' comments.
#[test]
fn each_path_that_is_named_is_there() {
    let mut seen = 0;
    let mut all = pages();
    for folder in ["src", "tests", "benches", "examples", "xtask/src"] {
        all.extend(files(folder, &["rs"]).into_iter().map(|path| (path.clone(), read_to_string(path).unwrap())));
    }
    for (page, text) in all {
        let is_page = page.extension().is_some_and(|end| end == "md");
        let words = text.split(|c: char| c.is_whitespace() || "`()[],;:\"'".contains(c));
        for word in words.map(|word| word.trim_end_matches('.')) {
            let wanted = if is_page { is_path(word) } else { word.ends_with(".md") && is_path(word) };
            if wanted {
                seen += 1;
                assert!(root().join(word).exists(), "{}: {word}", page.display());
            }
        }
    }
    assert!(seen > 60, "{seen} paths are not all");
}

/// The kinds of backings that rules.md lists are those that implement the trait.
#[test]
fn all_backings_are_listed() {
    let mut kinds = BTreeSet::new();
    for path in files("src/arena", &["rs"]).into_iter().chain(files("src/cage", &["rs"])) {
        for line in read_to_string(&path).unwrap().lines().filter(|line| line.starts_with("unsafe impl")) {
            if let Some((_, name)) = line.split_once(" Backing for ") {
                let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
                kinds.insert(name[..end].to_string());
            }
        }
    }
    let rules = text("docs/rules.md");
    let rule = rules.split("- `.back.kinds`").nth(1).unwrap().split("\n- `").next().unwrap();
    let listed: BTreeSet<String> = quoted(rule)
        .filter(|name| name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric))
        .map(String::from)
        .collect();
    assert_eq!(listed, kinds);
    assert!(kinds.contains("Mapped"), "{kinds:?}");
}

/// A number of `docs/` that is a constant of the sources: where it is declared, and what the page then says.
#[test]
fn constants_that_docs_name_are_those_of_the_sources() {
    let sources: String = files("src", &["rs"]).into_iter().map(|path| read_to_string(path).unwrap()).collect();
    for (declared, page, said) in [
        ("const BUDGET: usize = 64 << 20;", "docs/rules.md", "64 MiB of RAM; `cache::set_budget` changes it"),
        ("const KEPT_UNASKED: usize = 5 << 18;", "docs/rules.md", "longer blocks with at most 1.25 MiB of RAM"),
        ("const PATIENCE: usize = 32;", "docs/rules.md", "a thread has made 32 small arenas"),
        ("const LATE_PREFIX: usize = 8 * HUGE_PAGE;", "docs/rules.md", "the first one 16 MiB later"),
        ("const FIRST_BLOCK: usize = 64 << 10;", "docs/rules.md", "The first 64 KiB come from the block cache"),
        (
            "usize; 5] = [1 << 20, 16 << 20, 4 << 30, 64 << 30, 1 << 40];",
            "docs/rules.md",
            "regions of 4 GiB, 64 GiB and 1 TiB",
        ),
        ("usize; 5] = [1 << 20, 8 << 20, 32 << 20, 128 << 20, 512 << 20];", "docs/rules.md", "32, 128 and 512 MiB"),
        ("SMALL_PAGE_PREFIX: usize = 512 << 10;", "docs/rules.md", "placed 512 KiB below a 2 MiB boundary"),
        ("const HEADER: usize = 64;", "docs/rules.md", "a header of 64 bytes"),
        ("const USUAL_SLOTS: usize = 16;", "docs/pool.md", "**16 slots, given back by a store** (shipped)"),
    ] {
        assert!(sources.contains(declared), "{declared} is not in src any more; {page} says: {said}");
        let page_text = text(page).replace('\n', " ").replace("  ", " ");
        assert!(page_text.contains(said), "{page} does not say: {said}");
    }
}

/// The archives' sizes stand in two pages.
#[test]
fn pages_agree_on_the_archives() {
    let bytes = |page: &str, row: &str| {
        let text = text(page);
        let line =
            text.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("{page}: {row}")).to_string();
        let cells: Vec<String> = line.split('|').skip(2).map(|cell| cell.replace(" bytes", "").trim().into()).collect();
        cells[..4].to_vec()
    };
    for (c, measured) in [
        ("| `-O3` with the usual inlining", "| `-O3`, usual inlining"),
        ("| `cargo capi`:", "| `cargo capi` |"),
        ("| `cargo capi-small`:", "| `cargo capi-small` |"),
    ] {
        assert_eq!(bytes("docs/c.md", c), bytes("docs/measurements.md", measured));
    }
}

/// Names in pages are names of the library: C's in region.h, and the glossary's of Rust in the sources.
#[test]
fn names_in_pages_are_there() {
    let header = text("include/region.h");
    let mut seen = 0;
    for (page, text) in pages() {
        for name in quoted(&text).filter(|name| name.starts_with("region_") || name.starts_with("REGION_")) {
            let name = name.trim_end_matches("()");
            // Patterns, and names of other things: cfgs, the environment.
            let other = ["region_small", "region_staticlib", "region_panics", "region_faults", "region_tsan"];
            let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !other.contains(&name);
            let is_variable = ["REGION_BLESS", "REGION_REQUIRE_TOOLS"].contains(&name);
            if plain && !is_variable && !name.ends_with('_') && !name.starts_with("region_vec") {
                seen += 1;
                assert!(header.contains(name), "{}: {name} is not in region.h", page.display());
            }
        }
    }
    assert!(seen > 40, "{seen} names are not all");

    let sources: String = files("src", &["rs"]).into_iter().map(|path| read_to_string(path).unwrap()).collect();
    let modules =
        ["arena", "cage", "collections", "collections/unmanaged", "error", "heap", "input", "pool", "shared", "typed"];
    let public = modules.map(|name| text(&format!("src/{name}/mod.rs"))).concat() + &text("src/lib.rs");
    let glossary = text("docs/glossary.md");
    let mut seen = 0;
    for row in glossary.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| term")) {
        let cells: Vec<&str> = row.split('|').collect();
        assert_eq!(cells.len(), 6, "{row}");
        for name in quoted(cells[3]).filter(|name| name.starts_with(char::is_uppercase) && *name != "MIN_ALIGN") {
            seen += 1;
            let (of, item) = name.split_once("::").unwrap_or((name, ""));
            assert!(public.contains(of), "{of} is not public: {row}");
            let declared = [format!("fn {item}("), format!("fn {item}<"), format!(" {item},"), format!(" {item}\n")];
            assert!(item.is_empty() || declared.iter().any(|item| sources.contains(item.as_str())), "{name}: {row}");
        }
    }
    assert!(seen > 60, "{seen} names are not all");
}

/// Where a comment names a page's section, as in `docs/c.md ("Building")`, the page has it.
#[test]
fn each_section_that_comments_name_is_there() {
    let mut seen = 0;
    for folder in ["src", "tests", "benches", "examples", "xtask/src"] {
        for path in files(folder, &["rs"]).into_iter().filter(|path| !path.ends_with("tests/docs.rs")) {
            let source = read_to_string(&path).unwrap();
            let words: Vec<&str> = source.split_whitespace().filter(|word| !word.starts_with("//")).collect();
            let comment = words.join(" ");
            for (at, _) in comment.match_indices(".md") {
                let page = comment[..at].rsplit(|c: char| c.is_whitespace() || "(`".contains(c)).next().unwrap();
                let after = &comment[at + 3..];
                let Some(section) = after.strip_prefix(" (\"").or(after.strip_prefix(", \"")) else { continue };
                let (section, page) = (section.split('"').next().unwrap(), format!("{page}.md"));
                if page.starts_with("docs/") {
                    seen += 1;
                    let there = text(&page).lines().any(|line| line.trim_start_matches('#').trim() == section);
                    assert!(there, "{}: {page} has no section {section}", path.display());
                }
            }
        }
    }
    assert!(seen > 4, "{seen} sections are not all");
}
