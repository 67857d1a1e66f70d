//! Models of buffers that grow while others read: the vector that ships, and its readers.
//!
//! Values are the numbers from 1 on. The buffer's count, its start and its first positions are loom's (`shown`). A
//! model fails when a reader may look at a position that is written at the same time, or finds another value than was
//! put there ([`models`](crate::models)).

use super::{AppendVec, Reader};
use crate::arena::{Backing, Block};
use crate::error::{AllocError, AllocReason};
use crate::models::{EVERY, Held, Model, share_among};
use crate::seeded::Bug;
use core::alloc::Layout;
use core::ptr::NonNull;
use std::boxed::Box;
use std::sync::Arc;

/// Values that a buffer has memory for.
const POSITIONS: usize = 64;

/// Memory of zeroes that becomes usable value by value, so that each push makes the buffer grow.
struct Steps(NonNull<[u128]>);

impl Steps {
    fn new() -> Self {
        let words = (POSITIONS * size_of::<usize>()).div_ceil(size_of::<u128>());
        Steps(NonNull::from(Box::leak(std::vec![0; words].into_boxed_slice())))
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        // SAFETY: the memory was a box, and the buffer that was in it is gone.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

// SAFETY: the one block is all of the memory, which this backing owns until it is dropped. Each buffer here has a
// backing of its own and acquires one block. All of it may be used at any time, and was zero when it was handed out.
unsafe impl Backing for Steps {
    fn acquire(&self, layout: Layout, _: usize) -> Result<Block, AllocError> {
        let len = self.0.len() * size_of::<u128>();
        match layout.size() <= len {
            true => Ok(Block { start: self.0.cast(), len, ready: 0, dirty: 0, tag: 0 }),
            false => Err(AllocError::new(layout.size(), AllocReason::Exhausted(len))),
        }
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        block.ready = need;
        Ok(())
    }

    unsafe fn decommit(&self, _: &mut Block, _: usize) {}

    unsafe fn release(&self, _: &Block) {}
}

/// A vector for the thread that appends and, as its readers, for others.
struct TypedBuffer(Held<AppendVec<usize, Steps>>);

// SAFETY: the models append in one thread; others call `read` alone, which is what a `Reader` is for.
unsafe impl Sync for TypedBuffer {}
// SAFETY: the buffer goes with the last of the threads, which have all joined.
unsafe impl Send for TypedBuffer {}

impl TypedBuffer {
    fn new() -> Arc<Self> {
        Arc::new(TypedBuffer(Held::new(AppendVec::new_in(Steps::new()))))
    }

    /// Appends the next value.
    fn push(&self) {
        self.0.push(self.0.len() + 1);
    }

    /// Looks at every value that can be seen, and says how many there are.
    fn read(&self) -> usize {
        let reader: Reader<'_, usize> = self.0.reader();
        let values = reader.as_slice();
        assert!(values.iter().copied().eq(1..=values.len()), "a value is not written, or a wrong one");
        values.len()
    }

    /// Appends in this thread while so many others read. The readers are spawned first, as loom lets a thread see
    /// later stores only if it comes to its load before them.
    fn append_and_read(readers: usize, append: impl Fn(&TypedBuffer)) {
        let buffer = TypedBuffer::new();
        let read = |buffer: &TypedBuffer, _| {
            let before = buffer.read();
            assert!(buffer.read() >= before, "a count fell");
        };
        share_among(&buffer, 0..readers, read, append);
        assert_eq!(buffer.read(), buffer.0.len());
    }
}

/// The bugs that a thread which pushes and threads which read may have.
const PUSHING: &[Bug] =
    &[Bug::PublishRelaxed, Bug::SeeRelaxed, Bug::PushPublishesEarly, Bug::StartBeforeCount, Bug::StartAgain];

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "one pushes to a buffer, one reads",
        preemptions: EVERY,
        run: || TypedBuffer::append_and_read(1, |buffer| (0..3).for_each(|_| buffer.push())),
        catches: PUSHING,
    },
    Model {
        name: "one pushes to a buffer, two read",
        preemptions: 3,
        run: || TypedBuffer::append_and_read(2, |buffer| (0..2).for_each(|_| buffer.push())),
        catches: PUSHING,
    },
    Model {
        name: "one extends a buffer, one reads",
        preemptions: EVERY,
        run: extend,
        catches: &[Bug::PublishRelaxed, Bug::SeeRelaxed, Bug::ExtendPublishesEarly, Bug::StartAgain],
    },
    Model {
        name: "one extends a buffer from within an extension, one reads",
        preemptions: EVERY,
        run: extend_from_within,
        catches: &[Bug::PublishRelaxed, Bug::SeeRelaxed, Bug::SettlePublishesEarly, Bug::PushPublishesEarly],
    },
    Model {
        name: "one copies into a buffer, one reads",
        preemptions: EVERY,
        run: copy,
        catches: &[Bug::CopyPublishesEarly],
    },
];

fn extend() {
    TypedBuffer::append_and_read(1, |buffer| {
        // Once with capacity for all, once by growing.
        buffer.0.reserve(2);
        buffer.0.extend([1, 2]);
        buffer.0.extend([3, 4]);
    });
}

fn extend_from_within() {
    TypedBuffer::append_and_read(1, |buffer| {
        buffer.0.extend((3..5).map(|number| {
            // What is pushed from within goes below what is being collected.
            buffer.push();
            number
        }));
    });
}

fn copy() {
    TypedBuffer::append_and_read(1, |buffer| {
        buffer.0.extend_from_slice(&[1, 2]);
        buffer.0.extend_from_slice(&[3]);
    });
}
