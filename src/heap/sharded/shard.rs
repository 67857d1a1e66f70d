//! A shard: the pages and chunks of one heap, which one thread at a time uses, and what others freed in it.
//!
//! What the holder of the claim does is here; what other threads do without it is in `front`, and which shard a thread
//! takes in `root`.

use crate::heap::addresses::Addresses;
use crate::heap::chunk::Chunk;
use crate::heap::classes::PLACES;
use crate::heap::error::FreeError;
use crate::heap::front::Front;
use crate::heap::page::{Page, WORD};
use crate::heap::state::{Enter, Found, Shared, State};
use crate::sync::in_this_order;
use crate::sync::remote::Node;
use core::cell::{Cell, UnsafeCell};
use core::ops::Deref;
use core::ptr::NonNull;

/// Zeroes are a shard that was never claimed.
// Invariants:
// - Between a claim and its end the holder alone uses what is behind `front`.
// - `begun` says that the state is one.
// - If a class's current word is a page's, `pages` has that page.
#[repr(C)]
pub(super) struct Shard {
    pub front: Front,
    begun: Cell<bool>,
    state: UnsafeCell<State>,
    /// The page of each class's current word; null where it has none.
    pages: [Cell<*const Page>; PLACES],
}

/// A shard that this thread holds. Its end is the claim's.
pub(super) struct Held<'r>(&'r Shard);

impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the claim is this value's, and references into the state borrow it.
        unsafe { self.0.front.give() };
    }
}

impl Shard {
    /// Makes the shard this thread's, if it is no other's.
    #[inline(always)]
    pub(super) fn claim(&self) -> Option<Held<'_>> {
        // Not by `then_some`: a value that was made for nothing would give up another thread's claim.
        if self.front.claim() { Some(Held(self)) } else { None }
    }

    /// The same for a thread that is [alone](crate::sync::is_alone).
    #[inline(always)]
    pub(super) fn claim_alone(&self) -> Option<Held<'_>> {
        if self.front.claim_alone() { Some(Held(self)) } else { None }
    }

    /// As [`claim`](Self::claim), of a shard that has been used.
    pub(super) fn claim_begun(&self) -> Option<Held<'_>> {
        self.claim().filter(Held::is_begun)
    }

    /// Makes a shard this thread's that another held, which is not there any more.
    ///
    /// # Safety
    /// It is held, by no thread that exists, and no other thread is there.
    pub(super) unsafe fn take_over(&self) -> Held<'_> {
        Held(self)
    }

    /// The shard that a chunk's front is of.
    ///
    /// # Safety
    /// The front is a shard's, which exists during `'r`.
    pub(super) unsafe fn of<'r>(front: NonNull<Front>) -> &'r Shard {
        // SAFETY: the caller's promise; the front is a shard's first field.
        unsafe { front.cast::<Shard>().as_ref() }
    }
}

impl Deref for Held<'_> {
    type Target = Shard;

    #[inline(always)]
    fn deref(&self) -> &Shard {
        self.0
    }
}

