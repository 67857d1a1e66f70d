//! Allocating in a shared arena: a claim, then stores of whole words.
//!
//! A slice lies behind its length, so that its handle is one word and can be exchanged atomically:
//!
//! ```text
//!          offset
//!  │ length │ element │ element │ element │ up to 8 │
//! ```
//!
//! Other processes see what is stored here once they get its offset.

use super::arena::SharedArena;
use super::bump::{Refused, claim};
use super::header::{FIRST, MOST_ALIGN};
use super::words;
use super::{Offset, Shareable, WORD};
use crate::error::{AllocError, AllocReason};
use core::alloc::Layout;

impl SharedArena {
    /// Puts `value` into shared memory.
    ///
    /// # Errors
    /// When so many bytes are not left. Nothing has changed then.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let arena = region::SharedArena::new(1 << 16)?;
    /// let point = arena.alloc([1.5, -2.0])?;
    /// assert_eq!(arena.read(point)?, [1.5, -2.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn alloc<T: Shareable>(&self, value: T) -> Result<Offset<T>, AllocError> {
        const { assert!(align_of::<T>() <= MOST_ALIGN && !core::mem::needs_drop::<T>()) };
        let mut value = value;
        let offset = self.claim::<T, true>(Layout::new::<T>(), 0)?;
        // SAFETY: as many bytes were claimed there.
        let words = unsafe { self.words_unchecked(offset.raw() as usize, size_of::<T>()) };
        words::store(words, words::bytes_of_mine(&mut value));
        Ok(offset)
    }

    /// A value whose bytes are all zero: numbers are 0, links are empty. Writes nothing.
    ///
    /// # Errors
    /// As [`alloc`](Self::alloc).
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// let arena = region::SharedArena::new(1 << 16)?;
    /// let buckets = arena.alloc_zeroed::<[AtomicU64; 256]>()?;
    /// arena.get(buckets)?[7].fetch_add(1, Ordering::Relaxed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn alloc_zeroed<T: Shareable>(&self) -> Result<Offset<T>, AllocError> {
        const { assert!(align_of::<T>() <= MOST_ALIGN && !core::mem::needs_drop::<T>()) };
        // `.back.zero`: above the cursor nobody has written.
        self.claim::<T, true>(Layout::new::<T>(), 0)
    }

    /// Copies a slice into shared memory.
    ///
    /// # Errors
    /// As [`alloc`](Self::alloc).
    pub fn alloc_slice_copy<T: Shareable + Copy>(&self, values: &[T]) -> Result<Offset<[T]>, AllocError> {
        let offset = self.claim_slice::<T>(values.len())?;
        // SAFETY: as many bytes were claimed there.
        let words = unsafe { self.words_unchecked(offset.raw() as usize, size_of_val(values)) };
        words::store(words, words::bytes_of(values));
        Ok(offset)
    }

    /// `len` values whose bytes are all zero. Takes RAM only where it is touched.
    ///
    /// # Errors
    /// As [`alloc`](Self::alloc).
    pub fn alloc_slice_zeroed<T: Shareable>(&self, len: usize) -> Result<Offset<[T]>, AllocError> {
        self.claim_slice::<T>(len)
    }

    /// Copies text into shared memory.
    ///
    /// # Errors
    /// As [`alloc`](Self::alloc).
    pub fn alloc_str(&self, text: &str) -> Result<Offset<str>, AllocError> {
        Ok(self.alloc_slice_copy(text.as_bytes())?.as_text())
    }

    /// Bytes for `layout`, zeroed, for code that writes them by [`address`](Self::address).
    ///
    /// # Errors
    /// As [`alloc`](Self::alloc); when the alignment exceeds 4096, as mappings start at pages.
    pub fn alloc_layout(&self, layout: Layout) -> Result<Offset<u8>, AllocError> {
        if layout.align() > MOST_ALIGN {
            return Err(AllocError::new(layout.size(), AllocReason::Alignment(MOST_ALIGN)));
        }
        self.claim::<u8, false>(layout, 0)
    }

    /// Claims the bytes of `layout`, at most [`MOST_ALIGN`]ed; the handle of what starts `lead` bytes into them.
    #[inline]
    fn claim<T: ?Sized, const KNOWN: bool>(&self, layout: Layout, lead: usize) -> Result<Offset<T>, AllocError> {
        let (size, align) = (layout.size(), layout.align());
        let at = match size {
            // `.bump.zst`: an aligned position that is inside every arena, and no bytes of it.
            0 => Ok(FIRST.max(align)),
            _ => claim::<KNOWN>(self, size, align),
        };
        // A claim is at `FIRST` or above, so there is an offset of it.
        let offset = at.and_then(|at| Offset::from_raw((at + lead) as u64).ok_or(Refused::Corrupt));
        offset.map_err(|refused| self.refuse(refused, size))
    }

    /// Claims the bytes of a slice and of its length, and writes the length.
    fn claim_slice<T: Shareable>(&self, len: usize) -> Result<Offset<[T]>, AllocError> {
        const { assert!(align_of::<T>() <= MOST_ALIGN && !core::mem::needs_drop::<T>()) };
        let lead = align_of::<T>().max(WORD);
        let whole = Layout::from_size_align(lead, lead).and_then(|lead| lead.extend(Layout::array::<T>(len)?));
        let (layout, lead) =
            whole.map_err(|_| AllocError::new(len.saturating_mul(size_of::<T>()), AllocReason::TooLarge))?;
        let offset = self.claim::<[T], false>(layout, lead)?;
        // SAFETY: the lead is a word at least and was claimed with the slice, so the length lies right
        // before the first element.
        let length = unsafe { self.words_unchecked(offset.raw() as usize - WORD, WORD) };
        words::store(length, words::bytes_of(&[len as u64]));
        Ok(offset)
    }

    #[cold]
    #[inline(never)]
    fn refuse(&self, refused: Refused, size: usize) -> AllocError {
        let reason = match refused {
            Refused::Corrupt => AllocReason::Corrupt,
            Refused::Full if size > isize::MAX as usize => AllocReason::TooLarge,
            Refused::Full => AllocReason::Exhausted(self.capacity()),
        };
        AllocError::new(size, reason)
    }
}
