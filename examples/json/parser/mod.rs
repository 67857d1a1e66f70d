//! A strict RFC 8259 parser that leaves the memory of values to its builder.
//!
//! It reads a document once, from left to right, and reports what it finds to a [`Builder`]; the forms of
//! the tree (`tree/`) are builders. So one parser serves them all, and comparing two of them compares
//! allocation alone. Nesting costs the parser a few bytes of its own stack of [`Frame`]s and none of the
//! thread's: a deep document meets [`Options::max_depth`], never the end of the stack.
//!
//! - `builder`: the calls that a builder gets.
//! - `text`: strings, plain and escaped. `number`: the number grammar and its fast conversion.
//! - `error`: what was wrong, at which line and column, and the excerpt.
//!
//! What it refuses on purpose, where others are lenient: a byte order mark, comments, trailing commas,
//! `NaN`, lone surrogates, numbers beyond `f64`, anything after the document. Duplicate keys are kept.

mod builder;
mod error;
mod number;
mod text;

pub use builder::{Builder, Full, Text};
pub use error::{Kind, SyntaxError};
pub use number::Number;

/// What a caller may choose.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many arrays and objects may be open at once. `[]` needs one, `5` needs none.
    pub max_depth: usize,
}

impl Default for Options {
    fn default() -> Self {
        // Real documents stay below a few dozen; deeper nesting is asked for by an option.
        Options { max_depth: 1024 }
    }
}

/// How many bytes pass, at least, between two calls of the progress function: rare enough to cost nothing,
/// often enough for the eye (some 500 calls a second).
const PROGRESS_STEP: usize = 1 << 20;

/// Parses one document, which must be the whole of `bytes`.
///
/// `builder` gets every value in order; after an error it holds a part of the document and should be
/// dropped. `progress` is called now and then with the number of bytes read.
///
/// # Errors
/// At the first byte that is not RFC 8259, not UTF-8, or beyond a limit.
pub fn parse<'i, B: Builder<'i>>(
    bytes: &'i [u8],
    options: Options,
    builder: &mut B,
    progress: impl FnMut(usize),
) -> Result<(), SyntaxError> {
    let mut reader = Reader {
        text: "",
        at: 0,
        frames: Vec::new(),
        unescaped: String::new(),
        options,
        builder,
        progress,
        next_progress: PROGRESS_STEP,
    };
    // One check of the whole text is several times cheaper than one for each string, and lets everything
    // below cut `&str`s without `unsafe`.
    let outcome = match std::str::from_utf8(bytes) {
        Ok(text) => {
            reader.text = text;
            reader.document()
        }
        Err(bad) => {
            // A mistake before the bad byte is reported first, so read up to it; what fails only because
            // the text was cut there is caused by the bad byte.
            let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            reader.text = valid;
            match reader.document() {
                Err((kind, at)) if at < valid.len() && !kind.is_truncation() => Err((kind, at)),
                _ => Err((Kind::NotUtf8, bad.valid_up_to())),
            }
        }
    };
    outcome.map_err(|(kind, at)| SyntaxError::new(kind, bytes, at))
}

/// What went wrong and at which byte; line and column are counted only when the error is shown.
type Fault = (Kind, usize);

/// An array or object that is open.
#[derive(Clone, Copy)]
struct Frame {
    shape: Shape,
    /// Elements or members complete so far.
    len: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Array,
    Object,
}

/// What one step found.
enum Found {
    /// A whole value; the builder has it.
    Value,
    /// An array or object with something in it, whose first value starts here.
    Opening,
}

struct Reader<'i, 'b, B, P> {
    text: &'i str,
    /// The byte to look at next; never beyond the end of `text`.
    at: usize,
    frames: Vec<Frame>,
    /// Where an escaped string is put together; reused, so that it costs no allocation in the long run.
    unescaped: String,
    options: Options,
    builder: &'b mut B,
    progress: P,
    /// Where `progress` is called next.
    next_progress: usize,
}

