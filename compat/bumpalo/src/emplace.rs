//! Memory that is taken first and written where it lies: one value, a slice that grows, text.
//!
//! What bumpalo's next version has. Dropped without an end, each gives its memory back, as far as it is the last
//! allocation; values that were written are not dropped then.

use crate::{AllocErr, Bump};
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

/// Turns a lack of memory into a panic, as the methods without `try_` do.
#[track_caller]
fn had<T>(result: Result<T, AllocErr>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

/// Memory of one value.
pub struct Emplace<'a, T, const MIN_ALIGN: usize> {
    bump: &'a Bump<MIN_ALIGN>,
    at: NonNull<MaybeUninit<T>>,
    /// The value is written and handed out as often as the place is.
    value: PhantomData<&'a mut T>,
}

impl<T, const MIN_ALIGN: usize> Drop for Emplace<'_, T, MIN_ALIGN> {
    fn drop(&mut self) {
        // SAFETY: the place was taken for this layout, nobody else has it, and it is given up.
        unsafe { self.bump.0.free(self.at.cast(), Layout::new::<T>()) }
    }
}

impl<T, const MIN_ALIGN: usize> fmt::Debug for Emplace<'_, T, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emplace").field("ptr", &self.at).finish()
    }
}

impl<'a, T, const MIN_ALIGN: usize> Emplace<'a, T, MIN_ALIGN> {
    pub fn as_uninit(&self) -> &MaybeUninit<T> {
        // SAFETY: the place is this value's alone, and holds anything.
        unsafe { self.at.as_ref() }
    }

    pub fn as_uninit_mut(&mut self) -> &mut MaybeUninit<T> {
        // SAFETY: the place is this value's alone, and holds anything.
        unsafe { self.at.as_mut() }
    }

    /// # Safety
    /// The value was written.
    pub unsafe fn assume_init(self) -> &'a mut T {
        // SAFETY: the caller's promise.
        unsafe { self.into_uninit().assume_init_mut() }
    }

    pub fn into_uninit(self) -> &'a mut MaybeUninit<T> {
        // SAFETY: the place is not given back, and nobody else has it as long as the bump is borrowed.
        unsafe { ManuallyDrop::new(self).at.as_mut() }
    }

    pub fn write(self, value: T) -> &'a mut T {
        self.into_uninit().write(value)
    }
}

/// Memory of values side by side, of which the first are written; it grows.
pub struct EmplaceSlice<'a, T, const MIN_ALIGN: usize> {
    bump: &'a Bump<MIN_ALIGN>,
    at: NonNull<T>,
    len: usize,
    /// `usize::MAX` for values without bytes.
    capacity: usize,
    /// Whether the first `len` values are known to be written: not after safe code was given them to write anything there.
    written: bool,
    values: PhantomData<&'a mut T>,
}

impl<T, const MIN_ALIGN: usize> Drop for EmplaceSlice<'_, T, MIN_ALIGN> {
    fn drop(&mut self) {
        // SAFETY: the memory was taken for this layout, nobody else has it, and it is given up.
        unsafe { self.bump.0.free(self.at.cast(), self.layout()) }
    }
}

impl<T, const MIN_ALIGN: usize> fmt::Debug for EmplaceSlice<'_, T, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, len, capacity, .. } = self;
        f.debug_struct("EmplaceSlice").field("ptr", at).field("len", len).field("capacity", capacity).finish()
    }
}

impl<'a, T, const MIN_ALIGN: usize> EmplaceSlice<'a, T, MIN_ALIGN> {
    fn new(bump: &'a Bump<MIN_ALIGN>, capacity: usize) -> Result<Self, AllocErr> {
        let capacity = if size_of::<T>() == 0 { usize::MAX } else { capacity };
        let at = bump.0.try_alloc_layout(Self::layout_of(capacity)?)?.cast();
        Ok(EmplaceSlice { bump, at, len: 0, capacity, written: true, values: PhantomData })
    }

    /// The layout of so many values; values without bytes take none.
    fn layout_of(capacity: usize) -> Result<Layout, AllocErr> {
        Layout::array::<T>(if size_of::<T>() == 0 { 0 } else { capacity }).map_err(|_| AllocErr)
    }

