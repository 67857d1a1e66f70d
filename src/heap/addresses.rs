//! Where any thread finds the chunks of shards by address, and the memory of the records that shards have in common.
//!
//! Records are the table's nodes and the shards themselves. Each is in a block of the backing of its own, behind a
//! header. They stay until the heap ends, which walks the list of headers. So a thread that looks up an address touches
//! only memory that is there, whatever the address.

use super::chunk::{Chunk, GRANULE_SHIFT};
use super::error::{Taken, refused};
use crate::arena::backing::checked;
use crate::arena::{Backing, Block};
use crate::bump::pad_to;
use crate::checkers::{self, Contents};
use crate::error::{AllocError, AllocReason};
use crate::sync::address_table::{Node, Nodes, Refused, Table};
use crate::sync::{AtomicPtr, Ordering};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Bits of an address that the table looks at: as many as processes have. Kernels' addresses differ in higher ones, and
/// two that do not differ in these are not entered both.
const BITS: u32 = if usize::BITS < 48 { usize::BITS } else { 48 };

/// Words of a node, and those of the top.
const NODE: usize = if BITS < 48 { 1 << 6 } else { 1 << 11 };
const TOP: usize = 1 << (BITS - GRANULE_SHIFT - 2 * NODE.ilog2());

/// The header of a record.
struct Header {
    block: Block,
    older: *mut Header,
}

/// Zeroes are a table without chunks and no records.
#[repr(C)]
pub(super) struct Addresses {
    newest: AtomicPtr<Header>,
    table: Table<Chunk, GRANULE_SHIFT, TOP, NODE>,
}

impl Addresses {
    /// The chunk of a shard that has this address, and how far behind its base that is.
    #[inline(always)]
    pub(super) fn find(&self, address: usize) -> Option<(NonNull<Chunk>, usize)> {
        let chunk = self.table.find(address)?;
        // SAFETY: chunks are whole when they are entered, and stay until the heap's end.
        let distance = unsafe { chunk.as_ref() }.distance(address)?;
        Some((chunk, distance))
    }

    /// Lets all threads find a chunk, which its shard has not used yet.
    ///
    /// # Safety
    /// The chunk is whole, begins and ends at a granule, and stays until the heap's end unless this fails.
    pub(super) unsafe fn enter(&self, chunk: NonNull<Chunk>, backing: &impl Backing) -> Taken<()> {
        let from = chunk.addr().get();
        // SAFETY: the caller promises that the chunk is whole.
        let to = from + unsafe { chunk.as_ref() }.bytes();
        let entered = self.table.enter(from, to, chunk, &mut Makes { addresses: self, backing });
        entered.map_err(|why| match why {
            Refused::Node(error) => error,
            Refused::Taken => refused(AllocReason::Exhausted(to - from)),
        })
    }

    /// [`enter`](Self::enter) for a backing by its address.
    ///
    /// # Safety
    /// As there. The addresses exist, and so does the backing, which is a `B`.
    pub(super) unsafe fn enter_over<B: Backing>(
        this: NonNull<Addresses>,
        chunk: NonNull<Chunk>,
        backing: NonNull<()>,
    ) -> Taken<()> {
        // SAFETY: the caller's promises.
        unsafe { this.as_ref().enter(chunk, backing.cast::<B>().as_ref()) }
    }

    /// Makes a record of zeroes, which stays until [`end`](Self::end) if it is kept.
    pub(super) fn make(layout: Layout, backing: &impl Backing) -> Taken<NonNull<u8>> {
        let too_large = refused(AllocReason::TooLarge);
        let header = Layout::new::<Header>();
        let (whole, distance) = header.extend(layout).map_err(|_| too_large)?;
        let mut block = checked::acquire(backing, whole, 0)?;
        let at = pad_to(block.start.addr().get(), whole.align());
        let end = at + whole.size();
        if end > block.ready {
            // SAFETY: the block was just acquired, and has that many bytes behind its padding.
            if let Err(error) = unsafe { checked::commit(backing, &mut block, end) } {
                // SAFETY: the block was just acquired, and holds nothing.
                unsafe { backing.release(&block) };
                return Err(error);
            }
        }
        // SAFETY: the bytes up to `end` are ready, and the header and the record are aligned within them. Those that may
        // be other than zero are made so.
        unsafe {
            checkers::unpoison(block.start, end, Contents::Initialized);
            let dirty = block.dirty.saturating_sub(at).min(whole.size());
            let start = block.start.add(at);
            start.write_bytes(0, dirty);
            block.dirty = block.dirty.max(end);
            start.cast::<Header>().write(Header { block, older: core::ptr::null_mut() });
            Ok(start.add(distance))
        }
    }

