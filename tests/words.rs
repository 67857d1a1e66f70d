//! The sources and the pages use the glossary's terms, and none of the words that the library once had for them.
//!
//! By whole words alone, in comments, names and texts. Words with a plain sense beside the old one (place, row, room,
//! way) are not listed: whether they have it is for the reader.

#![cfg(not(miri))]

use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

/// What is read. `docs/glossary.md` has the terms and may say what they replace.
const READ: &[&str] = &[
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "docs",
    "examples",
    "include",
    "src/arena",
    "src/bump.rs",
    "src/bytes.rs",
    "src/cage",
    "src/capi",
    "src/checkers.rs",
    "src/collections",
    "src/error",
    "src/heap",
    "src/input",
    "src/lib.rs",
    "src/models.rs",
    "src/policy.rs",
    "src/pool",
    "src/region",
    "src/roots.rs",
    "src/seeded.rs",
    "src/shared",
    "src/sync",
    "src/sys",
    "src/table.rs",
    "src/typed",
    "src/unload.rs",
    "src/vector",
    "src/weak.rs",
];

/// Words that are gone, and what stands in their place. A name is read by its parts: `is_told` and `IsTold` have
/// `told`.
const GONE: &[(&[&str], &str)] = &[
    (&["told", "tell", "tells", "telling"], "detail, poison, for each; is given, says"),
    (&["shelf", "shelves"], "slot cache"),
    (&["wish", "wishes", "wished"], "request, preference"),
    (&["runway", "runways"], "small-page prefix, huge-page threshold"),
    (&["rung", "rungs", "ladder", "ladders"], "size step, fallback sequence"),
    (&["lent"], "external, borrowed; taken"),
    (&["retire", "retires", "retired", "withdraw", "withdraws", "withdrawn", "withdrew"], "protect"),
    (&["figure", "figures"], "stats, number"),
    (&["knob", "knobs"], "option, control"),
    (&["deed", "deeds"], "operation, step"),
    (&["house", "houses", "nonsense", "story", "stories", "wall", "walls", "faces"], "the plain noun"),
    (&["business", "affair", "affairs"], "the fact alone: \"Marks are in `blocks`.\""),
    (&["nobody's"], "free, handed out to no one"),
];

/// Phrases that are gone, over the ends of lines too.
const FORMULAS: &[&str] = &["does not do:", "do not do:"];

/// Where a word may stand all the same: the beginning of the path, the text around the word, the reason.
const ALLOWED: &[(&str, &str, &str)] = &[];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(path: PathBuf, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut entries: Vec<_> = read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries.into_iter().for_each(|entry| files(entry, found));
    } else if path.extension().is_some_and(|end| ["rs", "h", "hpp", "c", "md"].iter().any(|&wanted| end == wanted)) {
        found.push(path);
    }
}

/// The words of a line in lower case, with the parts of names apart. An apostrophe is part of a word.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in line.chars() {
        let begins = c.is_uppercase() && before.is_lowercase();
        if begins || !(c.is_alphanumeric() || c == '\'') {
            words.push(String::new());
        }
        if c.is_alphanumeric() || c == '\'' {
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether `word` is `gone`, or its genitive.
fn is(word: &str, gone: &str) -> bool {
    word == gone || word.strip_suffix("'s") == Some(gone)
}

#[test]
fn old_words_are_found_in_comments_and_names() {
    assert_eq!(words("/// It's a PageWish, is_told."), ["it's", "a", "page", "wish", "is", "told"]);
    assert!(is("wish's", "wish") && is("wish", "wish") && !is("wishful", "wish"));
}

#[test]
fn sources_and_pages_have_none_of_the_old_words() {
    let (mut read, mut wrong) = (0, Vec::new());
    let mut used = vec![false; ALLOWED.len()];
    for part in READ {
        let mut found = Vec::new();
        files(root().join(part), &mut found);
        assert!(!found.is_empty(), "{part} is not there");
        for path in found.iter().filter(|path| !path.ends_with("docs/glossary.md")) {
            read += 1;
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            let text = read_to_string(path).unwrap();
            for (number, line) in text.lines().enumerate() {
                let allowed = |at: &usize| name.starts_with(ALLOWED[*at].0) && line.contains(ALLOWED[*at].1);
                let excused = (0..ALLOWED.len()).find(allowed);
                let mut line_words = words(line).into_iter();
                let old = line_words.find_map(|word| {
                    GONE.iter().find(|(gone, _)| gone.iter().any(|gone| is(&word, gone))).map(|(_, now)| (word, now))
                });
                match (old, excused) {
                    (Some(_), Some(excuse)) => used[excuse] = true,
                    (Some((word, now)), None) => wrong.push(format!("{name}:{}: {word} -> {now}: {line}", number + 1)),
                    _ => {}
                }
            }
            let comments = text.lines().map(|line| line.trim().trim_start_matches(['/', '!', '*', ' ']));
            let flat = comments.collect::<Vec<_>>().join(" ");
            wrong.extend(FORMULAS.iter().filter(|old| flat.contains(**old)).map(|old| format!("{name}: \"{old}\"")));
        }
    }
    assert!(read > 90, "{read} files are not all");
    assert!(wrong.is_empty(), "{} old words:\n{}", wrong.len(), wrong.join("\n"));
    let unused: Vec<_> = ALLOWED.iter().zip(used).filter(|(_, used)| !used).collect();
    assert!(unused.is_empty(), "allowed, and nowhere: {unused:?}");
}
