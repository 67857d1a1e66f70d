//! What comments in the sources promise to their reader, as far as a text search sees it.

use std::path::{Path, PathBuf};

/// All of the library's sources.
fn sources() -> Vec<PathBuf> {
    fn descend(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                descend(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    descend(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 100, "the sources are not here");
    found
}

/// An argument that leans on a neighbour's falls with it, and nobody sees it fall.
#[test]
fn each_argument_for_safety_stands_by_itself() {
    let leaning = ["as above", "as below", "as before", "as in `", "as for", "same as", "see above", "ditto"];
    let mut seen = 0;
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let Some((_, argument)) = line.split_once("// SAFETY: ") else { continue };
            seen += 1;
            assert!(
                !leaning.iter().any(|start| argument.to_lowercase().starts_with(start)),
                "{}:{}: {argument}",
                path.display(),
                number + 1
            );
        }
    }
    assert!(seen > 300, "{seen} arguments are not all");
}

/// Rules are for who changes the code: docs/rules.md has them, and documentation says what follows from them.
#[test]
fn documentation_cites_no_rule() {
    let is_tag = |word: &str| {
        let parts: Vec<&str> = word.split('.').collect();
        let named = |part: &&str| part.starts_with(|c: char| c.is_ascii_lowercase()) && !part.contains(['(', ' ', '/']);
        matches!(parts[..], ["", area, name] if named(&area) && named(&name))
    };
    assert!(is_tag(".bump.up") && !is_tag("..") && !is_tag(".rs") && !is_tag("a.b.c"));
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let Some(documentation) = line.trim_start().strip_prefix("///") else { continue };
            let cited = documentation.split('`').skip(1).step_by(2).find(|code| is_tag(code));
            assert!(cited.is_none(), "{}:{}: {documentation}", path.display(), number + 1);
        }
    }
}
