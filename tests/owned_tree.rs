//! The example that owns a text and its tree: what it parses, and that it moves, is shared and gives its memory back.
#![cfg(all(target_os = "linux", feature = "os"))]

#[path = "../examples/owned_tree/document.rs"]
mod document;
mod support;

use document::{Document, Heading};
use support::TempPath;

/// A document, made by a function that returns it.
fn document(text: &str) -> Document {
    Document::read(TempPath::with(text.as_bytes()).bytes()).unwrap()
}

/// The tree as text: a heading, and its own in brackets.
fn outline(headings: &[Heading<'_>]) -> String {
    let each = headings.iter().map(|heading| match outline(heading.children()) {
        below if below.is_empty() => heading.title().into_owned(),
        below => format!("{}({below})", heading.title()),
    });
    each.collect::<Vec<_>>().join(" ")
}

#[test]
fn headings_are_below_the_last_one_of_a_lower_level() {
    for (text, expected) in [
        ("", ""),
        ("no heading\n#no space\n####### seven\n", ""),
        ("# a\n# b\n", "a b"),
        ("# a\n## b\ntext\n## c\n### d\n# e", "a(b c(d)) e"),
        ("# a\n### b\n## c\n", "a(b c)"),
        ("### a\n# b\n## c\n", "a b(c)"),
        ("# a\n```\n# code\n```\n## b\n", "a(b)"),
    ] {
        assert_eq!(outline(document(text).headings()), expected, "{text:?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let error = Document::read(TempPath::new().bytes()).err().unwrap();
    assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
}

#[test]
fn the_owner_moves_with_its_tree_and_is_read_by_many_threads() {
    let made: Vec<Document> = (0..20).map(|n| document(&format!("# {n}\n{}", "## below\n".repeat(n)))).collect();
    let made = std::thread::spawn(move || made).join().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for (n, document) in made.iter().enumerate() {
                    let first = &document.headings()[0];
                    assert_eq!(first.title(), n.to_string());
                    assert_eq!((first.children().len(), document.len()), (n, n + 1));
                }
            });
        }
    });
}
