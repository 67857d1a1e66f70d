//! Any row of operations on an arena of the C ABI against a list of what is alive: no overlap, alignment, contents
//! kept, zeroes really zero, limits kept, marks that lead back, deferred calls made once and newest first, refusals
//! that change nothing, and never a byte written outside of a caller's buffer.
//!
//! Does not choose the operations: property tests and fuzzers do.

#[path = "c_arena_abi.rs"]
mod abi;
#[path = "c_arena_calls.rs"]
mod calls;
#[path = "c_arena_history.rs"]
mod history;
#[path = "c_arena_memory.rs"]
mod memory;
#[path = "c_arena_ops.rs"]
mod ops;
#[path = "c_arena_text.rs"]
mod text;

use abi::*;
use calls::Book;
pub use calls::{Answer, Deed};
use history::{History, Undone};
use memory::{Block, Buffer, content};
pub use ops::{Op, Way, Wish};
use std::cell::Cell;
use std::ffi::{c_char, c_int};
use std::ptr::{NonNull, null, null_mut};

/// The numbers of Linux, the BSDs and macOS.
const EINVAL: c_int = 22;
const ENOSPC: c_int = 28;
/// Linux's.
const EOPNOTSUPP: c_int = 95;

struct Position {
    mark: Mark,
    at: u64,
    used: usize,
    deferred: usize,
}

struct Model {
    /// Where the arena is now.
    arena: *mut Arena,
    /// An arena that lives beside it, with a mark that has something in use.
    other: Box<Arena>,
    foreign: Mark,
    blocks: Vec<Block>,
    marks: Vec<Position>,
    /// Marks that were undone, and what the arena can know of that.
    undone: Vec<Undone>,
    history: History,
    text: Text,
    words: Vec<u8>,
    /// When the text was first taken, and when it last grew.
    text_born: u64,
    text_taken: u64,
    buffer: Option<Buffer>,
    wish: Wish,
    limit: usize,
    book: Box<Book>,
    clock: u64,
    /// The most bytes in use that were seen.
    most: Cell<usize>,
}

fn round_up(size: usize) -> usize {
    size.next_multiple_of(16)
}

impl Model {
    fn new() -> Self {
        let mut other = Box::new(EMPTY);
        // SAFETY: an arena of zeroes.
        let foreign = unsafe {
            assert!(!region_alloc(&raw mut *other, 48).is_null());
            region_arena_mark(&raw const *other)
        };
        let arena = Box::into_raw(Box::new(EMPTY));
        Model {
            arena,
            other,
            foreign,
            blocks: Vec::new(),
            marks: Vec::new(),
            undone: Vec::new(),
            history: History::default(),
            text: Text { data: null_mut(), len: 0, capacity: 0, arena, opaque: [0; 4] },
            words: Vec::new(),
            text_born: 0,
            text_taken: 0,
            buffer: None,
            wish: Wish::default(),
            limit: usize::MAX,
            book: Book::new(arena),
            clock: 0,
            most: Cell::new(0),
        }
    }

    fn stats(&self) -> Stats {
        let mut stats = Stats { spare: [1; 10], ..Stats::default() };
        // SAFETY: the arena is valid throughout.
        assert_eq!(unsafe { region_arena_stats(self.arena, &raw mut stats) }, 0);
        stats
    }

    fn used(&self) -> usize {
        self.stats().used
    }

