//! Words out of text. Names become symbols here; strings that need no change are copied as they are.

use super::error::{Error, Kind};
use super::symbol::{Symbol, Symbols};
use super::syntax::{CodeArena, Span, Str};
use region::Arena;
use std::fmt::{self, Write};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'p> {
    Int(i64),
    /// One more than the largest: the least integer without its sign, and nothing by itself.
    Least,
    Text(Str<'p>),
    Name(Symbol<'p>),
    /// A word or sign of the language.
    Fixed(&'static str),
    End,
}

const WORDS: [&str; 14] =
    ["and", "else", "false", "fn", "for", "if", "in", "let", "nil", "not", "or", "return", "true", "while"];
/// Where one begins with another, the longer comes first.
const SIGNS: [&str; 20] =
    ["==", "!=", "<=", ">=", "<", ">", "=", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{", "}", ",", ";"];

pub struct Lexer<'t, 's, 'p> {
    source: &'t str,
    at: usize,
    arena: &'p CodeArena,
    pub symbols: Symbols<'s, 'p>,
}

impl<'t, 's, 'p> Lexer<'t, 's, 'p> {
    pub fn new(source: &'t str, arena: &'p CodeArena, scratch: &'s Arena) -> Self {
        Lexer { source, at: 0, arena, symbols: Symbols::new(arena, scratch) }
    }

    /// The text of a span.
    pub fn text(&self, at: Span) -> &'t str {
        &self.source[at.start as usize..at.end as usize]
    }

    pub fn next(&mut self) -> Result<(Token<'p>, Span), Error<'p>> {
        self.skip_space();
        let rest = &self.source[self.at..];
        let Some(first) = rest.chars().next() else { return Ok((Token::End, self.span(0))) };
        if first == '"' {
            return self.string();
        }
        if first.is_ascii_digit() {
            let len = rest.find(|char: char| !is_name(char)).unwrap_or(rest.len());
            let digits = &rest[..len];
            if let Some(wrong) = digits.find(|char: char| !char.is_ascii_digit()) {
                let char = digits[wrong..].chars().next().unwrap_or(first);
                self.at += wrong;
                return Err(Error { kind: Kind::NoToken(char), at: self.span(char.len_utf8()) });
            }
            // Digits alone: the only way to fail is the size.
            return match digits.parse() {
                Ok(value) => Ok(self.take(Token::Int(value), len)),
                Err(_) if digits.parse() == Ok(i64::MIN.unsigned_abs()) => Ok(self.take(Token::Least, len)),
                Err(_) => Err(Error { kind: Kind::IntegerTooLarge, at: self.span(len) }),
            };
        }
        if is_name(first) {
            let len = rest.find(|char: char| !is_name(char)).unwrap_or(rest.len());
            let name = &rest[..len];
            let token = match WORDS.iter().find(|&&word| word == name) {
                Some(word) => Token::Fixed(word),
                None => Token::Name(self.symbols.intern(name)),
            };
            return Ok(self.take(token, len));
        }
        match SIGNS.iter().find(|&&sign| rest.starts_with(sign)) {
            Some(sign) => Ok(self.take(Token::Fixed(sign), sign.len())),
            None => Err(Error { kind: Kind::NoToken(first), at: self.span(first.len_utf8()) }),
        }
    }

    /// Passes white space and comments, which run from `#` to the end of the line.
    fn skip_space(&mut self) {
        loop {
            let rest = &self.source[self.at..];
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn string(&mut self) -> Result<(Token<'p>, Span), Error<'p>> {
        let rest = &self.source[self.at + 1..];
        let mut len = 0;
        let mut escaped = false;
        loop {
            let upcoming = &rest.as_bytes()[len..];
            match upcoming.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n')) {
                Some(plain) if upcoming[plain] == b'"' => {
                    len += plain;
                    break;
                }
                Some(plain) if upcoming[plain] == b'\\' => {
                    match rest[len + plain + 1..].chars().next() {
                        None | Some('\n') => return Err(Error { kind: Kind::OpenText, at: self.span(1) }),
                        Some(char) if unescaped(char).is_none() => {
                            self.at += 1 + len + plain;
                            return Err(Error { kind: Kind::NoEscape(char), at: self.span(1 + char.len_utf8()) });
                        }
                        Some(_) => {}
                    }
                    escaped = true;
                    len += plain + 2;
                }
                _ => return Err(Error { kind: Kind::OpenText, at: self.span(1) }),
            }
        }
        let raw = &rest[..len];
        let text =
            if escaped { self.arena.alloc_fmt(format_args!("{}", Unescaped(raw))) } else { self.arena.alloc_str(raw) };
        let Some(text) = Str::from_text(text) else { unreachable!("what the tree's arena has lies in its cage") };
        Ok(self.take(Token::Text(text), len + 2))
    }

    fn take(&mut self, token: Token<'p>, len: usize) -> (Token<'p>, Span) {
        let at = self.span(len);
        self.at += len;
        (token, at)
    }

    /// The next `len` bytes, which are whole characters.
    fn span(&self, len: usize) -> Span {
        // `parse` refuses a source whose positions do not fit.
        Span { start: self.at as u32, end: (self.at + len) as u32 }
    }
}

fn is_name(char: char) -> bool {
    char == '_' || char.is_alphanumeric()
}

fn unescaped(char: char) -> Option<char> {
    match char {
        'n' => Some('\n'),
        't' => Some('\t'),
        '"' | '\\' => Some(char),
        _ => None,
    }
}

/// Displays a string with its escapes resolved, all of which are known.
struct Unescaped<'s>(&'s str);

impl fmt::Display for Unescaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        while let Some(char) = chars.next() {
            let escape = if char == '\\' { chars.next().and_then(unescaped) } else { None };
            f.write_char(escape.unwrap_or(char))?;
        }
        Ok(())
    }
}
