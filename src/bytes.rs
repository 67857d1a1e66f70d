//! How a byte count is printed in an error or in stats: `64 KiB`, `1.5 GiB`, `4097 bytes`.
//!
//! Formatting only; nothing here parses or rounds sizes for use as sizes.

use core::fmt;

/// A byte count that displays with the binary unit that keeps it exact or, failing that, short.
///
/// ```
/// assert_eq!(region::Bytes(64 << 10).to_string(), "64 KiB");
/// assert_eq!(region::Bytes(3 << 29).to_string(), "1.5 GiB");
/// assert_eq!(region::Bytes(4097).to_string(), "4097 bytes");
/// assert_eq!(region::Bytes(1).to_string(), "1 byte");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(
    /// The number of bytes.
    pub usize,
);

/// Units from the largest down, each with the power of two that it stands for.
const UNITS: [(u32, &str); 5] = [(50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];

/// Below this many bytes an inexact size is printed byte by byte: a reader of an error about 4097
/// bytes needs the 1.
const EXACT_BELOW: usize = 10 << 10;

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        for (shift, unit) in UNITS {
            if shift >= usize::BITS || n >> shift == 0 {
                continue;
            }
            let whole = n >> shift;
            let rest = n & ((1 << shift) - 1);
            if rest == 0 {
                return write!(f, "{whole} {unit}");
            }
            if n < EXACT_BELOW {
                break;
            }
            // The remainder is below one unit, so a tenth of it fits in ten steps; the multiplication
            // is done on the top bits, where it cannot wrap.
            let tenth = ((rest >> (shift - 10)) * 10) >> 10;
            return match tenth {
                0 => write!(f, "{whole} {unit}"),
                _ => write!(f, "{whole}.{tenth} {unit}"),
            };
        }
        write!(f, "{n} {}", if n == 1 { "byte" } else { "bytes" })
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;
    use std::string::ToString;

    #[test]
    fn every_power_of_two_is_printed_exactly() {
        for shift in 0..usize::BITS {
            let text = Bytes(1 << shift).to_string();
            let (number, unit) = text.split_once(' ').unwrap();
            let unit = match unit {
                "byte" | "bytes" => 0,
                "KiB" => 10,
                "MiB" => 20,
                "GiB" => 30,
                "TiB" => 40,
                "PiB" => 50,
                other => panic!("{other}"),
            };
            assert_eq!(number.parse::<usize>().unwrap() << unit, 1 << shift, "{text}");
        }
    }

    #[test]
    fn the_largest_size_does_not_wrap() {
        let text = if usize::BITS == 64 { "16383.9 PiB" } else { "3.9 GiB" };
        assert_eq!(Bytes(usize::MAX).to_string(), text);
    }
}
