//! Lines of a large file, and pipes read whole: this library against what people use.
//!
//! ```sh
//! cargo bench --bench lines
//! cargo bench --bench lines -- pipe       # only the duels whose title has the word
//! ```
//!
//! The file is written by this program, so that it is in the page cache: what is measured is getting at lines,
//! not the disk. Every candidate does the same with each line (adds up lengths and first bytes), and must
//! come to the same sum.

mod support;

use region::input::Fd;
use region::{Input, Lines};
use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::Path;
use support::Duel;

/// Bytes of the file: far more than any cache, little enough for two copies in a small machine.
const FILE: usize = 512 << 20;
/// Bytes sent through a pipe.
const PIPED: usize = 256 << 20;

/// What a candidate makes of its lines: how many, and a sum that depends on every one.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
struct Sum {
    lines: u64,
    bytes: u64,
}

impl Sum {
    #[inline(always)]
    fn add(&mut self, line: &[u8]) {
        self.lines += 1;
        self.bytes += line.len() as u64 + u64::from(line.first().copied().unwrap_or(0));
    }
}

/// Writes lines of `shortest..shortest + spread` bytes, in pieces of `piece` bytes (which decides how large
/// the pieces of the page cache are). Returns how many, and how many bytes.
fn write_lines(path: &Path, shortest: usize, spread: usize, piece: usize) -> (u64, usize) {
    let mut file = BufWriter::with_capacity(piece, File::create(path).unwrap());
    let (mut state, mut lines, mut bytes) = (1u64, 0, 0);
    let letters: Vec<u8> = (b'a'..=b'z').cycle().take(shortest + spread + 26).collect();
    while bytes < FILE {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let len = shortest + (state >> 33) as usize % spread;
        let from = (state >> 20) as usize % 26;
        file.write_all(&letters[from..from + len]).unwrap();
        file.write_all(b"\n").unwrap();
        lines += 1;
        bytes += len + 1;
    }
    file.flush().unwrap();
    (lines, bytes)
}

/// What an owner lends.
fn fd(file: &File) -> Fd<'_> {
    // SAFETY: the result borrows the owner, which keeps the descriptor open as long as it lives.
    unsafe { Fd::from_raw(file.as_raw_fd()) }
}

fn mapped(path: &Path) -> Input {
    // SAFETY: this program made the file and does not write to it any more.
    unsafe { Input::open(path.as_os_str().as_encoded_bytes()) }.unwrap()
}

fn ours(text: &[u8]) -> Sum {
    let mut sum = Sum::default();
    for line in Lines::new(text) {
        sum.add(line);
    }
    sum
}

fn memchr_a_line(mut text: &[u8]) -> Sum {
    let mut sum = Sum::default();
    while let Some(at) = memchr::memchr(b'\n', text) {
        sum.add(&text[..at]);
        text = &text[at + 1..];
    }
    if !text.is_empty() {
        sum.add(text);
    }
    sum
}

fn memchr_iter(text: &[u8]) -> Sum {
    let mut sum = Sum::default();
    let mut start = 0;
    for at in memchr::memchr_iter(b'\n', text) {
        sum.add(&text[start..at]);
        start = at + 1;
    }
    if start < text.len() {
        sum.add(&text[start..]);
    }
    sum
}

fn read_until(path: &Path) -> Sum {
    let mut sum = Sum::default();
    let mut file = BufReader::new(File::open(path).unwrap());
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line).unwrap() != 0 {
        sum.add(line.strip_suffix(b"\n").unwrap_or(&line));
        line.clear();
    }
    sum
}

fn getline(path: &Path) -> Sum {
    let mut sum = Sum::default();
    let name = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).unwrap();
    // SAFETY: a stream of our own; `getline` allocates the line and says how long it is, we free it.
    unsafe {
        let file = libc::fopen(name.as_ptr(), c"r".as_ptr());
        assert!(!file.is_null());
        let (mut line, mut room) = (std::ptr::null_mut(), 0);
        loop {
            let len = libc::getline(&mut line, &mut room, file);
            if len < 0 {
                break;
            }
            let line = std::slice::from_raw_parts(line.cast::<u8>(), len as usize);
            sum.add(line.strip_suffix(b"\n").unwrap_or(line));
        }
        libc::free(line.cast());
        libc::fclose(file);
    }
    sum
}

