//! A line of text for a descriptor, put together on the stack.
//!
//! In place of `core::fmt`, which is larger than the rest of this ABI. What does not fit is cut off.

/// A line under way.
pub(super) struct Line {
    bytes: [u8; Line::ROOM],
    len: usize,
}

impl Line {
    /// Bytes of the longest line: every figure of an arena with its words.
    const ROOM: usize = 320;

    pub(super) const fn new() -> Self {
        Line { bytes: [0; Line::ROOM], len: 0 }
    }

    /// Appends words.
    #[inline(never)]
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for &byte in text.as_bytes() {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        self
    }

    /// Appends texts, each with a number after it.
    pub(super) fn figures(&mut self, figures: &[(&str, usize)]) {
        for (text, number) in figures {
            self.text(text).number(*number);
        }
    }

    /// Appends a number in decimal digits.
    #[inline(never)]
    pub(super) fn number(&mut self, mut number: usize) -> &mut Self {
        let mut digits = [0u8; 20];
        let mut used = 0;
        for place in &mut digits {
            *place = b'0' + (number % 10) as u8;
            number /= 10;
            used += 1;
            if number == 0 {
                break;
            }
        }
        for digit in digits.iter().take(used).rev() {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = *digit;
                self.len += 1;
            }
        }
        self
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
        line.number(0).text(" ").number(usize::MAX).text("!");
        assert_eq!(line.bytes(), std::format!("0 {}!", usize::MAX).as_bytes());
    }

    #[test]
    fn a_line_that_is_full_is_cut_off() {
        let mut line = Line::new();
        for _ in 0..Line::ROOM {
            line.text("xy");
        }
        assert_eq!(line.bytes().len(), Line::ROOM);
    }
}
