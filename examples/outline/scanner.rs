//! From source to outline: looks at words, brackets, text and comments, and lets everything else pass.
//!
//! Not a parser of Rust: it need not know what a body says to know where it ends. The lists of items are collected
//! by the arena: each slice is filled from an iterator that scans the next item, inner ones first.

use crate::item::{Error, Item, Kind, Outline};
use region::Arena;
use region::error::AllocOrInitError;
use std::fmt;

/// How deep brackets may nest: as deep as the compiler lets them, by default.
pub const MAX_DEPTH: usize = 128;

/// The outline of a source, in the arena.
pub fn outline<'a>(source: &str, arena: &'a Arena) -> Result<Outline<'a>, Error> {
    let mut scanner = Scanner { source, at: 0, line: 1, arena, open: [(' ', 0); MAX_DEPTH], depth: 0, fresh: true };
    scanner.at = preamble(source);
    let items = scanner.items()?;
    match scanner.depth {
        0 => Ok(Outline { bytes: source.len(), lines: source.lines().count() as u32, items }),
        depth => {
            let (_, line) = scanner.open[depth - 1];
            Err(Error::Open { what: "bracket", line })
        }
    }
}

/// Bytes before the source proper: a byte order mark, and a first line that names an interpreter, as the compiler
/// passes them over. `#![...]` is an attribute.
fn preamble(source: &str) -> usize {
    let mark = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let rest = &source[mark..];
    match rest.strip_prefix("#!") {
        Some(line) if !line.trim_start().starts_with('[') => mark + rest.find('\n').unwrap_or(rest.len()),
        _ => mark,
    }
}

struct Scanner<'s, 'a> {
    source: &'s str,
    /// The next byte.
    at: usize,
    line: u32,
    arena: &'a Arena,
    /// The brackets that are open here, with their lines.
    open: [(char, u32); MAX_DEPTH],
    depth: usize,
    /// Whether an item may begin here: after a brace, a semicolon, an attribute.
    fresh: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Token<'s> {
    Word(&'s str),
    Sign(char),
}

impl<'s, 'a> Scanner<'s, 'a> {
    /// The items up to the bracket that closes what is open now, which is passed; or up to the end.
    fn items(&mut self) -> Result<&'a [Item<'a>], Error> {
        let floor = self.depth;
        let arena = self.arena;
        let items = std::iter::from_fn(|| self.item(floor).transpose());
        match arena.try_alloc_slice_try_fill_iter(items) {
            Ok(items) => Ok(items),
            Err(AllocOrInitError::Init(error)) => Err(error),
            Err(AllocOrInitError::Alloc(error)) => Err(Error::Memory(error)),
        }
    }

