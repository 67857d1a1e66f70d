//! A backing on the heap that keeps books: what it lent, what came back, and whether the arena kept to what
//! [`Backing`] promises.
//!
//! Bytes that are not ready hold a poison, so a write before `commit` shows; bytes above `dirty` must be zero
//! when a block comes back, so a high-water mark that is too low shows. It can refuse any call.

use region::AllocError;
use region::backing::{Backing, Block};
use region::error::AllocReason;
use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::ptr::NonNull;
use std::rc::Rc;

const POISON: u8 = 0xee;

/// What blocks are like.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Bytes of a block, more when a value needs more.
    pub least: usize,
    /// Bytes that are ready from the start.
    pub ready: usize,
    /// Bytes that a commit adds beyond what is needed.
    pub step: usize,
    /// How far a block's start lies past a multiple of 4096.
    pub skew: usize,
}

impl Plan {
    /// Small blocks, a little of them ready: most values change something.
    pub const TINY: Plan = Plan { least: 256, ready: 96, step: 16, skew: 0 };
    /// Blocks of just the size of the request, at odd addresses, nothing of them ready.
    pub const TIGHT: Plan = Plan { least: 0, ready: 0, step: 0, skew: 4093 };
}

struct Loan {
    allocation: *mut u8,
    layout: Layout,
    start: NonNull<u8>,
    len: usize,
    ready: usize,
    tag: usize,
}

/// The books of a [`Heap`], which outlive the arena that owns it.
#[derive(Default)]
pub struct Book {
    loans: RefCell<BTreeMap<usize, Loan>>,
    broken: RefCell<Vec<String>>,
    calls: Cell<usize>,
    refused: RefCell<Range<usize>>,
    pub acquired: Cell<usize>,
    pub released: Cell<usize>,
    /// What `acquire` was told of the block before, at each call.
    pub previous: RefCell<Vec<usize>>,
}

impl Book {
    /// Refuses the calls of these numbers, counted from here on.
    pub fn refuse(&self, calls: Range<usize>) {
        self.calls.set(0);
        *self.refused.borrow_mut() = calls;
    }

    /// Calls since the last [`refuse`](Self::refuse).
    pub fn calls(&self) -> usize {
        self.calls.get()
    }

    fn refuses(&self) -> bool {
        let call = self.calls.replace(self.calls.get() + 1);
        self.refused.borrow().contains(&call)
    }

    fn demand(&self, fine: bool, claim: &str) {
        if !fine {
            self.broken.borrow_mut().push(claim.to_owned());
        }
    }

    /// No promise was broken so far.
    pub fn check(&self) {
        assert!(self.broken.borrow().is_empty(), "{:?}", self.broken.borrow());
    }

    /// As [`check`](Self::check), and every block came back.
    pub fn check_closed(&self) {
        self.check();
        assert_eq!(self.loans.borrow().len(), 0, "blocks that were never released");
        assert_eq!(self.acquired.get(), self.released.get());
    }
}

pub struct Heap {
    plan: Plan,
    book: Rc<Book>,
}

impl Heap {
    pub fn new(plan: Plan) -> (Self, Rc<Book>) {
        let book = Rc::new(Book::default());
        (Heap { plan, book: book.clone() }, book)
    }

    /// Another one, whose blocks are in the same books: each takes the other's.
    pub fn beside(book: &Rc<Book>, plan: Plan) -> Self {
        Heap { plan, book: book.clone() }
    }
}

