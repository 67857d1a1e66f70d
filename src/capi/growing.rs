//! What grows in a C arena, text or elements of one size: in place as long as it is the arena's last block, and refused
//! once a rewind threw it away. `string` and `array` are over it.

use super::alloc::{region_free, region_realloc};
use super::checked::product;
use super::error::EINVAL;
use super::history::Position;
use super::inside::{ALIGN, Inside, inside, region_arena};
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;

/// The words that a `region_string` and every array of REGION_ARRAY have in common.
#[repr(C)]
pub(super) struct Growing {
    /// The first element; null until there is a block.
    pub(super) data: *mut u8,
    /// Elements that are in use, and that fit.
    pub(super) len: usize,
    pub(super) capacity: usize,
    /// Where it grows.
    pub(super) arena: *mut region_arena,
    /// The arena's position when the block last grew.
    position: Position,
    /// Where an array has room for a new element.
    pub(super) gap: usize,
}

// `include/region.h` says the same from the other side.
const _: () = assert!(size_of::<Growing>() == size_of::<[usize; 8]>());

/// Bytes of the first block; what stays short then never moves.
const FIRST_CAPACITY: usize = 64;

impl Growing {
    /// The arena; `EINVAL`, which it remembers, if a rewind threw the block away since it last grew.
    pub(super) fn standing(&self) -> Result<&Inside, c_int> {
        // SAFETY: whoever made this promised that its arena lives.
        let arena = unsafe { inside(self.arena) }.ok_or(-EINVAL)?;
        if self.is_lost(arena) {
            arena.policy.refused(EINVAL);
            return Err(-EINVAL);
        }
        Ok(arena)
    }

    /// Whether there is a block and a rewind threw it away since it last grew.
    #[inline(never)]
    fn is_lost(&self, arena: &Inside) -> bool {
        !self.data.is_null() && arena.history.is_lost(&self.position)
    }

    /// Leaves nothing, in the same arena.
    pub(super) fn forget(&mut self) {
        (self.data, self.len, self.capacity) = (null_mut(), 0, 0);
    }

    /// Makes room for `least` elements of `size` bytes in all, and for twice as many as before if they can be had.
    /// On error all is as it was.
    ///
    /// # Safety
    /// The block has `capacity` elements of this size, or is none.
    #[inline(always)]
    pub(super) unsafe fn reserve(&mut self, least: usize, size: usize) -> Result<(), c_int> {
        self.standing()?;
        if least <= self.capacity {
            return Ok(());
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { self.grow(least, size) }
    }

    /// [`reserve`](Self::reserve), where there is not so much room.
    ///
    /// # Safety
    /// As there.
    #[inline(never)]
    unsafe fn grow(&mut self, least: usize, size: usize) -> Result<(), c_int> {
        // SAFETY: whoever made this promised that its arena lives.
        let arena = unsafe { inside(self.arena) }.ok_or(-EINVAL)?;
        // What wraps is more than any memory has, and refused as such. No block is so long that twice as much wraps.
        let (held, need) = (self.capacity * size, product(least, size));
        let ample = need.max(if held == 0 { FIRST_CAPACITY - FIRST_CAPACITY % size } else { 2 * held });
        let (mut data, mut bytes) = (null_mut(), ample);
        if need < ample {
            // A limit may allow what is needed and not twice as much, so this try is not worth asking the
            // program for more memory.
            let ask = arena.policy.suspend();
            // SAFETY: `data` is a block of this arena with `held` bytes, or NULL.
            data = unsafe { region_realloc(self.arena, self.data.cast(), held, ample) };
            arena.policy.resume(ask);
        }
        if data.is_null() {
            // SAFETY: the same; a refused try left the block as it was.
            data = unsafe { region_realloc(self.arena, self.data.cast(), held, need) };
            bytes = need;
        }
        if data.is_null() {
            return Err(arena.policy.last_error());
        }
        // Within what its size was rounded up to, the block grew without taking anything: others may lie behind it.
        let note = self.data.cast() != data || bytes.div_ceil(ALIGN) != held.div_ceil(ALIGN);
        let position = if note { arena.history.note(arena.arena().used()) } else { self.position };
        (self.data, self.capacity, self.position) = (data.cast(), bytes / size, position);
        Ok(())
    }

    /// The block of just the first `kept` elements, which are not none; nothing is left here.
    ///
    /// # Safety
    /// The block has `capacity` elements of this size, at least as many as are kept, and stands.
    pub(super) unsafe fn finish(&mut self, kept: usize, size: usize) -> *mut c_void {
        let data = self.data.cast::<c_void>();
        // SAFETY: `data` is a block of the arena with so many bytes, some of which stay. Fewer bytes always stay where
        // they are.
        unsafe { region_realloc(self.arena, data, self.capacity * size, kept * size) };
        self.forget();
        data
    }

    /// Frees the block, unless a rewind did. Leaves nothing.
    ///
    /// # Safety
    /// The block has `capacity` elements of this size, or is none.
    pub(super) unsafe fn free(&mut self, size: usize) {
        // SAFETY: whoever made this promised that its arena lives.
        if unsafe { inside(self.arena) }.is_some_and(|arena| !self.is_lost(arena)) {
            // SAFETY: `data` is a block of the arena with so many bytes, or NULL.
            unsafe { region_free(self.arena, self.data.cast(), self.capacity * size) };
        }
        self.forget();
    }
}
