//! Numbers: the grammar of RFC 8259, and the value without losing what fits.

use super::{Fault, Kind};

/// A number, as exact as 64 bits allow: integers that fit stay integers, all else is the nearest `f64`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer of at least 0.
    Unsigned(u64),
    /// An integer below 0.
    Negative(i64),
    /// A fraction, an exponent, an integer that does not fit, or `-0`.
    Float(f64),
}

impl Number {
    /// The number as a float; integers beyond 2^53 are rounded.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Unsigned(value) => value as f64,
            Number::Negative(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

/// The powers of ten that an `f64` holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The integers up to here are exact in an `f64`, so one operation on two exact operands rounds once, and
/// rightly.
const EXACT_INTEGER: u64 = 1 << 53;

/// Reads the number that starts at `at`, and moves `at` past it.
#[inline]
pub(super) fn read(text: &str, at: &mut usize) -> Result<Number, Fault> {
    let bytes = text.as_bytes();
    let start = *at;
    let mut here = start;
    let negative = bytes[here] == b'-';
    here += usize::from(negative);

    let mut digits = Digits { value: 0, whole: true };
    match bytes.get(here) {
        Some(b'0') => {
            here += 1;
            if bytes.get(here).is_some_and(u8::is_ascii_digit) {
                return Err((Kind::LeadingZero, here - 1));
            }
        }
        _ => digits.read(bytes, &mut here)?,
    }
    let mut power = 0i64;
    let mut integer = true;
    if bytes.get(here) == Some(&b'.') {
        integer = false;
        here += 1;
        let point = here;
        digits.read(bytes, &mut here)?;
        power = -((here - point) as i64);
    }
    if let Some(b'e' | b'E') = bytes.get(here) {
        integer = false;
        here += 1;
        let minus = bytes.get(here) == Some(&b'-');
        here += usize::from(minus || bytes.get(here) == Some(&b'+'));
        let mut exponent = Digits { value: 0, whole: true };
        exponent.read(bytes, &mut here)?;
        // One that did not fit is far beyond the exact powers still, and the slow path reads the text itself.
        let exponent = i64::try_from(exponent.value).unwrap_or(i64::MAX);
        power = power.saturating_add(if minus { -exponent } else { exponent });
    }
    *at = here;

    if digits.whole {
        if integer && !negative {
            return Ok(Number::Unsigned(digits.value));
        }
        if integer && digits.value != 0 && digits.value <= i64::MIN.unsigned_abs() {
            return Ok(Number::Negative((digits.value as i64).wrapping_neg()));
        }
        let scale = usize::try_from(power.unsigned_abs()).ok().and_then(|power| EXACT_POWERS.get(power));
        if let (..=EXACT_INTEGER, Some(&scale)) = (digits.value, scale) {
            let value = digits.value as f64;
            let value = if power < 0 { value / scale } else { value * scale };
            return Ok(Number::Float(if negative { -value } else { value }));
        }
    }
    slow(&text[start..here], start)
}

/// Digits read so far.
struct Digits {
    value: u64,
    /// Whether `value` is all of them: false once they did not fit.
    whole: bool,
}

impl Digits {
    /// Reads one digit or more.
    #[inline]
    fn read(&mut self, bytes: &[u8], here: &mut usize) -> Result<(), Fault> {
        let start = *here;
        while let Some(digit) = bytes.get(*here).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
            let next = self.value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit)));
            self.whole &= next.is_some();
            self.value = next.unwrap_or(self.value);
            *here += 1;
        }
        if *here == start { Err((Kind::Digit, start)) } else { Ok(()) }
    }
}

/// What does not fit the exact cases: the standard library rounds it rightly.
#[cold]
fn slow(number: &str, start: usize) -> Result<Number, Fault> {
    match number.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Number::Float(value)),
        _ => Err((Kind::NumberRange, start)),
    }
}