    fn error(&self) -> c_int {
        // SAFETY: as above.
        unsafe { region_arena_error(self.arena) }
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// Whether there is an end to what can be had.
    fn bounded(&self) -> bool {
        let fixed = self.wish.buffer.is_some_and(|(_, _, fixed)| fixed);
        self.limit != usize::MAX || self.wish.reserve != 0 || fixed
    }

    /// After a request that was refused: it is said why, and nothing became more or less.
    fn refused(&mut self, size: usize, used: usize) {
        assert!(self.bounded(), "{size} bytes were refused, and nothing limits the arena");
        assert_eq!(self.error(), -ENOSPC);
        assert_eq!(self.used(), used, "a refusal changed the arena");
    }

    /// Takes note of a new block, or of a refusal.
    fn add(&mut self, start: *mut u8, size: usize, align: usize, sized: bool, used: usize) {
        let Some(start) = NonNull::new(start) else { return self.refused(size, used) };
        assert_eq!(start.addr().get() % align.max(16), 0);
        let now = self.tick();
        let block = Block { start, size, seed: now as u8, born: now, taken: now, sized };
        if size != 0 && self.wish.buffer.is_some_and(|(_, _, fixed)| fixed) {
            let buffer = self.buffer.as_ref().unwrap();
            let (from, to) = block.span();
            assert!(buffer.start().addr() <= from && to <= buffer.start().addr() + buffer.size);
        }
        block.fill(0);
        self.blocks.push(block);
    }

    fn all_zero(start: *const u8, size: usize) {
        if size != 0 && !start.is_null() {
            // SAFETY: a new block of so many bytes.
            let bytes = unsafe { std::slice::from_raw_parts(start, size) };
            assert!(bytes.iter().all(|&byte| byte == 0), "zeroed memory is not zero");
        }
    }

    /// A thing born then lost room that counted: marks that were made since are undone.
    fn shrunk(&mut self, born: u64, used: usize) {
        let now = self.used();
        if now != used {
            self.undo(now, |position| position.at > born);
            if now < self.history.highest {
                self.went_back(now);
            }
        }
    }

    /// The arena went back to so many bytes in use.
    fn went_back(&mut self, used: usize) {
        if self.history.undo(used) {
            self.undone.iter_mut().for_each(|undone| undone.known = false);
        }
    }

    fn undo(&mut self, after: usize, which: impl Fn(&Position) -> bool) {
        let undone = |position: &Position| Undone { mark: position.mark, then: position.used, after, known: true };
        self.undone.extend(self.marks.iter().filter(|position| which(position)).map(undone));
        self.marks.retain(|position| !which(position));
    }

    /// Forgets what was taken at that time or later.
    fn forget_since(&mut self, at: u64) {
        self.blocks.retain(|block| block.taken < at);
        if self.text_taken >= at {
            self.forget_text();
        }
    }

    /// Forgets everything but how the arena is.
    fn forget_all(&mut self) {
        self.forget_since(0);
        self.undo(0, |_| true);
    }

    /// What a free leaves.
    fn freed(&mut self) {
        self.forget_all();
        // None of this life is taken for one of another.
        self.history = History::default();
        self.undone.iter_mut().for_each(|undone| (undone.then, undone.known) = (usize::MAX, true));
        self.buffer = None;
        self.wish = Wish::default();
        self.limit = usize::MAX;
        self.most.set(0);
        self.book.answer.set(Answer::None);
    }

    /// After calls that may have reset or freed the arena.
    fn settle(&mut self) {
        self.book.check();
        if self.book.was_reset.take() {
            if !self.book.was_freed.get() {
                self.try_lost_text();
            }
            self.forget_all();
            self.went_back(0);
        }
        if self.book.was_freed.take() {
            self.freed();
        }
        if let Some(limit) = self.book.raised.take() {
            self.limit = limit;
        }
    }

    fn check(&self) {
        self.blocks.iter().for_each(Block::check);
        let mut spans: Vec<_> = self.blocks.iter().filter(|block| block.size != 0).map(Block::span).collect();
        if !self.text.data.is_null() {
            spans.push((self.text.data.addr(), self.text.data.addr() + self.text.capacity));
            // SAFETY: text under way has its bytes and a NUL.
            let bytes = unsafe { std::slice::from_raw_parts(self.text.data.cast::<u8>(), self.text.len + 1) };
            assert!(self.text.len < self.text.capacity);
            assert_eq!((&bytes[..self.text.len], bytes[self.text.len]), (&self.words[..], 0));
        }
        assert_eq!(self.text.len, self.words.len());
        let contains = |address: usize| {
            // SAFETY: the address is only compared.
            unsafe { region_arena_contains(self.arena, std::ptr::without_provenance(address)) }
        };
        for &(from, to) in &spans {
            assert!(contains(from) && contains(to - 1), "a live block is not in its arena");
        }
        assert!(!contains(0) && !contains(self.arena.addr()) && !contains((&raw const *self.other).addr()));
        spans.sort();
        assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "two blocks share bytes");
        let stats = self.stats();
        let alive: usize = spans.iter().map(|&(from, to)| round_up(to - from)).sum();
        assert!(alive <= stats.used && stats.used <= stats.committed && stats.committed <= stats.reserved);
        assert_eq!((stats.limit, stats.spare), (self.limit, [0; 10]));
        self.most.set(self.most.get().max(stats.used));
        assert!(stats.peak >= self.most.get(), "the peak {} is below what was in use", stats.peak);
        assert_eq!(stats.ranges == 0, stats.reserved == 0);
        // SAFETY: `cur` and `end` are the caller's to read.
        let (cur, end) = unsafe { ((*self.arena).cur.addr(), (*self.arena).end.addr()) };
        assert!(cur <= end && cur % 16 == 0 && end % 16 == 0);
        if let Some(buffer) = &self.buffer {
            buffer.check();
            let start = buffer.start().addr();
            assert!(!contains(start - 1) && !contains(start + buffer.size));
        }
        self.book.check();
    }

