//! Memory as its owners know it: blocks that are alive and every byte of them, and a caller's buffer between fences.

use std::ptr::NonNull;

/// A block that is alive. Byte `i` of it holds `content(seed, i)`.
pub struct Block {
    pub start: NonNull<u8>,
    pub size: usize,
    pub seed: u8,
    /// When it was first taken, and when it last grew.
    pub born: u64,
    pub taken: u64,
    pub sized: bool,
}

/// Never a NUL, so that it can be text.
pub fn content(seed: u8, i: usize) -> u8 {
    (seed ^ i as u8 ^ (i >> 8) as u8) | 1
}

impl Block {
    pub fn check(&self) {
        // SAFETY: the block is alive, and has so many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.size) };
        let wrong = bytes.iter().enumerate().position(|(i, &byte)| byte != content(self.seed, i));
        assert_eq!(wrong, None, "a block of {} bytes did not keep its content", self.size);
    }

    pub fn fill(&self, from: usize) {
        for i in from..self.size {
            // SAFETY: the block is alive, and has so many bytes.
            unsafe { self.start.add(i).write(content(self.seed, i)) };
        }
    }

    /// The bytes that nobody else may have: a size's own 16 as well.
    pub fn span(&self) -> (usize, usize) {
        let header = if self.sized { 16 } else { 0 };
        (self.start.addr().get() - header, self.start.addr().get() + self.size)
    }
}

/// Memory of the caller's, with bytes on either side that must stay.
pub struct Buffer {
    memory: NonNull<[u8]>,
    before: usize,
    pub size: usize,
}

const FENCE: usize = 64;
const UNTOUCHED: u8 = 0xa5;

impl Buffer {
    pub fn new(size: usize, skew: usize) -> Self {
        let before = FENCE + skew;
        let memory = Box::leak(vec![UNTOUCHED; before + size + FENCE].into_boxed_slice());
        Buffer { memory: memory.into(), before, size }
    }

    pub fn start(&self) -> *mut u8 {
        // SAFETY: so many bytes come before the buffer.
        unsafe { self.memory.cast::<u8>().as_ptr().add(self.before) }
    }

    pub fn check(&self) {
        let bytes = |from: usize, len: usize| {
            // SAFETY: both pieces lie in the memory, and nobody else has them.
            unsafe { std::slice::from_raw_parts(self.memory.cast::<u8>().as_ptr().add(from), len) }
        };
        let outside = [bytes(0, self.before), bytes(self.before + self.size, FENCE)];
        assert!(outside.concat().iter().all(|&byte| byte == UNTOUCHED), "written outside of the buffer");
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: leaked when it was made, and given back once.
        drop(unsafe { Box::from_raw(self.memory.as_ptr()) });
    }
}
