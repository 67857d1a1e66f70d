//! How stats are printed: a heading, then one number a line, with a bar where it is a part of a whole; and rows of numbers.
//!
//! Layout only. The numbers come from an arena, a heap, a pool or a region.

use crate::bytes::Bytes;
use core::fmt::{self, Display, Write};

/// Columns that the names of the numbers take.
const NAME: usize = 12;
/// Cells of a bar. Name, bar and number fit into half of a terminal's usual width.
const CELLS: usize = 24;
/// Columns that the name of a row and its numbers take. With the bar they fit into a terminal's usual width.
const ROW: [usize; 5] = [10, 8, 10, 10, 11];
const _: () = assert!(2 + ROW[0] + ROW[1] + ROW[2] + ROW[3] + ROW[4] + 2 + CELLS < 80);

/// A table that is being written, behind its heading.
pub(crate) struct Table<'f, 'a>(&'f mut fmt::Formatter<'a>);

impl<'f, 'a> Table<'f, 'a> {
    /// Writes the heading.
    pub(crate) fn new(f: &'f mut fmt::Formatter<'a>, heading: fmt::Arguments<'_>) -> Result<Self, fmt::Error> {
        f.write_fmt(heading)?;
        Ok(Table(f))
    }

    /// A number of bytes.
    pub(crate) fn bytes(&mut self, name: &str, bytes: usize) -> fmt::Result {
        write!(self.0, "\n  {name:NAME$}{}", Bytes(bytes))
    }

    /// A number of bytes as a part of `whole`.
    pub(crate) fn part(&mut self, name: &str, bytes: usize, whole: usize) -> fmt::Result {
        write!(self.0, "\n  {name:NAME$}")?;
        bar(self.0, bytes, whole)?;
        write!(self.0, " {}", Bytes(bytes))
    }

    /// A row of numbers, with what they are above them or a bar behind them. All but the bar end at the same columns.
    pub(crate) fn row(&mut self, fields: [&dyn Display; 5], behind: impl Display) -> fmt::Result {
        write!(self.0, "\n  ")?;
        for (field, columns) in fields.into_iter().zip(ROW) {
            // Not all types heed a width.
            let mut taken = Columns(0);
            write!(taken, "{field}")?;
            (taken.0..columns).try_for_each(|_| self.0.write_char(' '))?;
            write!(self.0, "{field}")?;
        }
        write!(self.0, "  {behind}")
    }

    /// A line of text.
    pub(crate) fn line(&mut self, name: &str, words: fmt::Arguments<'_>) -> fmt::Result {
        write!(self.0, "\n  {name:NAME$}{words}")
    }
}

/// Counts characters in place of writing them.
struct Columns(usize);

impl Write for Columns {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.chars().count();
        Ok(())
    }
}

/// A part of a whole, as a bar.
pub(crate) struct Bar(pub usize, pub usize);

impl Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bar(f, self.0, self.1)
    }
}

/// Draws `part` of `whole`. Anything above 0 fills at least one cell.
fn bar(f: &mut fmt::Formatter<'_>, part: usize, whole: usize) -> fmt::Result {
    let filled = cells(part, whole);
    (0..CELLS).try_for_each(|cell| f.write_char(if cell < filled { '█' } else { '░' }))
}

/// Cells that `part` of `whole` fills: rounded up, so that only all of it fills the last.
fn cells(part: usize, whole: usize) -> usize {
    if part >= whole {
        return if whole == 0 { 0 } else { CELLS };
    }
    // Where the product would wrap, whole cells are exact enough.
    let filled = part.checked_mul(CELLS).map_or_else(|| part.div_ceil(whole / CELLS), |cells| cells.div_ceil(whole));
    filled.min(CELLS - 1)
}

#[cfg(test)]
mod tests {
    use super::{CELLS, cells};

    #[test]
    fn only_all_of_it_fills_the_bar_and_only_nothing_leaves_it_empty() {
        assert_eq!((cells(0, 0), cells(0, 5), cells(5, 5)), (0, 0, CELLS));
        for whole in [64, 1 << 20, usize::MAX / 5 + 7, usize::MAX] {
            assert_eq!((cells(0, whole), cells(whole, whole)), (0, CELLS));
            assert_eq!((cells(1, whole), cells(whole - 1, whole)), (1, CELLS - 1));
            assert!(cells(whole / 2, whole).abs_diff(CELLS / 2) <= 1);
        }
    }
}