    /// Counted from the newest.
    fn pick(&self, which: usize) -> Option<usize> {
        self.blocks.len().checked_sub(1 + which)
    }

    fn realloc(&mut self, index: usize, size: usize, hook: bool, used: usize) {
        let Block { start, size: old, sized, born, .. } = self.blocks[index];
        // SAFETY: the block is alive, of this arena, with so many bytes.
        let moved = unsafe {
            match (sized, hook) {
                (true, _) => region_tracked_realloc(self.arena, start.as_ptr(), size),
                (false, true) => region_hook_realloc(self.arena, start.as_ptr(), old, size),
                (false, false) => region_realloc(self.arena, start.as_ptr(), old, size),
            }
        };
        self.settle();
        if size == 0 && (sized || hook) {
            assert!(moved.is_null());
            self.blocks.remove(index);
            return self.shrunk(born, used);
        }
        let Some(moved) = NonNull::new(moved) else {
            assert!(size > old, "fewer bytes always stay where they are");
            return self.refused(size, used);
        };
        assert_eq!(moved.addr().get() % 16, 0);
        let mut block = self.blocks.remove(index);
        if size <= old {
            assert!(size == 0 || moved == start, "fewer bytes stay where they are");
            (block.start, block.size) = (moved, size);
            self.blocks.insert(index, block);
            return self.shrunk(born, used);
        }
        let now = self.tick();
        (block.start, block.size, block.taken) = (moved, old, now);
        if old == 0 && !sized {
            // It had no place, so it is new.
            block.born = now;
        }
        block.check();
        block.size = size;
        block.fill(old);
        self.blocks.push(block);
    }

    fn init(&mut self, wish: &Wish) {
        self.free();
        let buffer = wish.buffer.map(|(size, skew, _)| Buffer::new(size, skew));
        let options = Options {
            size: size_of::<Options>(),
            limit: wish.limit,
            reserve: wish.reserve,
            capacity: wish.capacity,
            on_oom: None,
            oom_context: null_mut(),
            buffer: buffer.as_ref().map_or(null_mut(), |buffer| buffer.start().cast()),
            buffer_size: buffer.as_ref().map_or(0, |buffer| buffer.size),
            flags: if wish.buffer.is_some_and(|(_, _, fixed)| fixed) { FIXED } else { 0 },
            reserved: 0,
        };
        let too_little = buffer.as_ref().is_some_and(|buffer| buffer.size < buffer.start().align_offset(16) + 16);
        let wrong = buffer.is_some() && (wish.reserve | wish.capacity != 0 || (options.flags == FIXED && too_little));
        // SAFETY: the arena is empty, the options are whole, and the buffer stays until it was freed.
        let status = unsafe { region_arena_init_(self.arena, &raw const options, ABI) };
        // A reservation is rounded up to whole pages, which have 64 KiB at most.
        let short = !wrong && wish.reserve != 0 && wish.capacity > wish.reserve;
        if short && wish.capacity <= wish.reserve.next_multiple_of(65536) && status == 0 {
            // The last page has room for it.
        } else {
            assert_eq!(
                status,
                if wrong {
                    -EINVAL
                } else if short {
                    -ENOSPC
                } else {
                    0
                }
            );
        }
        let wrong = status != 0;
        let stats = self.stats();
        assert_eq!((stats.used, self.error()), (0, 0));
        if wrong {
            return assert_eq!((stats.reserved, stats.limit), (0, usize::MAX));
        }
        if let (Some(buffer), false) = (&buffer, too_little) {
            assert_eq!((stats.reserved, stats.ranges), (buffer.size, 1));
        }
        assert!(stats.reserved >= wish.reserve.max(wish.capacity));
        self.limit = if wish.limit == 0 { usize::MAX } else { wish.limit };
        (self.buffer, self.wish) = (buffer, wish.clone());
    }

