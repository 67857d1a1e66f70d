//! A block of an arena as its owner knows it: where, how long, and every byte. Changes it through the arena, and
//! checks each time that it kept its content.

#![allow(dead_code)] // each user takes its part

use region::Arena;
use region::backing::Backing;
use region::error::AllocReason;
use std::alloc::Layout;
use std::ptr::NonNull;

pub fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// A block that is alive: where, how it was asked for, and what it must hold.
pub struct Alive {
    pub start: NonNull<u8>,
    pub layout: Layout,
    pub bytes: Vec<u8>,
}

impl Alive {
    /// What an arena made out of values without padding.
    pub fn of<T>(row: &mut [T]) -> Self {
        let layout = Layout::for_value(row);
        let start = NonNull::from(row).cast::<u8>();
        // SAFETY: integers without padding that were just made.
        let bytes = unsafe { std::slice::from_raw_parts(start.as_ptr(), layout.size()) }.to_vec();
        Alive { start, layout, bytes }
    }

    /// A new block, filled by `seed`.
    pub fn new<const M: usize, B: Backing>(arena: &Arena<M, B>, size: usize, align: usize, seed: u8) -> Self {
        Self::try_new(arena, size, align, seed).unwrap()
    }

    pub fn try_new<const M: usize, B: Backing>(
        arena: &Arena<M, B>,
        size: usize,
        align: usize,
        seed: u8,
    ) -> Option<Self> {
        let layout = layout(size, align);
        let start = arena.try_alloc_layout(layout).ok()?;
        let mut new = Alive { start, layout, bytes: Vec::new() };
        new.became(start, layout, seed);
        Some(new)
    }

    /// Checks what was kept, and fills what is new.
    pub fn became(&mut self, start: NonNull<u8>, layout: Layout, seed: u8) {
        assert_eq!(start.addr().get() % layout.align(), 0);
        (self.start, self.layout) = (start, layout);
        self.bytes.truncate(layout.size());
        self.check();
        let from = self.bytes.len();
        self.bytes.extend((from..layout.size()).map(|i| seed ^ i as u8));
        // SAFETY: the block has this many bytes.
        unsafe { start.copy_from_nonoverlapping(NonNull::from(&self.bytes[..]).cast(), self.bytes.len()) };
    }

    pub fn read(&self, len: usize) -> &[u8] {
        // SAFETY: the block is alive, and the tests read what they wrote or what must be zero.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), len) }
    }

    pub fn check(&self) {
        assert!(self.read(self.bytes.len()) == self.bytes, "the bytes of a block changed");
    }

    pub fn grow<const M: usize, B: Backing>(
        &mut self,
        arena: &Arena<M, B>,
        size: usize,
        align: usize,
    ) -> Result<(), AllocReason> {
        let new = layout(size, align);
        // SAFETY: the block is alive with this layout.
        let start = unsafe { arena.try_grow(self.start, self.layout, new) }.map_err(|error| {
            assert_eq!(error.size(), size);
            error.reason()
        })?;
        self.became(start, new, 0x5a);
        Ok(())
    }

    pub fn grow_zeroed<const M: usize, B: Backing>(&mut self, arena: &Arena<M, B>, size: usize, align: usize) -> bool {
        let new = layout(size, align);
        // SAFETY: the block is alive with this layout.
        let Ok(start) = (unsafe { arena.try_grow_zeroed(self.start, self.layout, new) }) else { return false };
        (self.start, self.layout) = (start, new);
        assert!(self.read(size)[self.bytes.len()..].iter().all(|&byte| byte == 0), "zeroed bytes are not zero");
        self.became(start, new, 0xa5);
        true
    }

    pub fn shrink<const M: usize, B: Backing>(&mut self, arena: &Arena<M, B>, size: usize, align: usize) -> bool {
        let new = layout(size, align);
        // SAFETY: the block is alive with this layout.
        let Ok(start) = (unsafe { arena.try_shrink(self.start, self.layout, new) }) else { return false };
        self.became(start, new, 0);
        true
    }

    pub fn free<const M: usize, B: Backing>(self, arena: &Arena<M, B>) {
        self.check();
        // SAFETY: the block is alive with this layout, and given up.
        unsafe { arena.free(self.start, self.layout) };
    }
}