    /// The layout of what was taken.
    fn layout(&self) -> Layout {
        Self::layout_of(self.capacity).unwrap_or(Layout::new::<()>())
    }

    pub fn as_uninit(&self) -> &[MaybeUninit<T>] {
        // SAFETY: so many values fit, and they may be anything.
        unsafe { core::slice::from_raw_parts(self.at.as_ptr().cast(), self.capacity) }
    }

    /// All of the memory, to write to. If values were written before, [`assume_init`](Self::assume_init) alone ends the
    /// slice from here on: safe methods that would read them panic, as what they find may be no values any more.
    pub fn as_uninit_mut(&mut self) -> &mut [MaybeUninit<T>] {
        self.written &= self.len == 0;
        // SAFETY: so many values fit, and the memory is this value's alone. What is written there is read again only if
        // nothing counted as a value before, or the caller of `assume_init` promises that it is one.
        unsafe { core::slice::from_raw_parts_mut(self.at.as_ptr().cast(), self.capacity) }
    }

    /// # Safety
    /// The first `len` values were written.
    pub unsafe fn assume_init(mut self) -> &'a mut [T] {
        self.written = true;
        self.into_mut_slice()
    }

    /// Makes sure that the first `len` values are values.
    #[track_caller]
    fn check(&self) {
        assert!(self.written, "the values may have been written over by `as_uninit_mut`: end with `assume_init`");
    }

    pub fn into_uninit(self) -> &'a mut [MaybeUninit<T>] {
        let this = ManuallyDrop::new(self);
        // SAFETY: as `as_uninit_mut`, and the memory is not given back as long as the bump is borrowed.
        unsafe { core::slice::from_raw_parts_mut(this.at.as_ptr().cast(), this.capacity) }
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[track_caller]
    pub fn as_slice(&self) -> &[T] {
        self.check();
        // SAFETY: the first `len` values are written.
        unsafe { core::slice::from_raw_parts(self.at.as_ptr(), self.len) }
    }

    #[track_caller]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.check();
        // SAFETY: the first `len` values are written, and the memory is this value's alone.
        unsafe { core::slice::from_raw_parts_mut(self.at.as_ptr(), self.len) }
    }

    #[track_caller]
    pub fn into_slice(self) -> &'a [T] {
        self.into_mut_slice()
    }

    #[track_caller]
    pub fn into_mut_slice(mut self) -> &'a mut [T] {
        self.check();
        self.shrink_to_fit();
        let this = ManuallyDrop::new(self);
        // SAFETY: the first `len` values are written, and the memory is not given back as long as the bump is borrowed.
        unsafe { core::slice::from_raw_parts_mut(this.at.as_ptr(), this.len) }
    }

    pub fn shrink(&mut self, new_capacity: usize) {
        let _ = self.try_shrink(new_capacity);
    }

    pub fn try_shrink(&mut self, new_capacity: usize) -> Result<(), AllocErr> {
        let new_capacity = new_capacity.max(self.len);
        if size_of::<T>() != 0 && new_capacity < self.capacity {
            let new = Self::layout_of(new_capacity)?;
            // SAFETY: the memory was taken for this layout, and the new one is no longer.
            self.at = unsafe { self.bump.0.try_shrink(self.at.cast(), self.layout(), new)? }.cast();
            self.capacity = new_capacity;
        }
        Ok(())
    }

    pub fn shrink_to_fit(&mut self) {
        self.shrink(self.len);
    }

    pub fn try_shrink_to_fit(&mut self) -> Result<(), AllocErr> {
        self.try_shrink(self.len)
    }

    #[track_caller]
    pub fn reserve(&mut self, additional: usize) {
        had(self.try_reserve(additional));
    }

    pub fn try_reserve(&mut self, additional: usize) -> Result<(), AllocErr> {
        let least = self.len.checked_add(additional).ok_or(AllocErr)?;
        if least <= self.capacity {
            return Ok(());
        }
        self.grow(least.max(self.capacity.saturating_mul(2)))
    }

    #[track_caller]
    pub fn reserve_exact(&mut self, additional: usize) {
        had(self.try_reserve_exact(additional));
    }

    pub fn try_reserve_exact(&mut self, additional: usize) -> Result<(), AllocErr> {
        let least = self.len.checked_add(additional).ok_or(AllocErr)?;
        if least <= self.capacity { Ok(()) } else { self.grow(least) }
    }

    fn grow(&mut self, capacity: usize) -> Result<(), AllocErr> {
        let new = Self::layout_of(capacity)?;
        // SAFETY: the memory was taken for the old layout, and the new one is longer.
        self.at = unsafe { self.bump.0.try_grow(self.at.cast(), self.layout(), new)? }.cast();
        self.capacity = capacity;
        Ok(())
    }

    #[track_caller]
    pub fn push(&mut self, element: T) {
        self.reserve(1);
        // SAFETY: there is room for one more value.
        unsafe { self.at.add(self.len).write(element) };
        self.len += 1;
    }

    pub fn try_push(&mut self, element: T) -> Result<(), T> {
        if self.try_reserve(1).is_err() {
            return Err(element);
        }
        self.push(element);
        Ok(())
    }

    #[track_caller]
    pub fn extend(&mut self, iter: impl IntoIterator<Item = T>) {
        had(self.try_extend(iter));
    }

    pub fn try_extend(&mut self, iter: impl IntoIterator<Item = T>) -> Result<(), AllocErr> {
        let iter = iter.into_iter();
        self.try_reserve(iter.size_hint().0)?;
        for element in iter {
            self.try_push(element).map_err(|_| AllocErr)?;
        }
        Ok(())
    }

    #[track_caller]
    pub fn extend_from_slice_copy(&mut self, src: &[T])
    where
        T: Copy,
    {
        had(self.try_extend_from_slice_copy(src));
    }

    pub fn try_extend_from_slice_copy(&mut self, src: &[T]) -> Result<(), AllocErr>
    where
        T: Copy,
    {
        self.try_reserve(src.len())?;
        // SAFETY: there is room for as many values more, which no reference leads to.
        unsafe { self.at.add(self.len).copy_from_nonoverlapping(NonNull::from(src).cast(), src.len()) };
        self.len += src.len();
        Ok(())
    }

    #[track_caller]
    pub fn extend_from_slice_clone(&mut self, src: &[T])
    where
        T: Clone,
    {
        had(self.try_extend_from_slice_clone(src));
    }

    pub fn try_extend_from_slice_clone(&mut self, src: &[T]) -> Result<(), AllocErr>
    where
        T: Clone,
    {
        self.try_extend(src.iter().cloned())
    }

    #[track_caller]
    pub fn write_iter(self, iter: impl IntoIterator<Item = T>) -> &'a mut [T] {
        had(self.try_write_iter(iter))
    }

    pub fn try_write_iter(mut self, iter: impl IntoIterator<Item = T>) -> Result<&'a mut [T], AllocErr> {
        self.try_extend(iter)?;
        Ok(self.into_mut_slice())
    }

    #[track_caller]
    pub fn copy_slice(self, from: &[T]) -> &'a mut [T]
    where
        T: Copy,
    {
        had(self.try_copy_slice(from))
    }

    pub fn try_copy_slice(mut self, from: &[T]) -> Result<&'a mut [T], AllocErr>
    where
        T: Copy,
    {
        (self.len, self.written) = (0, true);
        self.try_extend_from_slice_copy(from)?;
        Ok(self.into_mut_slice())
    }

    #[track_caller]
    pub fn clone_slice(self, from: &[T]) -> &'a mut [T]
    where
        T: Clone,
    {
        had(self.try_clone_slice(from))
    }

    pub fn try_clone_slice(mut self, from: &[T]) -> Result<&'a mut [T], AllocErr>
    where
        T: Clone,
    {
        (self.len, self.written) = (0, true);
        self.try_extend_from_slice_clone(from)?;
        Ok(self.into_mut_slice())
    }
}

