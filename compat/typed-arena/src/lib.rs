//! typed-arena's names, with region's arena of one type behind them.
//!
//! Not for new programs: they name region itself. This is for a tree of dependencies that names typed-arena, and moves
//! without a change of source:
//!
//! ```toml
//! [patch.crates-io]
//! typed-arena = { path = "../libregion/compat/typed-arena" }      # or git = "…"
//! ```
//!
//! Every function calls the one of region that does the same. What differs is in docs/bumpalo.md.
//!
//! ```
//! use typed_arena::Arena;
//! let arena = Arena::new();
//! let name: &mut String = arena.alloc(String::from("name"));
//! name.push('!');
//! assert_eq!(arena.into_vec(), ["name!"]);
//! ```

#![no_std]
#![allow(clippy::len_without_is_empty)] // as typed-arena

extern crate alloc;

use alloc::vec::Vec;
use core::mem::MaybeUninit;
use region::TypedArena;

/// [`region::TypedArena`] under typed-arena's name.
pub struct Arena<T>(TypedArena<T>);

impl<T> Arena<T> {
    pub fn new() -> Self {
        Arena(TypedArena::new())
    }

    #[track_caller]
    pub fn with_capacity(n: usize) -> Self {
        let arena = Arena::new();
        arena.0.reserve(n);
        arena
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)] // every call returns another position
    #[track_caller]
    pub fn alloc(&self, value: T) -> &mut T {
        self.0.alloc(value)
    }

    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_extend<I: IntoIterator<Item = T>>(&self, values: I) -> &mut [T] {
        self.0.alloc_extend(values)
    }

    /// # Safety
    /// As [`TypedArena::alloc_uninit`].
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub unsafe fn alloc_uninitialized(&self, num: usize) -> &mut [MaybeUninit<T>] {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.alloc_uninit(num) }
    }

    #[track_caller]
    pub fn reserve_extend(&self, num: usize) {
        self.0.reserve(num);
    }

    pub fn uninitialized_array(&self) -> *mut [MaybeUninit<T>] {
        self.0.spare_capacity()
    }

    pub fn into_vec(self) -> Vec<T> {
        self.0.into_vec().into_iter().collect()
    }

    #[inline]
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        IterMut(self.0.iter_mut())
    }
}

impl Arena<u8> {
    #[inline]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub fn alloc_str(&self, text: &str) -> &mut str {
        // SAFETY: a copy of bytes that are UTF-8.
        unsafe { core::str::from_utf8_unchecked_mut(self.0.alloc_slice_copy(text.as_bytes())) }
    }
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The values, in order of allocation.
pub struct IterMut<'a, T>(core::slice::IterMut<'a, T>);

impl<'a, T> Iterator for IterMut<'a, T> {
    type Item = &'a mut T;

    fn next(&mut self) -> Option<&'a mut T> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}
