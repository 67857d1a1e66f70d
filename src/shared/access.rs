//! Reading a shared arena: copies, references to atomics, and `unsafe` references to the rest.
//!
//! All of them resolve the offset first, against this process's own end. What they give is decided by what a
//! peer may be doing meanwhile (`shared/mod.rs`).

use super::arena::SharedArena;
use super::error::{OffsetError, OffsetReason};
use super::header::MOST_ALIGN;
use super::resolve::resolve;
use super::shareable::layout_of;
use super::words;
use super::{Concurrent, Offset, Shareable, WORD};
use crate::sync::AtomicU64;
use core::alloc::Layout;
use core::ptr::NonNull;

impl SharedArena {
    /// A copy of a value.
    ///
    /// Made word by word (8 bytes): a larger value that another process is writing may come out in parts of
    /// both. A value that is written before its offset is handed on, and not again, comes out whole.
    ///
    /// # Errors
    /// When no value of this type can lie there.
    #[inline]
    pub fn read<T: Shareable>(&self, offset: Offset<T>) -> Result<T, OffsetError> {
        let words = self.words_at(offset.raw(), layout_of::<T>())?;
        let mut value = words::zero();
        words::load(words, 0, words::bytes_of_mine(&mut value));
        Ok(value)
    }

    /// Writes over a value, word by word.
    ///
    /// # Errors
    /// When no value of this type can lie there.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let arena = region::SharedArena::new(1 << 16)?;
    /// let total = arena.alloc(1u32)?;
    /// arena.write(total, 2)?;
    /// assert_eq!(arena.read(total)?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn write<T: Shareable>(&self, offset: Offset<T>, value: T) -> Result<(), OffsetError> {
        let mut value = value;
        let words = self.words_at(offset.raw(), layout_of::<T>())?;
        words::store(words, words::bytes_of_mine(&mut value));
        Ok(())
    }

    /// A value made of atomics, in place. No other process can move it, only change it.
    ///
    /// # Errors
    /// When no value of this type can lie there.
    #[inline]
    pub fn get<T: Concurrent>(&self, offset: Offset<T>) -> Result<&T, OffsetError> {
        let words = self.words_at(offset.raw(), layout_of::<T>())?;
        // SAFETY: the words are as many bytes as a `T` takes and start at a multiple of its alignment from the start of
        // a page (`words_at`), which is itself a multiple of it, as `layout_of` compiles for no alignment above the
        // smallest page's. They stay mapped as long as `self` is borrowed. A `Concurrent` type is atomic words itself,
        // so that whatever anybody does to them meanwhile is an atomic access of the same size, and any bits are a
        // value of it.
        Ok(unsafe { &*words.as_ptr().cast() })
    }

    /// A slice made of atomics, in place.
    ///
    /// # Errors
    /// When no slice of this type can lie there.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// let arena = region::SharedArena::new(1 << 16)?;
    /// let counts = arena.alloc_slice_zeroed::<AtomicU64>(100)?;
    /// arena.get_slice(counts)?[99].fetch_add(1, Ordering::Relaxed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn get_slice<T: Concurrent>(&self, offset: Offset<[T]>) -> Result<&[T], OffsetError> {
        let (words, len) = self.slice_at(offset)?;
        // SAFETY: `slice_at` answers with the words of `len` values inside the arena, at a multiple of their alignment
        // from the start of a page, and so aligned (no alignment above a page's compiles). They stay mapped as long as
        // `self` is borrowed, and as each value is atomic words, whatever others do to them is an atomic access of the
        // same size, which leaves a value of it. All their bytes together are less than `isize::MAX`, as the region is.
        Ok(unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), len) })
    }

    /// How many elements a slice has.
    ///
    /// # Errors
    /// When no slice of this type can lie there, or the length that it claims is not inside the arena.
    #[inline]
    pub fn slice_len<T: Shareable>(&self, offset: Offset<[T]>) -> Result<usize, OffsetError> {
        self.slice_at(offset).map(|(_, len)| len)
    }

    /// A copy of one element of a slice.
    ///
    /// # Errors
    /// When the slice has no such element, or no slice of this type can lie there.
    #[inline]
    pub fn read_at<T: Shareable>(&self, offset: Offset<[T]>, index: usize) -> Result<T, OffsetError> {
        let (words, len) = self.slice_at(offset)?;
        if index >= len {
            return Err(OffsetError::new(offset.raw(), OffsetReason::Count(len)));
        }
        // Less than the slice's bytes, so it does not wrap.
        let first = index * size_of::<T>();
        let mut value = words::zero();
        let words = words.get(first / WORD..).unwrap_or(&[]);
        words::load(words, first % WORD, words::bytes_of_mine(&mut value));
        Ok(value)
    }

    /// Copies a slice, whole, to the start of `to`; gives that part of `to`.
    ///
    /// # Errors
    /// When `to` is shorter than the slice, or no slice of this type can lie there.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let arena = region::SharedArena::new(1 << 16)?;
    /// let primes = arena.alloc_slice_copy(&[2u16, 3, 5, 7])?;
    /// let mut copy = vec![0; arena.slice_len(primes)?];
    /// assert_eq!(arena.read_slice(primes, &mut copy)?, [2, 3, 5, 7]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_slice<'t, T: Shareable + Copy>(
        &self,
        offset: Offset<[T]>,
        to: &'t mut [T],
    ) -> Result<&'t mut [T], OffsetError> {
        let (words, len) = self.slice_at(offset)?;
        let to = to.get_mut(..len).ok_or(OffsetError::new(offset.raw(), OffsetReason::Count(len)))?;
        words::load(words, 0, words::bytes_of_mut(to));
        Ok(to)
    }

    /// Copies text, whole, to the start of `to`; gives it as text, for the copy was looked at.
    ///
    /// # Errors
    /// When `to` is shorter than the text, when the bytes are no UTF-8, or when no text can lie there.
    pub fn read_str<'t>(&self, offset: Offset<str>, to: &'t mut [u8]) -> Result<&'t str, OffsetError> {
        let bytes = self.read_slice(offset.as_bytes(), to)?;
        core::str::from_utf8(bytes).map_err(|_| OffsetError::new(offset.raw(), OffsetReason::NotText))
    }

    /// A value in place, whatever it is made of.
    ///
    /// # Errors
    /// When no value of this type can lie there. That is checked.
    ///
    /// # Safety
    /// As long as the reference lives, no process writes to the value but through its atomics; it was
    /// written before its offset came here (through an [`AtomicOffset`](crate::shared::AtomicOffset), or before the
    /// fork); and atomics of several sizes are not mixed in it. Every process that has the memory is part of
    /// that promise, so none of them may be hostile.
    ///
    /// ```
    /// # if cfg!(miri) { return Ok(()) }
    /// let arena = region::SharedArena::new(1 << 16)?;
    /// let table = arena.alloc([0u32; 1000])?;
    /// // SAFETY: this example is one process, which does not write to the table any more.
    /// let table: &[u32; 1000] = unsafe { arena.borrow(table)? };
    /// assert!(table.iter().all(|&n| n == 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub unsafe fn borrow<T: Shareable>(&self, offset: Offset<T>) -> Result<&T, OffsetError> {
        let words = self.words_at(offset.raw(), layout_of::<T>())?;
        // SAFETY: `words_at` found as many bytes as a `T` takes, at a multiple of its alignment from the start of a
        // page, and so aligned (`layout_of` compiles for no alignment above a page's). They stay mapped as long as
        // `self` is borrowed, and any bits are a value of a `Shareable` type. That they stay as they are is the
        // caller's promise.
        Ok(unsafe { &*words.as_ptr().cast() })
    }

    /// A slice in place, whatever it is made of.
    ///
    /// # Errors
    /// When no slice of this type can lie there.
    ///
    /// # Safety
    /// As [`borrow`](Self::borrow), for every element.
    #[inline]
    pub unsafe fn borrow_slice<T: Shareable>(&self, offset: Offset<[T]>) -> Result<&[T], OffsetError> {
        let (words, len) = self.slice_at(offset)?;
        // SAFETY: `slice_at` answers with the words of `len` values inside the arena, less than `isize::MAX` bytes, at
        // a multiple of their alignment from the start of a page, and so aligned (no alignment above a page's
        // compiles). They stay mapped as long as `self` is borrowed, and any bits are values of a `Shareable` type.
        // That they stay as they are is the caller's promise, who made it for every element.
        Ok(unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), len) })
    }

    /// Text in place.
    ///
    /// # Errors
    /// When the bytes are no UTF-8, or no text can lie there.
    ///
    /// # Safety
    /// As [`borrow`](Self::borrow), for every byte.
    #[inline]
    pub unsafe fn borrow_str(&self, offset: Offset<str>) -> Result<&str, OffsetError> {
        // SAFETY: the caller promises of each byte of the text what `borrow_slice` asks of each element.
        let bytes = unsafe { self.borrow_slice(offset.as_bytes())? };
        core::str::from_utf8(bytes).map_err(|_| OffsetError::new(offset.raw(), OffsetReason::NotText))
    }

    /// The address, in this process, of `size` bytes at an offset. For code that reads and writes them by itself.
    ///
    /// Valid until the arena is dropped, for what [`SharedRegion::as_ptr`](crate::shared::SharedRegion::as_ptr) says.
    ///
    /// # Errors
    /// When so many bytes do not lie there, or not aligned for a `T` in this process: an alignment above 4096 may hold
    /// in one process and not in another.
    #[inline]
    pub fn address<T>(&self, offset: Offset<T>, size: usize) -> Result<NonNull<T>, OffsetError> {
        let raw = offset.raw();
        let at = resolve(raw, size, align_of::<T>(), self.end).map_err(|reason| OffsetError::new(raw, reason))?;
        let start = self.region.as_ptr().wrapping_add(at).cast::<T>();
        // The memory is mapped at a page, and so is aligned for what a page is.
        if align_of::<T>() > MOST_ALIGN && !start.is_aligned() {
            return Err(OffsetError::new(raw, OffsetReason::Misaligned));
        }
        NonNull::new(start).ok_or(OffsetError::new(raw, OffsetReason::Outside))
    }

    /// The words of a value of this layout at an untrusted offset: at least as many bytes as it takes, aligned for it.
    #[inline]
    fn words_at(&self, raw: u64, layout: Layout) -> Result<&[AtomicU64], OffsetError> {
        let (size, align) = (layout.size(), layout.align());
        let at = resolve(raw, size, align, self.end).map_err(|reason| OffsetError::new(raw, reason))?;
        // SAFETY: `resolve` ensures that `at` is a multiple of a word and that `size`, rounded up to words, is at most
        // this arena's `end` less `at`, which is what `words_unchecked` asks for.
        Ok(unsafe { self.words_unchecked(at, size) })
    }

    /// The words of a slice at an untrusted offset, and how many elements it has. Its length is read once, and that
    /// many elements lie inside.
    #[inline]
    fn slice_at<T: Shareable>(&self, offset: Offset<[T]>) -> Result<(&[AtomicU64], usize), OffsetError> {
        let raw = offset.raw();
        // An empty slice lies there or none does; its length is in the word before.
        self.words_at(raw, layout_of::<[T; 0]>())?;
        let length = offset.length().ok_or(OffsetError::new(raw, OffsetReason::Outside))?;
        let said: u64 = self.read(length)?;
        let refused = || OffsetError::new(raw, OffsetReason::Length(said));
        let len = usize::try_from(said).map_err(|_| refused())?;
        let layout = Layout::array::<T>(len).map_err(|_| refused())?;
        Ok((self.words_at(raw, layout).map_err(|_| refused())?, len))
    }
}