/// Memory of text that grows.
#[derive(Debug)]
pub struct EmplaceStr<'a, const MIN_ALIGN: usize> {
    /// UTF-8.
    bytes: EmplaceSlice<'a, u8, MIN_ALIGN>,
}

impl<'a, const MIN_ALIGN: usize> EmplaceStr<'a, MIN_ALIGN> {
    pub fn len(&self) -> usize {
        self.bytes.len
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn capacity(&self) -> usize {
        self.bytes.capacity
    }

    pub fn as_str(&self) -> &str {
        // SAFETY: whole texts and characters were appended, so the bytes are UTF-8.
        unsafe { core::str::from_utf8_unchecked(self.bytes.as_slice()) }
    }

    pub fn as_str_mut(&mut self) -> &mut str {
        // SAFETY: whole texts and characters were appended, so the bytes are UTF-8.
        unsafe { core::str::from_utf8_unchecked_mut(self.bytes.as_mut_slice()) }
    }

    #[track_caller]
    pub fn push_str(&mut self, s: &str) {
        had(self.try_push_str(s));
    }

    pub fn try_push_str(&mut self, s: &str) -> Result<(), AllocErr> {
        self.bytes.try_extend_from_slice_copy(s.as_bytes())
    }

    #[track_caller]
    pub fn push(&mut self, c: char) {
        had(self.try_push(c));
    }

    pub fn try_push(&mut self, c: char) -> Result<(), AllocErr> {
        self.try_push_str(c.encode_utf8(&mut [0; 4]))
    }

    #[track_caller]
    pub fn write_str(self, s: &str) -> &'a mut str {
        had(self.try_write_str(s))
    }

