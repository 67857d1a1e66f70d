//! Situations that tests need: files, and writers. What a Unix alone has is in `files` (pipes, terminals) and `process`
//! (forks, limits), `windows` for Windows; `child` runs a test again.

#![allow(dead_code, unused_imports)] // each test uses its part

mod child;
pub mod drops;
#[cfg(unix)]
mod files;
pub mod heap;
#[cfg(unix)]
pub mod hugetlb;
#[cfg(unix)]
mod process;
pub mod watched;
#[cfg(windows)]
mod windows;

pub use child::*;
#[cfg(unix)]
pub use files::*;
#[cfg(unix)]
pub use process::*;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
#[cfg(windows)]
pub use windows::*;

/// A path of this process's own, removed with whatever is there at drop.
pub struct TempPath(PathBuf);

impl TempPath {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("region-{}-{count}", std::process::id());
        TempPath(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    /// A path at which there is a file with these bytes.
    pub fn with(bytes: &[u8]) -> Self {
        let path = Self::new();
        std::fs::write(&path.0, bytes).unwrap();
        path
    }

    /// The bytes of the path.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_os_str().as_encoded_bytes()
    }

    pub fn open(&self) -> File {
        File::open(&self.0).unwrap()
    }
}

impl AsRef<Path> for TempPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Bytes in which every position can be told from those near it.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i ^ i >> 8 ^ i >> 16) as u8).collect()
}

/// Writes `bytes` in pieces of `piece` bytes from another thread, then closes.
pub fn write_in_pieces(mut to: impl Write + Send + 'static, bytes: Vec<u8>, piece: usize) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for piece in bytes.chunks(piece) {
            to.write_all(piece).unwrap();
            std::thread::yield_now();
        }
    })
}

/// Says what is not tested here, and why: past the harness's capture, as a skip must be seen.
pub fn skip(why: &str) {
    std::io::stderr().write_all(format!("\nSKIPPED: {why}\n").as_bytes()).unwrap();
}

/// Whether every byte is this one: by `memcmp` of the row with itself, as builds for tests loop slowly.
pub fn all(row: &[u8], byte: u8) -> bool {
    row.first().is_none_or(|&first| first == byte) && row.get(1..).unwrap_or(&[]) == &row[..row.len().saturating_sub(1)]
}
