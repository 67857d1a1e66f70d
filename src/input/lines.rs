//! [`Lines`]: a text cut at its newlines or at another byte, without copying one (`.input.lines`).
//!
//! Works on any slice and needs no operating system. It knows one delimiter and, on request, the carriage
//! return before one; it knows no quotes, no encoding, and no limit to the length of a line.

use super::delimiter::{self, BATCH_BYTES, BLOCK, Masks};
use core::fmt;
use core::iter::FusedIterator;

/// The lines of a text, in order, as slices of it without their newlines.
///
/// A newline ends a line, so that there are as many lines as newlines, and one more when the text
/// does not end with one. An empty text has no line; empty lines are lines; NUL bytes are data. From the back
/// it gives the last lines first. [`count`](Iterator::count) does not look at lines one by one.
///
/// *Cost*: no allocation and no system call. Newlines are searched 1 KiB ahead of the line that is
/// given, at one bit a byte. *Threads*: `Send` and `Sync`.
///
/// ```
/// let mut lines = region::Lines::new(b"first\n\nthird\0\nno newline");
/// assert_eq!(lines.next(), Some(&b"first"[..]));
/// assert_eq!(lines.next_back(), Some(&b"no newline"[..]));
/// assert_eq!(lines.next(), Some(&b""[..]));
/// assert_eq!(lines.next(), Some(&b"third\0"[..]));
/// assert_eq!(lines.next(), None);
/// ```
// Invariants:
// - `end <= text.len()`. Unless it is over, `start <= end`, and the lines to come are what
//   `text[start..end]` gives when it is cut at every delimiter, including what is before the first and
//   behind the last. When it is over, `start > end`.
// - `mask` has the delimiters of the block at `block` that are at `start` or behind it. `masks[ready..]` are the
//   masks of the blocks that follow, at `block + 64` and so on. None of the blocks before has any.
#[derive(Clone)]
pub struct Lines<'t> {
    text: &'t [u8],
    start: usize,
    end: usize,
    mask: u64,
    block: usize,
    ready: usize,
    masks: Masks,
    delimiter: u8,
}

/// The index in `masks` at which none is left.
const USED_UP: usize = BATCH_BYTES / BLOCK;

impl<'t> Lines<'t> {
    /// The lines of `text`.
    pub const fn new(text: &'t [u8]) -> Self {
        Self::records(text, b'\n')
    }

    /// What `delimiter` ends in `text`, as a newline ends a line: std's `BufRead::split` of a slice, and as fast as
    /// lines. So there are as many records as delimiters, and one more when the text does not end with one.
    ///
    /// ```
    /// // What `find -print0` writes: names may hold newlines, and no NUL.
    /// let names = region::Lines::records(b"./a b\0./two\nlines\0", b'\0');
    /// assert!(names.eq([&b"./a b"[..], b"./two\nlines"]));
    /// ```
    pub const fn records(text: &'t [u8], delimiter: u8) -> Self {
        let (start, end) = match text {
            [] => (1, 0),
            [.., last] if *last == delimiter => (0, text.len() - 1),
            _ => (0, text.len()),
        };
        // The first block is one after this.
        let block = 0usize.wrapping_sub(BLOCK);
        Lines { text, start, end, mask: 0, block, ready: USED_UP, masks: [0; USED_UP], delimiter }
    }