impl Held<'_> {
    /// Whether the shard has been used.
    pub(super) fn is_begun(&self) -> bool {
        self.begun.get()
    }

    /// Forgets what is in lists, and what the state was in the middle of.
    pub(super) fn begin_anew(&self) {
        self.pages.iter().for_each(|page| page.set(core::ptr::null()));
        self.front.list.forget();
        self.front.count_anew();
        self.state().forget_lists();
    }

    /// The state, which the shard has from its first use on. `enter` is for the heap's backing.
    pub(super) fn begin(&self, addresses: &Addresses, enter: Enter) -> &State {
        if !self.begun.get() {
            // SAFETY: the state's bytes are the holder's, and nothing refers to them before it is begun. They are not at
            // address 0.
            unsafe {
                let state = NonNull::new_unchecked(self.state.get());
                State::begin(state);
                let (front, addresses) = (NonNull::from(&self.front), NonNull::from(addresses));
                state.as_ref().shard.set(Some(Shared { front, addresses, enter }));
            }
            in_this_order();
            self.begun.set(true);
        }
        self.state()
    }

    /// The state of a shard that has been used.
    pub(super) fn state(&self) -> &State {
        debug_assert!(self.begun.get());
        // SAFETY: the state was begun. This thread holds the shard, and changes it through its cells alone.
        unsafe { &*self.state.get() }
    }

    /// The page of the class's current word, and whether others have freed blocks of it. `None` where the class has had no
    /// page yet, as in a shard that was not begun.
    #[inline(always)]
    fn current(&self, class: usize) -> Option<(NonNull<Page>, bool)> {
        let page = NonNull::new(self.pages[class % PLACES].get().cast_mut())?;
        // SAFETY: a record is in a chunk, which stays until the heap's end.
        Some((page, unsafe { page.as_ref() }.strange.get() != 0))
    }

    /// Takes a block of the class from its current word.
    #[inline(always)]
    pub(super) fn take(&self, class: usize) -> Option<NonNull<u8>> {
        // The remote is on a line of its own, which most pages never need.
        self.current(class).filter(|&(_, strange)| !strange).and_then(|_| self.state().take(class))
    }

    /// Takes a block of the class from any of its pages.
    pub(super) fn take_listed(&self, class: usize) -> Option<NonNull<u8>> {
        loop {
            let taken = match self.current(class) {
                Some((page, true)) => self.state().take_shared(class, page),
                Some(_) => self.state().take(class),
                None => None,
            };
            if taken.is_some() {
                return taken;
            }
            self.pages[class % PLACES].set(self.state().refill(class)?.as_ptr());
        }
    }

    /// The same for a thread that found no block in the class's current word, and the end of the claim. `None` also if others
    /// have freed blocks of the shard, which are to be used first.
    #[inline(never)]
    pub(super) fn take_next(self, class: usize) -> Option<NonNull<u8>> {
        if self.is_begun() && self.front.list.is_empty() { self.take_listed(class) } else { None }
    }

    /// Frees a block that was found in this shard. A page in which others have freed blocks has two places to look at.
    #[inline(always)]
    pub(super) fn free(&self, found: Found, address: usize) -> Result<Option<Found>, FreeError> {
        if found.is_strange() && is_free(&found) {
            return Err(FreeError::Free);
        }
        self.free_own(found, address)
    }

    /// The same, of a page in which others have freed no block, or not this one.
    #[inline(always)]
    pub(super) fn free_own(&self, found: Found, address: usize) -> Result<Option<Found>, FreeError> {
        let (page, class) = (found.page, found.class);
        let freed = self.state().free_found(found, address)?;
        if freed.moved {
            self.pages[class % PLACES].set(page.as_ptr());
        }
        Ok(freed.look)
    }

    /// What is left to do in the page of a block that was freed. Whether a run was freed with it.
    pub(super) fn look_after(&self, found: &Found) -> bool {
        let (run, moved) = self.state().look_after(found);
        if moved {
            self.pages[found.class % PLACES].set(found.page.as_ptr());
        }
        run
    }

    /// Takes over what other threads freed. Whether a run was freed with it.
    #[inline]
    pub(super) fn settle(&self) -> bool {
        !self.front.list.is_empty() && self.settle_list()
    }

    #[inline(never)]
    fn settle_list(&self) -> bool {
        let state = self.state();
        let mut runs = false;
        self.front.count_anew();
        let group = |node: NonNull<Node>| {
            let chunk = state.chunk_with(node.addr().get());
            // SAFETY: nodes on the list are in remotes of this shard's chunks, which exist, and belong to what was the
            // record of a page or a large block when a thread looked for the block that it frees.
            unsafe {
                let chunk = chunk.unwrap_unchecked();
                let (record, word) = (*chunk.as_ptr()).record_of_node(node.addr().get());
                let page: &Page = &*record.as_ptr();
                // Another thread may have freed the same block meanwhile, and its run is gone: then the bit is of nothing.
                let blocks = if (*chunk.as_ptr()).is_in_use(record) { page.blocks_of(word) } else { 0 };
                (page.word(word * WORD), blocks, (chunk, record))
            }
        };
        self.front.list.drain(group, |(chunk, page): (NonNull<Chunk>, NonNull<Page>)| {
            // SAFETY: the chunk exists.
            runs |= unsafe { chunk.as_ref() }.is_in_use(page) && state.look_at(chunk, page);
        });
        runs
    }
}

/// Whether a block was freed, by the holder or another thread.
pub(super) fn is_free(found: &Found) -> bool {
    // SAFETY: what is found is a record of a shard's chunk that exists.
    let (chunk, page) = unsafe { (found.chunk.as_ref(), found.page.as_ref()) };
    let node = chunk.remote(found.page).node(found.block / WORD);
    node.is_free(page.word(found.block), 1 << (found.block % WORD))
}

/// Frees a block for a thread that does not hold its shard. How many nodes wait, if one more does now.
pub(super) fn free_from_outside(found: &Found, front: &Front, address: usize) -> Result<Option<usize>, FreeError> {
    // SAFETY: what is found is a record of a shard's chunk that exists.
    let (chunk, page) = unsafe { (found.chunk.as_ref(), found.page.as_ref()) };
    if page.strange.get() == 0 {
        // The holder sees it if it comes after this free, and then looks at the remote.
        page.strange.set(1);
    }
    if cfg!(feature = "poison") && !is_free(found) {
        State::poison(found.chunk, found.page, address);
    }
    let node = chunk.remote(found.page).node(found.block / WORD);
    // SAFETY: the node is in the chunk, which stays until the heap's end.
    match unsafe { node.free(page.word(found.block), 1 << (found.block % WORD), &front.list) } {
        Ok(true) => Ok(Some(front.count())),
        Ok(false) => Ok(None),
        Err(_) => Err(FreeError::Free),
    }
}
