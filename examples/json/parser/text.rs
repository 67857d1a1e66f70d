//! Strings: found eight bytes at a time, unescaped only when there is something to unescape.

use super::{Fault, Kind, Text};

/// Reads the string whose opening quote is at `at`, and moves `at` past its closing quote.
///
/// `scratch` is overwritten when the string has escapes.
#[inline]
pub(super) fn read<'i, 's>(text: &'i str, at: &mut usize, scratch: &'s mut String) -> Result<Text<'i, 's>, Fault> {
    let start = *at + 1;
    let end = start + plain_len(&text.as_bytes()[start..]);
    if text.as_bytes().get(end) == Some(&b'"') {
        *at = end + 1;
        return Ok(Text::Plain(&text[start..end]));
    }
    unescape(text, at, scratch)?;
    Ok(Text::Unescaped(scratch))
}

/// The same for a string that holds an escape, or a mistake.
#[cold]
fn unescape(text: &str, at: &mut usize, scratch: &mut String) -> Result<(), Fault> {
    let bytes = text.as_bytes();
    let opening = *at;
    let mut here = opening + 1;
    scratch.clear();
    loop {
        let plain = plain_len(&bytes[here..]);
        // With room for a character that an escape may add.
        scratch.try_reserve(plain + char::MAX.len_utf8()).map_err(|_| (Kind::Memory, opening))?;
        scratch.push_str(&text[here..here + plain]);
        here += plain;
        match bytes.get(here) {
            None => return Err((Kind::OpenString, opening)),
            Some(b'"') => {
                *at = here + 1;
                return Ok(());
            }
            Some(b'\\') => scratch.push(escape(bytes, &mut here, opening)?),
            Some(&control) => return Err((Kind::Control(control), here)),
        }
    }
}

/// Reads the escape whose backslash is at `here`, and moves `here` past it.
fn escape(bytes: &[u8], here: &mut usize, opening: usize) -> Result<char, Fault> {
    let backslash = *here;
    let letter = *bytes.get(backslash + 1).ok_or((Kind::OpenString, opening))?;
    *here += 2;
    Ok(match letter {
        b'"' | b'\\' | b'/' => char::from(letter),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = hex(bytes, here, opening)?;
            let code = match unit {
                // The first half of a pair says the upper ten bits, the second the lower ten.
                0xd800..=0xdbff => {
                    if bytes.get(*here..*here + 2) != Some(b"\\u") {
                        return Err((Kind::LoneSurrogate(unit), backslash));
                    }
                    *here += 2;
                    let low = hex(bytes, here, opening)?;
                    if !(0xdc00..=0xdfff).contains(&low) {
                        return Err((Kind::LoneSurrogate(unit), backslash));
                    }
                    0x10000 + ((u32::from(unit) - 0xd800) << 10) + (u32::from(low) - 0xdc00)
                }
                _ => u32::from(unit),
            };
            // What is left without a character is the second half of a pair on its own.
            char::from_u32(code).ok_or((Kind::LoneSurrogate(unit), backslash))?
        }
        _ => return Err((Kind::Escape, backslash)),
    })
}

/// Reads four hexadecimal digits.
fn hex(bytes: &[u8], here: &mut usize, opening: usize) -> Result<u16, Fault> {
    let mut unit = 0;
    for at in *here..*here + 4 {
        let byte = *bytes.get(at).ok_or((Kind::OpenString, opening))?;
        let digit = char::from(byte).to_digit(16).ok_or((Kind::Hex, at))?;
        unit = unit << 4 | digit as u16;
    }
    *here += 4;
    Ok(unit)
}

/// How many bytes pass before a quote, a backslash, a control character, or the end.
#[inline]
fn plain_len(bytes: &[u8]) -> usize {
    let mut len = 0;
    while let Some(&eight) = bytes[len..].first_chunk::<8>() {
        let marks = special(u64::from_le_bytes(eight));
        if marks != 0 {
            return len + (marks.trailing_zeros() / 8) as usize;
        }
        len += 8;
    }
    len + bytes[len..].iter().take_while(|&&byte| byte >= b' ' && byte != b'"' && byte != b'\\').count()
}

/// Sets the top bit of the lowest byte of `word` that ends a plain run, and of none below it.
///
/// A subtraction borrows only out of a byte that is itself marked, so the lowest mark is right whatever
/// stands above it.
#[inline]
const fn special(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let control = word.wrapping_sub(ONES * b' ' as u64) & !word;
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    (control | quote | backslash) & TOPS
}
