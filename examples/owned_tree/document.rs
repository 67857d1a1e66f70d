//! A text and the tree that was parsed from it, in one value that owns both.
//!
//! The tree is made of references into an arena, and the text is read into the same arena, so that titles are parts of
//! it. [`Owned`] has the arena and the tree's root in one word, and no lifetime. So a [`Document`] is returned, stored,
//! sent to another thread, and gives all of its memory back when it is dropped. There is no `unsafe` here.
//!
//! Its limits:
//! - *The root is covariant*: no `Cell<&'a Heading<'a>>` in it, or `region::root!` does not compile. Links that are set
//!   later are made of ids (`region::AppendVec`), or the tree is built from the leaves up, as here.
//! - *Nothing outside of the arena is referred to*: the text is in it, too.
//!
//! Trees that are made by many threads and dropped together need no owner each: examples/outline has an `ArenaPool` that
//! outlives them.

use region::arena::ReadError;
use region::error::AllocOrInitError;
use region::{Arena, Owned};
use std::borrow::Cow;
use std::iter::Peekable;

/// The headings of a Markdown file, and the file's text.
pub struct Document(Owned<Headings>);

region::root! { struct Headings = for<'a> Outermost<'a>; }

struct Outermost<'a> {
    headings: &'a [Heading<'a>],
    /// How many there are, at any depth.
    count: usize,
}

/// A heading of a document, and those below it.
pub struct Heading<'a> {
    title: &'a [u8],
    children: &'a [Heading<'a>],
}

impl Document {
    /// Reads a file and finds its headings: lines that begin with one to six `#` and a space, outside of code.
    pub fn read(path: &[u8]) -> Result<Self, ReadError> {
        let read = Owned::try_new(|arena| Ok(Outermost::of(arena.alloc_file(path)?, arena)));
        match read {
            Ok(headings) => Ok(Document(headings)),
            Err(AllocOrInitError::Init(error)) => Err(error),
            Err(AllocOrInitError::Alloc(error)) => panic!("{error}"),
        }
    }

    /// The outermost headings.
    pub fn headings(&self) -> &[Heading<'_>] {
        self.0.get().headings
    }

    /// How many headings there are, at any depth.
    pub fn len(&self) -> usize {
        self.0.get().count
    }
}

impl<'a> Outermost<'a> {
    fn of(text: &'a [u8], arena: &'a Arena) -> Self {
        let (mut code, mut count) = (false, 0);
        let lines = region::Lines::new(text);
        let headings = lines.filter_map(|line| {
            code ^= line.starts_with(b"```");
            let level = line.iter().take_while(|&&byte| byte == b'#').count();
            let is_heading = !code && (1..=6).contains(&level) && line.get(level) == Some(&b' ');
            count += usize::from(is_heading);
            is_heading.then(|| (level, &line[level + 1..]))
        });
        let headings = below(0, &mut headings.peekable(), arena);
        Outermost { headings, count }
    }
}

/// The next headings of a level above `level`, each with its own. Reads up to one that is not.
fn below<'a>(
    level: usize,
    lines: &mut Peekable<impl Iterator<Item = (usize, &'a [u8])>>,
    arena: &'a Arena,
) -> &'a [Heading<'a>] {
    // Behind it in the arena lie the headings below, so it would have to move: on the heap it does not.
    let mut found = Vec::new();
    while let Some((level, title)) = lines.next_if(|(next, _)| *next > level) {
        found.push(Heading { title, children: below(level, lines, arena) });
    }
    arena.alloc_slice_fill_iter(found)
}

impl Heading<'_> {
    /// Its text; bytes that are not UTF-8 are replaced.
    pub fn title(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.title)
    }

    /// The headings below it.
    pub fn children(&self) -> &[Heading<'_>] {
        self.children
    }
}