impl<'i, B: Builder<'i>, P: FnMut(usize)> Reader<'i, '_, B, P> {
    fn document(&mut self) -> Result<(), Fault> {
        if self.text.starts_with('\u{feff}') {
            return Err((Kind::ByteOrderMark, 0));
        }
        self.skip_space();
        if self.at == self.text.len() {
            return Err((Kind::Empty, self.at));
        }
        loop {
            if let Found::Opening = self.value()? {
                continue;
            }
            // A value is complete; so may be the arrays and objects around it.
            loop {
                self.skip_space();
                let Some(frame) = self.frames.last_mut() else {
                    return if self.at == self.text.len() { Ok(()) } else { Err((Kind::Trailing, self.at)) };
                };
                frame.len += 1;
                let Frame { shape, len } = *frame;
                match (shape, self.peek()) {
                    (_, b',') => {
                        self.at += 1;
                        self.skip_space();
                        match shape {
                            Shape::Array if self.peek() == b']' => return Err((Kind::TrailingComma, self.at)),
                            Shape::Array => {}
                            Shape::Object if self.peek() == b'}' => return Err((Kind::TrailingComma, self.at)),
                            Shape::Object => self.key()?,
                        }
                        break;
                    }
                    (Shape::Array, b']') => self.builder.array(len).map_err(|Full| (Kind::Memory, self.at))?,
                    (Shape::Object, b'}') => self.builder.object(len).map_err(|Full| (Kind::Memory, self.at))?,
                    (Shape::Array, _) => return Err(self.unexpected("`,` or `]`")),
                    (Shape::Object, _) => return Err(self.unexpected("`,` or `}`")),
                }
                self.at += 1;
                self.frames.pop();
                if self.at >= self.next_progress {
                    (self.progress)(self.at);
                    self.next_progress = self.at + PROGRESS_STEP;
                }
            }
        }
    }

    /// Reads a value, or the opening of one that has parts.
    #[inline]
    fn value(&mut self) -> Result<Found, Fault> {
        match self.peek() {
            b'"' => {
                let text = text::read(self.text, &mut self.at, &mut self.unescaped)?;
                self.builder.string(text).map_err(|Full| (Kind::Memory, self.at))?;
            }
            b'-' | b'0'..=b'9' => {
                let number = number::read(self.text, &mut self.at)?;
                self.builder.number(number).map_err(|Full| (Kind::Memory, self.at))?;
            }
            b'{' => return self.open(Shape::Object),
            b'[' => return self.open(Shape::Array),
            b't' => {
                self.word("true")?;
                self.builder.boolean(true).map_err(|Full| (Kind::Memory, self.at))?;
            }
            b'f' => {
                self.word("false")?;
                self.builder.boolean(false).map_err(|Full| (Kind::Memory, self.at))?;
            }
            b'n' => {
                self.word("null")?;
                self.builder.null().map_err(|Full| (Kind::Memory, self.at))?;
            }
            _ => return Err(self.unexpected("a value")),
        }
        Ok(Found::Value)
    }

    fn open(&mut self, shape: Shape) -> Result<Found, Fault> {
        if self.frames.len() >= self.options.max_depth {
            return Err((Kind::TooDeep(self.options.max_depth), self.at));
        }
        self.at += 1;
        self.skip_space();
        match (shape, self.peek()) {
            (Shape::Array, b']') => self.builder.array(0),
            (Shape::Object, b'}') => self.builder.object(0),
            _ => {
                self.frames.try_reserve(1).map_err(|_| (Kind::Memory, self.at))?;
                self.frames.push(Frame { shape, len: 0 });
                match shape {
                    Shape::Array => self.builder.open_array().map_err(|Full| (Kind::Memory, self.at))?,
                    Shape::Object => {
                        self.builder.open_object().map_err(|Full| (Kind::Memory, self.at))?;
                        self.key()?;
                    }
                }
                return Ok(Found::Opening);
            }
        }
        .map_err(|Full| (Kind::Memory, self.at))?;
        self.at += 1;
        Ok(Found::Value)
    }

    /// Reads a key, its colon, and the space up to the value.
    #[inline]
    fn key(&mut self) -> Result<(), Fault> {
        if self.peek() != b'"' {
            return Err(self.unexpected("a key in double quotes"));
        }
        let text = text::read(self.text, &mut self.at, &mut self.unescaped)?;
        self.builder.key(text).map_err(|Full| (Kind::Memory, self.at))?;
        self.skip_space();
        if self.peek() != b':' {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<(), Fault> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err((Kind::Word(word), self.at))
        }
    }

    /// The byte at hand, or 0 at the end: JSON has no NUL outside of strings, so both are
    /// refused in the same way.
    #[inline]
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Passes the four characters that JSON calls white space.
    #[inline]
    fn skip_space(&mut self) {
        while let b' ' | b'\n' | b'\r' | b'\t' = self.peek() {
            self.at += 1;
        }
    }

    #[cold]
    fn unexpected(&self, wanted: &'static str) -> Fault {
        match self.text[self.at..].chars().next() {
            None => (Kind::EndsEarly(wanted), self.at),
            Some(found) => (Kind::Unexpected { found, wanted }, self.at),
        }
    }
}
