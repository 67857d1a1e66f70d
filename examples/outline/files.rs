//! Finding the files: those named, and those that end in `.rs` in the directories named, in an order that does
//! not depend on the file system's.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The files, and what could not be looked into, with the reason.
pub fn find(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut failed) = (Vec::new(), Vec::new());
    for path in paths {
        if path.is_dir() {
            descend(path, &mut files, &mut failed);
        } else {
            // What is wrong with it will show when it is read.
            files.push(path.clone());
        }
    }
    (files, failed)
}

/// Looks through a directory. Links to directories are not followed, so this comes to an end.
fn descend(directory: &Path, files: &mut Vec<PathBuf>, failed: &mut Vec<String>) {
    let entries = fs::read_dir(directory).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return failed.push(format!("{}: {error}", directory.display())),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            descend(&path, files, failed);
        } else if path.extension() == Some(OsStr::new("rs")) {
            files.push(path);
        }
    }
}