    fn free(&mut self) {
        // SAFETY: the arena is valid, and nothing of it is used from here on.
        assert_eq!(unsafe { region_arena_free(self.arena) }, 0);
        self.book.check();
        assert_eq!(self.book.waiting(), 0, "a deferred call was not made");
        self.book.was_reset.set(false);
        self.settle();
        if let Some(buffer) = &self.buffer {
            buffer.check();
        }
        self.freed();
        // SAFETY: the arena may be looked at.
        let bytes = unsafe { std::slice::from_raw_parts(self.arena.cast::<u8>(), size_of::<Arena>()) };
        assert!(bytes.iter().all(|&byte| byte == 0), "a freed arena is all zeroes");
    }

    /// Does one operation, and checks everything that must hold after it.
    fn step(&mut self, op: &Op) {
        let (used, arena) = (self.used(), self.arena);
        let text: Vec<u8> = (0..512).map(|i| content(self.clock as u8 ^ 0x35, i)).collect();
        // SAFETY: of every call in here: the arena is valid, blocks are alive and known by their sizes, texts have
        // their NULs, and what a rewind, a reset or a free ends is forgotten.
        unsafe {
            match *op {
                Op::Alloc { way, size } => {
                    let (start, sized) = match way {
                        Way::Inline => (alloc_inline(arena, size), false),
                        Way::Twin => (region_alloc(arena, size), false),
                        Way::Slow => (region_alloc_slow_(arena, size), false),
                        Way::Hook => (region_hook_malloc(arena, size), false),
                        Way::Calloc => (region_calloc(arena, 1, size), false),
                        Way::Sized => (region_tracked_malloc(arena, size), true),
                        Way::SizedZeroed => (region_tracked_calloc(arena, size, 1), true),
                    };
                    if matches!(way, Way::SizedZeroed | Way::Calloc) {
                        Self::all_zero(start, size);
                    }
                    self.settle();
                    self.add(start, size, 16, sized, used);
                }
                Op::Aligned { size, shift } => {
                    let start = region_alloc_aligned(arena, size, 1 << shift);
                    self.settle();
                    self.add(start, size, 1 << shift, false, used);
                }
                Op::Array { n, size, shift, zero } => {
                    let take = if zero { region_calloc_aligned } else { region_alloc_array };
                    let start = take(arena, n, size, 1 << shift);
                    if zero {
                        Self::all_zero(start, n * size);
                    }
                    self.settle();
                    self.add(start, n * size, 1 << shift, false, used);
                }
                Op::Impossible => {
                    // The callback is asked for these as well, and would raise the limit.
                    let answer = self.book.answer.replace(Answer::None);
                    for align in [0, 3, 24, 1 << 31, usize::MAX] {
                        assert!(region_alloc_aligned(arena, 8, align).is_null() && self.error() == -EINVAL);
                        assert!(region_calloc_aligned(arena, 1, 8, align).is_null() && self.error() == -EINVAL);
                    }
                    // SIZE_MAX / 2 is PTRDIFF_MAX, which cannot be rounded up to 16.
                    let half = usize::MAX / 2;
                    for refused in [
                        region_alloc_array(arena, half, 3, 8),
                        region_calloc(arena, 3, half),
                        alloc_inline(arena, usize::MAX),
                        alloc_inline(arena, half + 1),
                        region_realloc(arena, null_mut(), 0, usize::MAX - 15),
                        region_tracked_malloc(arena, usize::MAX - 3),
                        region_tracked_calloc(arena, half, 3),
                    ] {
                        assert!(refused.is_null());
                        assert!(self.error() < 0 && self.error() != -EINVAL && self.error() != -ENOSPC);
                    }
                    assert!(region_memdup(arena, null(), 3).is_null() && self.error() == -EINVAL);
                    assert!(region_strdup(arena, null()).is_null() && self.error() == -EINVAL);
                    self.book.answer.set(answer);
                    assert_eq!(self.used(), used);
                }
                Op::Realloc { which, size, hook } => {
                    let Some(index) = self.pick(which) else { return };
                    self.realloc(index, size, hook, used);
                }
                Op::FreeBlock { which, hook } => {
                    let Some(index) = self.pick(which) else { return };
                    let Block { start, size, sized, born, .. } = self.blocks.remove(index);
                    match (sized, hook) {
                        (true, _) => region_tracked_free(arena, start.as_ptr()),
                        (false, true) => region_hook_free(arena, start.as_ptr(), size),
                        (false, false) => region_free(arena, start.as_ptr(), size),
                    }
                    assert!(self.used() <= used);
                    self.shrunk(born, used);
                }
                Op::Memdup(size) => {
                    let size = size.min(text.len());
                    let copy = region_memdup(arena, text.as_ptr(), size);
                    self.copied(copy, &text[..size], size, used);
                }
                Op::Strndup { len, most } => {
                    let len = len.min(text.len() - 1);
                    let source = [&text[..len], &[0, 1]].concat();
                    let kept = len.min(most);
                    let start = source.as_ptr().cast::<c_char>();
                    let copy = if most == usize::MAX {
                        region_strdup(arena, start)
                    } else {
                        region_strndup(arena, start, most)
                    };
                    let expected = [&text[..kept], &[0]].concat();
                    self.copied(copy, &expected, kept + 1, used);
                }
                Op::Append(size) => {
                    let piece = &text[..size.min(text.len())];
                    self.append(piece, |to| region_string_append(to, piece.as_ptr().cast(), piece.len()));
                }
                Op::AppendOwn { from, size } => {
                    if self.text.data.is_null() {
                        return;
                    }
                    let from = from.min(self.text.len);
                    let size = size.min(self.text.len + 1 - from).min(4096);
                    let own = [&self.words[..], &[0]].concat()[from..from + size].to_vec();
                    let start = self.text.data.add(from);
                    self.append(&own, |to| region_string_append(to, start, size));
                }
                Op::Puts(size) => {
                    let piece = &text[..size.min(text.len())];
                    let source = [piece, &[0]].concat();
                    self.append(piece, |to| region_string_puts(to, source.as_ptr().cast()));
                }
                Op::Putc(byte) => self.append(&[byte], |to| region_string_putc(to, byte as c_char)),
                Op::Reserve(more) => {
                    self.append(&[], |to| region_string_reserve(to, more));
                    assert!(self.bounded() || self.text.capacity > self.text.len + more);
                }
                Op::Finish => {
                    let (capacity, was_new) = (self.text.capacity, self.text.data.is_null());
                    let done = region_string_finish(&raw mut self.text);
                    self.settle();
                    if done.is_null() {
                        assert!(was_new && capacity == 0);
                        return self.refused(1, used);
                    }
                    assert!(self.text.data.is_null() && self.text.len == 0 && self.text.capacity == 0);
                    let now = self.tick();
                    let (born, taken) = if was_new { (now, now) } else { (self.text_born, self.text_taken) };
                    let words = [&self.words[..], &[0]].concat();
                    assert_eq!(std::slice::from_raw_parts(done, words.len()), words);
                    self.words.clear();
                    let start = NonNull::new(done).unwrap();
                    self.blocks.push(Block { start, size: words.len(), seed: now as u8, born, taken, sized: false });
                    self.blocks.last().unwrap().fill(0);
                    self.shrunk(born, used);
                }
                Op::DropText => {
                    region_string_free(&raw mut self.text);
                    assert!(self.text.data.is_null() && self.text.len == 0 && self.text.capacity == 0);
                    self.words.clear();
                    self.shrunk(self.text_born, used);
                }
                Op::Mark => {
                    let at = self.tick();
                    let mark = region_arena_mark(arena);
                    self.marks.push(Position { mark, at, used, deferred: self.book.waiting() });
                    self.history.highest = self.history.highest.max(used);
                }
                Op::Rewind(back) => {
                    let Some(index) = self.marks.len().checked_sub(1 + back) else { return };
                    let Position { mark, at, used, deferred } = self.marks[index];
                    assert_eq!(region_arena_rewind(arena, mark), 0);
                    let gone = self.book.was_reset.get() || self.book.was_freed.get();
                    assert_eq!(self.book.waiting(), if gone { 0 } else { deferred });
                    if !gone {
                        self.went_back(used);
                        if self.text_taken >= at {
                            self.try_lost_text();
                        }
                    }
                    self.forget_since(at);
                    self.undo(used, |position| position.at > at);
                    self.settle();
                    assert_eq!(self.used(), if gone { 0 } else { used });
                }
                Op::RewindWrong(which) => {
                    let undone = self.undone.iter().rev().filter(|mark| mark.is_told(used)).map(|undone| undone.mark);
                    let wrong = [self.foreign, region_arena_mark(null()), Mark([0; 8])];
                    let Some(mark) = undone.chain(wrong).nth(which) else { return };
                    let waiting = self.book.waiting();
                    assert_eq!(region_arena_rewind(arena, mark), -EINVAL);
                    assert_eq!((self.used(), self.book.waiting()), (used, waiting), "a refusal changed the arena");
                }
                Op::Reset(keep) => {
                    assert_eq!(region_arena_reset(arena, keep), 0);
                    assert_eq!(self.book.waiting(), 0, "a deferred call was not made");
                    if !self.book.was_freed.get() {
                        self.try_lost_text();
                    }
                    self.forget_all();
                    self.went_back(0);
                    self.settle();
                    assert_eq!(self.used(), 0);
                }
                Op::Defer { node, deed } => {
                    let status = self.book.defer(node, deed);
                    self.settle();
                    if status == 0 {
                        assert_eq!(self.used() - used, if node { 0 } else { 32 });
                    } else {
                        assert!(!node && status == self.error());
                        self.refused(32, used);
                    }
                }
                Op::Adopt(ref sizes) => self.adopt(sizes, used),
                Op::Limit(bytes) => {
                    assert_eq!(region_arena_set_limit(arena, bytes), 0);
                    self.limit = bytes;
                }
                Op::OnOom(answer) => self.book.set_answer(answer),
                Op::Move => self.relocate(),
                Op::Free => self.free(),
                Op::Init(ref wish) => self.init(wish),
            }
        }
        let now = self.used();
        assert!(now <= self.limit.max(used), "the limit was passed");
    }