    /// The next item at or inside of this depth that is in no other.
    fn item(&mut self, floor: usize) -> Result<Option<Item<'a>>, Error> {
        loop {
            let fresh = self.fresh;
            let Some(token) = self.token()? else { return Ok(None) };
            match token {
                Token::Sign(open @ ('(' | '[' | '{')) => self.push(open)?,
                Token::Sign(close @ (')' | ']' | '}')) => {
                    self.pop(close)?;
                    if self.depth < floor {
                        return Ok(None);
                    }
                }
                Token::Sign(_) => {}
                Token::Word(word) => {
                    if let Some(kind) = Kind::from_word(word)
                        && let Some(item) = self.definition(kind, fresh)?
                    {
                        return Ok(Some(item));
                    }
                }
            }
        }
    }

    /// The item that this word begins, if it does: `fn` also begins a type, `impl` one too.
    fn definition(&mut self, kind: Kind, fresh: bool) -> Result<Option<Item<'a>>, Error> {
        let line = self.line;
        let name = match kind {
            Kind::Impl if fresh => {
                let start = self.at;
                let end = self.header()?;
                self.arena.try_alloc_fmt(format_args!("{}", OneLine(&self.source[start..end])))
            }
            Kind::Impl => return Ok(None),
            _ => {
                let before = (self.at, self.line);
                let mut token = self.token()?;
                if kind == Kind::Macro && token == Some(Token::Sign('!')) {
                    token = self.token()?;
                }
                let Some(Token::Word(name)) = token else {
                    (self.at, self.line) = before;
                    return Ok(None);
                };
                self.header()?;
                self.arena.try_alloc_str(name)
            }
        };
        let name = &*name.map_err(Error::Memory)?;
        // The header ended at its brace or semicolon, or before a bracket that is not its own.
        let inner = match self.source[self.at..].chars().next() {
            Some('{') => {
                self.token()?;
                self.push('{')?;
                self.items()?
            }
            _ => &[],
        };
        Ok(Some(Item { kind, name, line, inner }))
    }

    /// Passes what is between an item's name and its body, up to the brace or semicolon. Gives where that is.
    fn header(&mut self) -> Result<usize, Error> {
        let floor = self.depth;
        // Angle brackets that are open; between them braces hold an expression, as in `Foo<{ N + 1 }>`.
        let mut angles = 0u32;
        loop {
            let before = self.at;
            match self.token()? {
                None => return Ok(self.at),
                Some(Token::Sign('<')) if self.depth == floor => angles += 1,
                // Not that of `->` and `=>`.
                Some(Token::Sign('>')) if self.depth == floor && !self.source[..before].ends_with(['-', '=']) => {
                    angles = angles.saturating_sub(1);
                }
                Some(Token::Sign('{')) if self.depth == floor && angles > 0 => self.push('{')?,
                Some(Token::Sign('{' | ';' | ')' | ']' | '}')) if self.depth == floor => {
                    // Left to the caller: these are of one byte.
                    self.at -= 1;
                    return Ok(self.at);
                }
                Some(Token::Sign(open @ ('(' | '[' | '{'))) => self.push(open)?,
                Some(Token::Sign(close @ (')' | ']' | '}'))) => self.pop(close)?,
                Some(_) => {}
            }
        }
    }

    fn push(&mut self, open: char) -> Result<(), Error> {
        let entry = self.open.get_mut(self.depth);
        *entry.ok_or(Error::TooDeep { line: self.line, limit: MAX_DEPTH })? = (open, self.line);
        self.depth += 1;
        Ok(())
    }

    fn pop(&mut self, close: char) -> Result<(), Error> {
        let open = self.depth.checked_sub(1).map(|depth| self.open[depth]);
        match (open, close) {
            (Some(('(', _)), ')') | (Some(('[', _)), ']') | (Some(('{', _)), '}') => {
                self.depth -= 1;
                Ok(())
            }
            (open, close) => Err(Error::Mismatch { close, line: self.line, open }),
        }
    }

    /// The next word or sign. Text, numbers and lifetimes are signs that mean nothing; comments are nothing.
    fn token(&mut self) -> Result<Option<Token<'s>>, Error> {
        loop {
            let rest = &self.source[self.at..];
            let Some(char) = rest.chars().next() else { return Ok(None) };
            if char.is_whitespace() {
                self.pass(rest.len() - rest.trim_start().len());
                continue;
            }
            if rest.starts_with("//") {
                // The end of the line is white space again.
                self.at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            if rest.starts_with("/*") {
                let len = comment(rest).ok_or(Error::Open { what: "comment", line: self.line })?;
                self.pass(len);
                continue;
            }
            let open = Error::Open { what: "text", line: self.line };
            if char == '"' {
                let len = text(rest).ok_or(open)?;
                self.pass(len);
                return Ok(Some(self.sign('"')));
            }
            if char == '\'' {
                self.pass(quoted(rest));
                return Ok(Some(self.sign('\'')));
            }
            if char == '_' || char.is_alphanumeric() {
                let len = rest.find(|char: char| char != '_' && !char.is_alphanumeric()).unwrap_or(rest.len());
                let (word, after) = rest.split_at(len);
                // Text may have a prefix; behind one with an `r` no backslash counts, and `#` may be part of the end.
                let raw = matches!(word, "r" | "br" | "cr").then(|| raw_text(after)).flatten();
                if let Some(raw) = raw {
                    self.pass(len + raw.ok_or(open)?);
                    return Ok(Some(self.sign('"')));
                }
                if matches!(word, "b" | "c") && after.starts_with(['"', '\'']) {
                    self.pass(len);
                    continue;
                }
                if word == "r" && after.starts_with('#') {
                    // A raw name, `r#type`: its name is what follows.
                    self.pass(len + 1);
                    continue;
                }
                self.pass(len);
                // Words before an item do not keep it from beginning.
                self.fresh &= matches!(word, "unsafe" | "default" | "pub");
                return Ok(Some(Token::Word(word)));
            }
            self.pass(char.len_utf8());
            return Ok(Some(self.sign(char)));
        }
    }

    fn sign<'t>(&mut self, char: char) -> Token<'t> {
        self.fresh = matches!(char, '{' | '}' | ';' | ']');
        Token::Sign(char)
    }

    fn pass(&mut self, len: usize) {
        self.line += self.source[self.at..self.at + len].matches('\n').count() as u32;
        self.at += len;
    }
}

/// Displays a text with one space wherever it has white space.
struct OneLine<'s>(&'s str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.0.split_whitespace();
        f.write_str(words.next().unwrap_or_default())?;
        words.try_for_each(|word| write!(f, " {word}"))
    }
}

/// The length of the comment that this begins with; comments nest. None when it does not end.
fn comment(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The length of the text that this begins with.
fn text(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The length of the raw text that this begins with behind its `r`. None when it begins with none, some none
/// when it does not end.
fn raw_text(after: &str) -> Option<Option<usize>> {
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let mut ends = body.match_indices('"').map(|(at, _)| at + 1);
    let end = ends.find(|&at| body[at..].len() >= hashes && body[at..].bytes().take(hashes).all(|byte| byte == b'#'));
    Some(end.map(|end| hashes + 1 + end + hashes))
}

/// The length of the character or lifetime that this begins with.
fn quoted(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        // `'\n'`, `'\''`, `'\u{7f}'`: the end is behind the escaped character.
        (Some((_, '\\')), Some((at, char))) => {
            let from = at + char.len_utf8();
            rest[from..].find('\'').map_or(from, |end| from + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        // A lifetime: its name is a word like others, but one that means nothing.
        _ => rest[1..].find(|char: char| char != '_' && !char.is_alphanumeric()).map_or(rest.len(), |end| 1 + end),
    }
}