/// A pipe with a thread that writes `PIPED` bytes into it in pieces of `piece`.
fn fed_pipe(piece: usize) -> (File, std::thread::JoinHandle<()>) {
    let mut ends = [0; 2];
    // SAFETY: `pipe2` fills the two numbers it is given; they are new, so nobody else owns them.
    let [reader, mut writer] = unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        ends.map(|raw| File::from_raw_fd(raw))
    };
    let writing = std::thread::spawn(move || {
        let bytes = vec![b'x'; piece];
        for _ in 0..PIPED / piece {
            writer.write_all(&bytes).unwrap();
        }
    });
    (reader, writing)
}

/// A duel over the lines of one file.
fn duel(path: &Path, title: &str, shortest: usize, spread: usize, piece: usize) {
    let (lines, bytes) = write_lines(path, shortest, spread, piece);
    let expected = getline(path);
    assert_eq!(expected.lines, lines);
    let same = |sum: Sum| assert_eq!(black_box(sum), expected);
    println!("\n{title}: {lines} lines, {bytes} bytes");
    let text = mapped(path);
    Duel::new(format!("{title}: open, every line, close"), lines, 7)
        .add("Input::open + lines", || same(ours(&mapped(path))))
        .add("Input::open + memchr a line", || same(memchr_a_line(&mapped(path))))
        .add("Input::open + memchr_iter", || same(memchr_iter(&mapped(path))))
        .add("BufRead::read_until", || same(read_until(path)))
        .add("getline(3)", || same(getline(path)))
        .run();
    Duel::new(format!("{title}: read into memory, every line, free"), lines, 5)
        .add("Input::read + lines", || same(ours(&Input::read(path.as_os_str().as_encoded_bytes()).unwrap())))
        .add("std::fs::read + memchr_iter", || same(memchr_iter(&std::fs::read(path).unwrap())))
        .run();
    Duel::new(format!("{title}: every line of a slice"), lines, 7)
        .add("Lines", || same(ours(&text)))
        .add("memchr a line", || same(memchr_a_line(&text)))
        .add("memchr_iter", || same(memchr_iter(&text)))
        .run();
    Duel::new(format!("{title}: counting lines of a slice"), lines, 7)
        .add("Lines::count", || assert_eq!(Lines::new(&text).count() as u64, lines))
        .add("memchr_iter().count", || assert_eq!(memchr::memchr_iter(b'\n', &text).count() as u64, lines))
        .run();
}

fn main() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lines-{}", std::process::id()));
    let _removed = Removed(&path);
    duel(&path, "log lines (40-126 bytes)", 40, 87, 1 << 20);
    duel(&path, "short lines (0-30 bytes)", 0, 31, 1 << 20);
    duel(&path, "log lines, page cache of 4 KiB pieces", 40, 87, 4096);

    let read = |reader: &File| Input::read_fd(fd(reader)).unwrap().len();
    for piece in [4 << 10, 64 << 10, 1 << 20] {
        Duel::new(format!("pipe of 256 MiB, written in {} KiB pieces", piece >> 10), PIPED as u64 >> 20, 7)
            .add("Input::read_fd", || {
                let (reader, writing) = fed_pipe(piece);
                assert_eq!(read(&reader), PIPED);
                writing.join().unwrap();
            })
            .add("std read_to_end", || {
                let (mut reader, writing) = fed_pipe(piece);
                let mut all = Vec::new();
                assert_eq!(reader.read_to_end(&mut all).unwrap(), PIPED);
                writing.join().unwrap();
            })
            .run();
    }

    Duel::new("file of 512 MiB read into memory", FILE as u64 >> 20, 7)
        .add("Input::read", || assert!(Input::read(path.as_os_str().as_encoded_bytes()).unwrap().len() >= FILE))
        .add("std::fs::read", || assert!(std::fs::read(&path).unwrap().len() >= FILE))
        .run();
    for len in [100, 10_000, 400_000] {
        std::fs::write(&path, vec![b'x'; len]).unwrap();
        Duel::new(format!("small file of {len} bytes"), 1000, 7)
            .add("Input::open", || {
                (0..1000).for_each(|_| assert_eq!(mapped(&path).iter().filter(|&&b| b == b'x').count(), len))
            })
            .add("Input::read", || {
                (0..1000).for_each(|_| {
                    assert_eq!(
                        Input::read(path.as_os_str().as_encoded_bytes())
                            .unwrap()
                            .iter()
                            .filter(|&&b| b == b'x')
                            .count(),
                        len
                    )
                })
            })
            .add("std::fs::read", || {
                (0..1000)
                    .for_each(|_| assert_eq!(std::fs::read(&path).unwrap().iter().filter(|&&b| b == b'x').count(), len))
            })
            .run();
    }
}

/// Removes the file, also when a candidate panics.
struct Removed<'a>(&'a Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.0);
    }
}