// SAFETY: a block is the rest, from `skew` on, of an allocation of its own, which lives until the block is
// released. Fresh and newly committed bytes are zeroed. Nothing panics while the books are in order.
unsafe impl Backing for Heap {
    fn acquire(&self, layout: Layout, previous: usize) -> Result<Block, AllocError> {
        self.book.previous.borrow_mut().push(previous);
        let refused = AllocError::new(layout.size(), AllocReason::Exhausted(0));
        if self.book.refuses() {
            return Err(refused);
        }
        let align = layout.align().max(4096);
        let pad = self.plan.skew.wrapping_neg() & (layout.align() - 1);
        let len = pad.checked_add(layout.size()).ok_or(refused)?.max(self.plan.least);
        let whole = Layout::from_size_align(len.checked_add(self.plan.skew).ok_or(refused)?, align);
        let whole = whole.map_err(|_| refused)?;
        if whole.size() > 1 << 30 {
            return Err(refused);
        }
        // SAFETY: `whole` has bytes: a request has.
        let allocation = unsafe { std::alloc::alloc(whole) };
        let ready = self.plan.ready.min(len);
        // SAFETY: the allocation has `skew + len` bytes.
        let start = unsafe {
            let start = NonNull::new(allocation.add(self.plan.skew)).unwrap();
            start.write_bytes(0, ready);
            start.add(ready).write_bytes(POISON, len - ready);
            start
        };
        self.book.acquired.set(self.book.acquired.get() + 1);
        let tag = self.book.acquired.get();
        let loan = Loan { allocation, layout: whole, start, len, ready, tag };
        self.book.loans.borrow_mut().insert(start.addr().get(), loan);
        Ok(Block { start, len, ready, dirty: 0, tag })
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        if self.book.refuses() {
            return Err(AllocError::new(need, AllocReason::Exhausted(0)));
        }
        let mut loans = self.book.loans.borrow_mut();
        let Some(loan) = loans.get_mut(&block.start.addr().get()) else {
            self.book.demand(false, "a commit is of a block on loan");
            return Ok(());
        };
        self.book.demand(block.ready == loan.ready, "`ready` comes back as it was told");
        self.book.demand(need > loan.ready && need <= loan.len, "a commit needs more, within the block");
        let goal = need.saturating_add(self.plan.step).min(loan.len);
        // SAFETY: `ready..goal` lies in the loan.
        unsafe {
            let from = loan.start.add(loan.ready);
            let bytes = std::slice::from_raw_parts_mut(from.as_ptr(), goal - loan.ready);
            self.book.demand(bytes.iter().all(|&b| b == POISON), "nothing is written before it is ready");
            bytes.fill(0);
        }
        loan.ready = goal;
        block.ready = goal;
        Ok(())
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        let mut loans = self.book.loans.borrow_mut();
        let loan = loans.get_mut(&block.start.addr().get()).unwrap();
        if keep < loan.ready {
            // SAFETY: `keep..ready` lies in the loan, and nobody uses it.
            unsafe { loan.start.add(keep).write_bytes(POISON, loan.ready - keep) };
            loan.ready = keep;
            block.ready = keep;
            block.dirty = block.dirty.min(keep);
        }
    }

    unsafe fn discard(&self, block: &Block, from: usize, len: usize) -> bool {
        let loans = self.book.loans.borrow();
        let loan = &loans[&block.start.addr().get()];
        self.book.demand(from + len <= loan.ready, "only what is ready is given back");
        // SAFETY: the range lies in the loan, and nobody uses it.
        unsafe { loan.start.add(from).write_bytes(0, len) };
        true
    }

    fn adopts(&self, other: &Self, block: &Block) -> bool {
        let lent = self.book.loans.borrow().contains_key(&block.start.addr().get());
        Rc::ptr_eq(&self.book, &other.book) && lent
    }

    unsafe fn release(&self, block: &Block) {
        let Some(loan) = self.book.loans.borrow_mut().remove(&block.start.addr().get()) else {
            return self.book.demand(false, "a block is released once");
        };
        let same = (block.len, block.ready, block.tag) == (loan.len, loan.ready, loan.tag);
        self.book.demand(same, "a block comes back as it went out");
        // Above `ready` after a reset that kept nothing: the first value's alignment counts as written.
        self.book.demand(block.dirty <= block.len, "what was written lies in the block");
        // SAFETY: the loan was all written, by us or the arena.
        let bytes = unsafe { std::slice::from_raw_parts(loan.start.as_ptr(), loan.len) };
        self.book.demand(bytes[loan.ready..].iter().all(|&b| b == POISON), "the rest was never written");
        let zeroes = bytes.get(block.dirty..loan.ready).unwrap_or(&[]);
        self.book.demand(zeroes.iter().all(|&b| b == 0), "`dirty` covers every byte that was written");
        self.book.released.set(self.book.released.get() + 1);
        // SAFETY: allocated by `acquire` with this layout, and out of the books.
        unsafe { std::alloc::dealloc(loan.allocation, loan.layout) };
    }
}