    /// The same lines without the carriage return of a `\r\n` at their end; of records, without one before the
    /// delimiter.
    ///
    /// ```
    /// let lines = region::Lines::new(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").trim_crlf();
    /// assert!(lines.eq([&b"GET / HTTP/1.1"[..], b"Host: x", b""]));
    /// ```
    pub const fn trim_crlf(self) -> CrlfLines<'t> {
        CrlfLines(self)
    }

    /// What is left of the text: the lines not given yet, with the delimiters between them.
    ///
    /// ```
    /// let mut lines = region::Lines::new(b"header\nbody\nmore body\n");
    /// lines.next();
    /// assert_eq!(lines.remainder(), b"body\nmore body\n");
    /// ```
    pub fn remainder(&self) -> &'t [u8] {
        // The delimiter that ends the last line, if it has one, belongs to it.
        match self.start <= self.end {
            true => self.text.get(self.start..self.text.len().min(self.end + 1)).unwrap_or_default(),
            false => &[],
        }
    }

    /// `line`, which is one of these, without its carriage return, if a delimiter follows that.
    #[inline]
    pub(crate) fn without_cr(&self, line: &'t [u8]) -> &'t [u8] {
        match line {
            // Only a line without a delimiter reaches the end of the text.
            [head @ .., b'\r'] if line.as_ptr_range().end != self.text.as_ptr_range().end => head,
            _ => line,
        }
    }

    /// `text[from..to]`, which is inside by the invariants; written so that no panic is compiled in.
    #[inline]
    fn slice(&self, from: usize, to: usize) -> &'t [u8] {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Takes the next delimiter from `start` on out of the mask. `None` when there is none before `end`.
    #[inline]
    fn next_delimiter(&mut self) -> Option<usize> {
        while self.mask == 0 {
            if self.ready == USED_UP && !self.refill() {
                return None;
            }
            self.mask = self.masks.get(self.ready).copied().unwrap_or(0);
            self.ready += 1;
            self.block = self.block.wrapping_add(BLOCK);
        }
        let at = self.block + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        // Behind `end` are lines that were given from the back.
        (at < self.end).then_some(at)
    }

    /// Makes the masks of the batch behind `block`; false when no text is left there.
    #[inline(never)]
    fn refill(&mut self) -> bool {
        let from = self.block.wrapping_add(BLOCK);
        match self.text.get(from..self.end) {
            Some(text @ [_, ..]) => {
                delimiter::fill(&mut self.masks, text, self.delimiter);
                self.ready = 0;
                true
            }
            _ => false,
        }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = &'t [u8];

    #[inline]
    fn next(&mut self) -> Option<&'t [u8]> {
        let start = self.start;
        if start > self.end {
            return None;
        }
        let at = self.next_delimiter().unwrap_or(self.end);
        self.start = at + 1;
        Some(self.slice(start, at))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.start <= self.end {
            // One line at least, and at most as many as if all of the text were delimiters.
            true => (1, Some(self.end - self.start + 1)),
            false => (0, Some(0)),
        }
    }

    fn count(self) -> usize {
        match self.start <= self.end {
            true => delimiter::count(self.slice(self.start, self.end), self.delimiter) + 1,
            false => 0,
        }
    }

    fn last(mut self) -> Option<&'t [u8]> {
        self.next_back()
    }
}

impl<'t> DoubleEndedIterator for Lines<'t> {
    fn next_back(&mut self) -> Option<&'t [u8]> {
        let (start, end) = (self.start, self.end);
        if start > end {
            return None;
        }
        match delimiter::last(self.slice(start, end), self.delimiter) {
            Some(at) => {
                self.end = start + at;
                Some(self.slice(start + at + 1, end))
            }
            None => {
                self.start = end + 1;
                Some(self.slice(start, end))
            }
        }
    }
}

impl FusedIterator for Lines<'_> {}

impl fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("text", &format_args!("{} bytes", self.text.len())).finish_non_exhaustive()
    }
}

/// Lines that lose the carriage return of a `\r\n`: made by [`Lines::trim_crlf`].
///
/// As `str::lines` does it: one `\r`, and only where a newline follows. Any other is data.
#[derive(Clone, Debug)]
pub struct CrlfLines<'t>(Lines<'t>);

impl<'t> Iterator for CrlfLines<'t> {
    type Item = &'t [u8];

    #[inline]
    fn next(&mut self) -> Option<&'t [u8]> {
        self.0.next().map(|line| self.0.without_cr(line))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }

    fn count(self) -> usize {
        self.0.count()
    }

    fn last(mut self) -> Option<&'t [u8]> {
        self.next_back()
    }
}

impl<'t> DoubleEndedIterator for CrlfLines<'t> {
    fn next_back(&mut self) -> Option<&'t [u8]> {
        self.0.next_back().map(|line| self.0.without_cr(line))
    }
}

impl FusedIterator for CrlfLines<'_> {}
