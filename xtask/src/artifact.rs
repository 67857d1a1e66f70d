//! What cargo says of the files it made (`--message-format json-render-diagnostics`): a message a line.
//!
//! No JSON parser: of all messages only the strings that are paths of libraries are wanted.

use std::path::{Path, PathBuf};

/// The paths of the libraries among the strings of cargo's messages.
pub fn paths(messages: &str) -> Vec<PathBuf> {
    let artifacts = messages.lines().filter(|line| line.starts_with("{\"reason\":\"compiler-artifact\""));
    artifacts
        .flat_map(strings)
        .filter(|text| text.ends_with(".a") || text.ends_with(".so"))
        .map(PathBuf::from)
        .collect()
}

/// The strings of a message, without what escapes stood for: quotation marks and backslashes alone are seen in paths.
fn strings(message: &str) -> Vec<String> {
    let (mut found, mut text, mut within) = (Vec::new(), String::new(), false);
    let mut characters = message.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' if within => {
                found.push(std::mem::take(&mut text));
                within = false;
            }
            '"' => within = true,
            '\\' if within => text.extend(characters.next()),
            character if within => text.push(character),
            _ => {}
        }
    }
    found
}

/// The triple that a library was made for, where cargo's directory for it says one: it was asked for by `--target`, or
/// by a configuration.
pub fn triple(work: &Path, library: &Path) -> Option<String> {
    let work = work.canonicalize().ok()?;
    let below = library.canonicalize().ok()?.strip_prefix(work).ok()?.to_path_buf();
    let first = below.components().next()?.as_os_str().to_str()?.to_owned();
    (first != "release").then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_with_what_was_escaped_in_them() {
        let messages = "{\"reason\":\"compiler-artifact\",\"features\":[],\"filenames\":[\"/a b\\\"c\\\\d/libregion.a\",\
                        \"/x/libregion.so\"]}\n{\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(paths(messages), [Path::new("/a b\"c\\d/libregion.a"), Path::new("/x/libregion.so")]);
    }
}
