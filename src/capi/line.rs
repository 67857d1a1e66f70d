//! A line of text for a descriptor, put together on the stack.
//!
//! It replaces `core::fmt`, which is larger than the rest of this ABI. What does not fit is cut off.

/// A line that is being built.
pub(super) struct Line {
    bytes: [u8; Line::ROOM],
    len: usize,
}

impl Line {
    /// Bytes of the longest line: all stats of an arena with their names.
    const ROOM: usize = 320;

    /// Bytes of a name that are shown at most, so that there is space for the numbers.
    pub(super) const LONGEST_NAME: usize = 64;

    pub(super) const fn new() -> Self {
        Line { bytes: [0; Line::ROOM], len: 0 }
    }

    /// Appends a text with a number in place of each `%`.
    #[inline(never)]
    pub(super) fn fill(&mut self, text: &str, numbers: &[usize]) {
        let mut numbers = numbers.iter();
        for &byte in text.as_bytes() {
            match byte {
                b'%' => self.number(numbers.next().copied().unwrap_or(0)),
                byte => self.byte(byte),
            }
        }
    }

    /// Appends a number so that it ends `columns` bytes further on, if it is not longer.
    #[inline(never)]
    pub(super) fn column(&mut self, number: usize, columns: usize) {
        let (mut rest, mut digits) = (number / 10, 1);
        while rest != 0 {
            (rest, digits) = (rest / 10, digits + 1);
        }
        self.blank(columns.saturating_sub(digits));
        self.number(number);
    }

    /// Appends so many blanks.
    #[inline(never)]
    pub(super) fn blank(&mut self, columns: usize) {
        (0..columns).for_each(|_| self.byte(b' '));
    }

    /// Appends a text as it is.
    pub(super) fn text(&mut self, text: &[u8]) {
        text.iter().for_each(|&byte| self.byte(byte));
    }

    /// Appends a number in decimal digits.
    fn number(&mut self, number: usize) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.byte(b'0' + (number % 10) as u8);
    }

    fn byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    /// The line so far.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn the_largest_number_has_all_its_digits() {
        let mut line = Line::new();
        line.fill("% %!", &[0, usize::MAX]);
        assert_eq!(line.bytes(), std::format!("0 {}!", usize::MAX).as_bytes());
    }

    #[test]
    fn numbers_in_columns_end_alike() {
        let mut line = Line::new();
        for number in [0, 9, 10, 999, 1000, 12_345] {
            line.column(number, 4);
        }
        assert_eq!(line.bytes(), b"   0   9  10 999100012345");
    }

    #[test]
    fn a_line_that_is_full_is_cut_off() {
        let mut line = Line::new();
        for _ in 0..Line::ROOM {
            line.fill("xy", &[]);
        }
        assert_eq!(line.bytes().len(), Line::ROOM);
    }
}