    fn header(record: NonNull<u8>, layout: Layout) -> NonNull<Header> {
        let distance = Layout::new::<Header>().extend(layout).map_or(0, |(_, distance)| distance);
        // SAFETY: a record is so far behind its header, in one block.
        unsafe { record.sub(distance) }.cast()
    }

    /// Gives a record back that no other thread has seen.
    ///
    /// # Safety
    /// It was made with this layout and backing, and not kept.
    pub(super) unsafe fn unmake(record: NonNull<u8>, layout: Layout, backing: &impl Backing) {
        // SAFETY: the header is in front of the record, whose block is on loan and has no other user.
        unsafe {
            let block = Self::header(record, layout).as_ref().block;
            backing.release(&block);
        }
    }

    /// Keeps a record until the end.
    ///
    /// # Safety
    /// It was made with this layout, and is kept once.
    pub(super) unsafe fn keep(&self, record: NonNull<u8>, layout: Layout) {
        let header = Self::header(record, layout).as_ptr();
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: the header is the caller's until it is in the list.
            unsafe { (*header).older = newest };
            // Release: who walks the list sees the header. Nothing is taken off, so there is no ABA problem.
            match self.newest.compare_exchange_weak(newest, header, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => newest = now,
            }
        }
    }

    /// The blocks of the records. `resident` of the backing says how much of one is in RAM.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block> {
        let mut next = self.newest.load(Ordering::Acquire);
        core::iter::from_fn(move || {
            let header = NonNull::new(next)?;
            // SAFETY: headers that were kept stay until the end, and do not change.
            let header = unsafe { header.as_ref() };
            next = header.older;
            Some(header.block)
        })
    }

    /// Gives every record back, these addresses among them if they are in the record that was kept first.
    ///
    /// # Safety
    /// No thread uses a record any more, nor these addresses.
    pub(super) unsafe fn end(this: NonNull<Addresses>, backing: &impl Backing) {
        // SAFETY: the addresses exist until the first record's block is released, which is the last of the list.
        let mut next = unsafe { this.as_ref() }.newest.load(Ordering::Acquire);
        while let Some(header) = NonNull::new(next) {
            // SAFETY: the header exists until its block is released. The block is on loan, `dirty` covers what was
            // written, and nothing uses it any more.
            unsafe {
                let block = header.as_ref().block;
                next = header.as_ref().older;
                backing.release(&block);
            }
        }
    }
}

/// Makes nodes of the table in blocks of the backing.
struct Makes<'a, B> {
    addresses: &'a Addresses,
    backing: &'a B,
}

impl<B: Backing> Nodes<NODE> for Makes<'_, B> {
    type Error = AllocError;

    fn make(&mut self) -> Taken<NonNull<Node<NODE>>> {
        Addresses::make(Layout::new::<Node<NODE>>(), self.backing).map(NonNull::cast)
    }

    fn keep(&mut self, node: NonNull<Node<NODE>>) {
        // SAFETY: the node was made here with this layout, and is kept once.
        unsafe { self.addresses.keep(node.cast(), Layout::new::<Node<NODE>>()) };
    }

    fn unmake(&mut self, node: NonNull<Node<NODE>>) {
        // SAFETY: the node was made here with this layout and backing, and was not published.
        unsafe { Addresses::unmake(node.cast(), Layout::new::<Node<NODE>>(), self.backing) };
    }
}