    pub fn try_write_str(mut self, s: &str) -> Result<&'a mut str, AllocErr> {
        self.bytes.len = 0;
        self.try_push_str(s)?;
        Ok(self.into_str_mut())
    }

    pub fn into_str(self) -> &'a str {
        self.into_str_mut()
    }

    pub fn into_str_mut(self) -> &'a mut str {
        // SAFETY: whole texts and characters were appended, so the bytes are UTF-8.
        unsafe { core::str::from_utf8_unchecked_mut(self.bytes.into_mut_slice()) }
    }
}

impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> {
    #[track_caller]
    pub fn emplace<T>(&self) -> Emplace<'_, T, MIN_ALIGN> {
        had(self.try_emplace())
    }

    pub fn try_emplace<T>(&self) -> Result<Emplace<'_, T, MIN_ALIGN>, AllocErr> {
        let at = self.0.try_alloc_layout(Layout::new::<T>())?.cast();
        Ok(Emplace { bump: self, at, value: PhantomData })
    }

    #[track_caller]
    pub fn emplace_slice<T>(&self) -> EmplaceSlice<'_, T, MIN_ALIGN> {
        had(self.try_emplace_slice())
    }

    pub fn try_emplace_slice<T>(&self) -> Result<EmplaceSlice<'_, T, MIN_ALIGN>, AllocErr> {
        self.try_emplace_slice_with_capacity(1)
    }

    #[track_caller]
    pub fn emplace_slice_with_capacity<T>(&self, capacity: usize) -> EmplaceSlice<'_, T, MIN_ALIGN> {
        had(self.try_emplace_slice_with_capacity(capacity))
    }

    pub fn try_emplace_slice_with_capacity<T>(
        &self,
        capacity: usize,
    ) -> Result<EmplaceSlice<'_, T, MIN_ALIGN>, AllocErr> {
        EmplaceSlice::new(self, capacity)
    }

    #[track_caller]
    pub fn emplace_str(&self) -> EmplaceStr<'_, MIN_ALIGN> {
        had(self.try_emplace_str())
    }

    pub fn try_emplace_str(&self) -> Result<EmplaceStr<'_, MIN_ALIGN>, AllocErr> {
        self.try_emplace_str_with_capacity(1)
    }

    #[track_caller]
    pub fn emplace_str_with_capacity(&self, capacity: usize) -> EmplaceStr<'_, MIN_ALIGN> {
        had(self.try_emplace_str_with_capacity(capacity))
    }

    pub fn try_emplace_str_with_capacity(&self, capacity: usize) -> Result<EmplaceStr<'_, MIN_ALIGN>, AllocErr> {
        Ok(EmplaceStr { bytes: EmplaceSlice::new(self, capacity)? })
    }
}