    /// Takes note of a copy, or of a refusal.
    fn copied(&mut self, copy: *mut u8, expected: &[u8], size: usize, used: usize) {
        self.settle();
        if !copy.is_null() && size != 0 {
            // SAFETY: a new block of so many bytes.
            assert_eq!(unsafe { std::slice::from_raw_parts(copy, size) }, expected);
        }
        self.add(copy, size, 16, false, used);
    }

    /// Adopts what another arena has, or is refused and leaves it there.
    fn adopt(&mut self, sizes: &[usize], used: usize) {
        let mut from = Box::new(EMPTY);
        let from: *mut Arena = &raw mut *from;
        let mut blocks: Vec<Block> = Vec::new();
        for &size in sizes {
            let now = self.tick();
            // SAFETY: an arena of zeroes at first.
            let start = NonNull::new(unsafe { region_alloc(from, size) }).unwrap();
            let block = Block { start, size, seed: now as u8, born: now, taken: now, sized: false };
            block.fill(0);
            blocks.push(block);
        }
        // SAFETY: both are valid, and neither is in the other.
        let (mark, status) = unsafe { (region_arena_mark(from), region_arena_adopt(self.arena, from)) };
        let gone = self.book.was_reset.get() || self.book.was_freed.get();
        self.settle();
        let sum: usize = sizes.iter().map(|&size| round_up(size)).sum();
        let one_range = self.wish.reserve != 0 || self.wish.buffer.is_some_and(|(_, _, fixed)| fixed);
        blocks.iter().for_each(Block::check);
        if status == 0 {
            assert!(sum == 0 || !one_range);
            assert!(gone || (used + sum..=used + sum + 80).contains(&self.used()));
            self.blocks.append(&mut blocks);
            // The other's mark is of none of this one's lives.
            self.undone.push(Undone { mark, then: usize::MAX, after: 0, known: true });
        } else if one_range {
            assert_eq!((status, self.error(), self.used()), (-EOPNOTSUPP, -EOPNOTSUPP, used));
        } else {
            assert_eq!(status, self.error());
            self.refused(sum, used);
        }
        // SAFETY: what it still has is not used any more.
        unsafe { assert_eq!(region_arena_free(from), 0) };
    }

    /// Moves the arena to another address. What it leaves, zeroed, is an empty arena.
    fn relocate(&mut self) {
        let old = self.arena;
        // SAFETY: the arena's words are copied to new memory, and the old ones are an arena of their own from then on.
        unsafe {
            let new = Box::into_raw(Box::new(EMPTY));
            new.copy_from_nonoverlapping(old, 1);
            old.write_bytes(0, 1);
            (self.arena, self.text.arena) = (new, new);
            self.book.arena.set(new);
            assert!(!region_alloc(old, 100).is_null());
            region_arena_free(old);
            drop(Box::from_raw(old));
        }
    }
}

/// Does all of the operations to an arena that begins as zeroes.
pub fn run(ops: &[Op]) {
    let mut model = Model::new();
    for op in ops {
        model.step(op);
        model.check();
    }
    model.free();
    // SAFETY: both are the model's own, and not used any more.
    unsafe {
        region_arena_free(&raw mut *model.other);
        drop(Box::from_raw(model.arena));
    }
}
