//! What can be done to an arena of the C ABI, for whoever chooses.

use super::{Answer, Deed};

/// What can be done to an arena. Alignments are powers of two, given by their exponent; blocks and marks are
/// counted from the newest.
#[derive(Clone, Debug)]
pub enum Op {
    Alloc {
        way: Way,
        size: usize,
    },
    Aligned {
        size: usize,
        shift: u32,
    },
    Array {
        n: usize,
        size: usize,
        shift: u32,
        zero: bool,
    },
    /// Alignments and products that cannot be.
    Impossible,
    Realloc {
        which: usize,
        size: usize,
        hook: bool,
    },
    FreeBlock {
        which: usize,
        hook: bool,
    },
    Memdup(usize),
    Strndup {
        len: usize,
        most: usize,
    },
    Append(usize),
    /// A piece of the text itself, up to its NUL.
    AppendOwn {
        from: usize,
        size: usize,
    },
    Puts(usize),
    Putc(u8),
    Reserve(usize),
    Finish,
    DropText,
    Mark,
    Rewind(usize),
    /// A mark that is none: one that was undone, another arena's, NULL's, or zeroes.
    RewindWrong(usize),
    Reset(usize),
    Defer {
        node: bool,
        deed: Deed,
    },
    /// Another arena, with blocks of so many bytes.
    Adopt(Vec<usize>),
    Limit(usize),
    OnOom(Answer),
    Move,
    Free,
    Init(Wish),
}

/// The ways to take bytes of any content.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    Inline,
    Twin,
    Slow,
    Hook,
    Sized,
    SizedZeroed,
    Calloc,
}

/// How an arena is to be. Zero is the default, of everything.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub limit: usize,
    pub reserve: usize,
    pub capacity: usize,
    /// Bytes of a buffer, how far its start is off, and whether there is nothing else.
    pub buffer: Option<(usize, usize, bool)>,
}
