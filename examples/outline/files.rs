//! Finding the files: those named, and those that end in `.rs` in the directories named, in an order that does
//! not depend on the file system's. And reading them, which does not wait for a writer that is not there.

use region::Input;
use region::input::Fd;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The files, and what could not be looked into, with the reason.
pub fn find(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut failed) = (Vec::new(), Vec::new());
    for path in paths {
        if path.is_dir() {
            descend(path, &mut files, &mut failed);
        } else if let Some(what) = endless(path) {
            failed.push(format!("{}: {what}", path.display()));
        } else {
            // A pipe that is named is read as one. What is wrong with a file will show when it is read.
            files.push(path.clone());
        }
    }
    (files, failed)
}

/// Looks through a directory. Links to directories are not followed, and only regular files are taken, so this comes to
/// an end.
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
            // Whatever a link leads to: opening a fifo waits for its writer, and reading a device may never end.
            match fs::metadata(&path) {
                Ok(kind) if !kind.is_file() => failed.push(format!("{}: not a regular file", path.display())),
                _ => files.push(path),
            }
        }
    }
}

/// What a path names whose reading may never end, links followed.
fn endless(path: &Path) -> Option<&'static str> {
    let kind = fs::metadata(path).ok()?.file_type();
    match () {
        () if kind.is_socket() => Some("a socket, which cannot be read"),
        () if kind.is_block_device() || kind.is_char_device() => Some("a device, and not a file or a pipe"),
        () => None,
    }
}

/// The bytes of a file, or of a pipe that somebody writes to. Read and not mapped: others may write to the files of a
/// source tree at any time.
pub fn read(path: &Path) -> Result<Input, String> {
    let kind = fs::metadata(path).map(|found| found.file_type());
    if !kind.is_ok_and(|kind| kind.is_fifo()) {
        return Input::read(path.as_os_str().as_encoded_bytes()).map_err(|error| error.to_string());
    }
    let said = |error: io::Error| error.to_string();
    // To open a pipe waits for a writer, unless it is asked not to.
    let pipe = fs::File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(said)?;
    // SAFETY: the file is open until the end of this function, and the descriptor is used in it alone.
    let fd = unsafe { Fd::from_raw(pipe.as_raw_fd()) };
    match Input::read_fd(fd) {
        Ok(input) if input.is_empty() => Err("a pipe that nobody writes to".into()),
        // It has a writer that has not written all: wait for it.
        Err(error) if error.error().is(region::error::Errno::EAGAIN) => {
            // SAFETY: the call takes a number and changes how this descriptor's reads wait, nothing in memory.
            if unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, 0) } < 0 {
                return Err(said(io::Error::last_os_error()));
            }
            let mut input = error.into_input();
            input.read_more(fd).map_err(|error| error.to_string())?;
            Ok(input)
        }
        input => input.map_err(|error| error.to_string()),
    }
}
