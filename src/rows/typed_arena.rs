//! An arena of one type, which drops what it holds.

use super::region_vec::{IntoIter, RegionVec};
use super::row::Row;
use super::shared_row::SharedRow;
use crate::arena::failure::{Failure, Panic, Report};
use crate::arena::{Backing, Buffer, DefaultBacking};
use crate::bytes::Bytes;
use crate::error::AllocError;
use core::fmt;
use core::ptr::NonNull;

#[cfg(all(feature = "os", unix))]
use crate::arena::Mapped;

/// An arena of values of one type: references that stay good until it ends, and then every value's `Drop`.
///
/// ```
/// use region::TypedArena;
///
/// struct Person<'a> { name: String, boss: Option<&'a Person<'a>> }
///
/// let people = TypedArena::new();
/// let ada: &Person = people.alloc(Person { name: "Ada".into(), boss: None });
/// let bob: &Person = people.alloc(Person { name: "Bob".into(), boss: Some(ada) });
/// assert_eq!(bob.boss.unwrap().name, "Ada");
/// // Dropping the arena drops Ada, then Bob: their names go back to the heap.
/// ```
///
/// *Order*: values lie side by side in the order of allocation, and are dropped in it; when one's drop panics,
/// the others are dropped all the same. [`into_vec`](Self::into_vec) makes a vector of them, where they are.
///
/// *References among values*: values may refer to each other, in cycles too, with `Cell<Option<&'a T>>`. Only a
/// type with a `Drop` of its own may not, since it could see a value that was dropped before it; the compiler
/// tells the two apart.
///
/// *Memory*: one reservation of 64 GiB of addresses at the first value, less where there are many or the system
/// refuses; RAM as it is used ([`RegionVec`] says more).
/// [`with_reservation`](Self::with_reservation) asks for just as much as you say.
/// For a few values of many types, [`Arena`](crate::Arena) is the cheaper place; it drops nothing.
///
/// *Looking at all values* takes `&mut self` or the arena itself, as each has a user while it is shared: so there
/// is no index and no `Serialize` here, but of the vector that the values become.
///
/// *Errors*: the plain methods panic when memory cannot be had; every one has a `try_` form that says so.
///
/// *Cost*: a comparison and a store beside the value's own. *Threads*: `Send` if `T` is, not `Sync`.
///
/// For handles in place of references, or values that are read while more come, see
/// [`AppendVec`](super::AppendVec).
pub struct TypedArena<T, B: Backing = DefaultBacking> {
    shared: SharedRow<T, B>,
}

#[cfg(all(feature = "os", unix))]
impl<T> TypedArena<T> {
    /// An empty arena in mapped memory. Makes no system call and takes no memory (`.back.lazy`).
    #[inline]
    pub const fn new() -> Self {
        TypedArena::new_in(Mapped::new())
    }

    /// An arena with addresses for `max_len` values, rounded up to whole pages, and no more. RAM comes as it
    /// is used.
    ///
    /// # Panics
    /// When that much cannot be reserved.
    ///
    /// ```
    /// let arena = region::TypedArena::with_reservation(512);
    /// (0..512u64).for_each(|i| { arena.alloc(i); });
    /// assert!(arena.try_alloc(512).is_err());
    /// ```
    pub fn with_reservation(max_len: usize) -> Self {
        RegionVec::with_reservation(max_len).into()
    }

    /// As [`with_reservation`](Self::with_reservation).
    ///
    /// # Errors
    /// When that much cannot be reserved; nothing smaller is tried.
    pub fn try_with_reservation(max_len: usize) -> Result<Self, AllocError> {
        RegionVec::try_with_reservation(max_len).map(Into::into)
    }
}

impl<'b, T> TypedArena<T, Buffer<'b>> {
    /// An arena in the caller's bytes. Makes no system call, ever; when the bytes are used up, allocations
    /// fail.
    ///
    /// ```
    /// let mut memory = region::StackBuffer::<256>::new();
    /// let arena = region::TypedArena::from_buffer(&mut memory);
    /// assert_eq!(*arena.alloc("on the stack"), "on the stack");
    /// ```
    pub fn from_buffer(buffer: impl Into<Buffer<'b>>) -> Self {
        TypedArena::new_in(buffer.into())
    }
}

impl<T, B: Backing> TypedArena<T, B> {
    /// An empty arena over any backing.
    #[inline]
    pub const fn new_in(backing: B) -> Self {
        TypedArena { shared: SharedRow::new(Row::new(backing)) }
    }

    /// Moves `value` into the arena, which will drop it.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let arena = region::TypedArena::new();
    /// let name = arena.alloc(String::from("Ada"));
    /// name.push('!');
    /// assert_eq!(name, "Ada!");
    /// ```
    #[inline(always)]
    #[allow(clippy::mut_from_ref)] // every call hands out another place
    pub fn alloc(&self, value: T) -> &mut T {
        Panic::unwrap(self.alloc_or::<Panic>(value))
    }

    /// As [`alloc`](Self::alloc).
    ///
    /// # Errors
    /// When memory cannot be had; the value is dropped.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc(&self, value: T) -> Result<&mut T, AllocError> {
        self.alloc_or::<Report>(value)
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn alloc_or<F: Failure>(&self, value: T) -> Result<&mut T, F::Error> {
        let mut place = self.shared.push::<F>(value)?;
        // SAFETY: the value at `place` was just written. This is the only reference to it: the arena makes
        // none behind `&self`, and never moves or drops a counted value before it is borrowed mutably.
        Ok(unsafe { place.as_mut() })
    }

    /// Makes a value and moves it into the arena. `make` may allocate here itself; those values come first.
    ///
    /// # Panics
    /// When memory cannot be had, after `make` was called.
    ///
    /// ```
    /// let arena = region::TypedArena::new();
    /// let outer = arena.alloc_with(|| 1 + *arena.alloc(1));
    /// assert_eq!((*outer, arena.len()), (2, 2));
    /// ```
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub fn alloc_with(&self, make: impl FnOnce() -> T) -> &mut T {
        self.alloc(make())
    }

    /// As [`alloc_with`](Self::alloc_with).
    ///
    /// # Errors
    /// When memory cannot be had; the value was made, and is dropped.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_with(&self, make: impl FnOnce() -> T) -> Result<&mut T, AllocError> {
        self.try_alloc(make())
    }

    /// Moves what the iterator gives into the arena, side by side.
    ///
    /// The iterator may allocate here itself: those values come before. When it panics, what it gave so far
    /// stays in the arena.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let arena = region::TypedArena::new();
    /// let words = arena.alloc_extend("to be or not".split(' ').map(String::from));
    /// words[3].push_str(" to be");
    /// assert_eq!(words.join(" "), "to be or not to be");
    /// ```
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn alloc_extend(&self, values: impl IntoIterator<Item = T>) -> &mut [T] {
        Panic::unwrap(self.alloc_extend_or::<Panic>(values))
    }

    /// As [`alloc_extend`](Self::alloc_extend).
    ///
    /// # Errors
    /// When memory cannot be had; what the iterator gave so far stays in the arena, and the value that had no
    /// room is dropped.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_extend(&self, values: impl IntoIterator<Item = T>) -> Result<&mut [T], AllocError> {
        self.alloc_extend_or::<Report>(values)
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn alloc_extend_or<F: Failure>(&self, values: impl IntoIterator<Item = T>) -> Result<&mut [T], F::Error> {
        let mut places = self.shared.extend::<F>(values)?;
        // SAFETY: as in `alloc_or`: the values were just counted, and nobody else refers to them.
        Ok(unsafe { places.as_mut() })
    }

    /// Copies a slice's values into the arena, side by side: one copy, where
    /// [`alloc_extend`](Self::alloc_extend) takes a few steps for each value.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let arena = region::TypedArena::new();
    /// assert_eq!(arena.alloc_slice_copy(&[1, 2, 3]), [1, 2, 3]);
    /// ```
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn alloc_slice_copy(&self, values: &[T]) -> &mut [T]
    where
        T: Copy,
    {
        Panic::unwrap(self.alloc_slice_copy_or::<Panic>(values))
    }

    /// As [`alloc_slice_copy`](Self::alloc_slice_copy).
    ///
    /// # Errors
    /// When memory cannot be had; the arena is as it was.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_slice_copy(&self, values: &[T]) -> Result<&mut [T], AllocError>
    where
        T: Copy,
    {
        self.alloc_slice_copy_or::<Report>(values)
    }

    #[inline]
    #[allow(clippy::mut_from_ref)]
    fn alloc_slice_copy_or<F: Failure>(&self, values: &[T]) -> Result<&mut [T], F::Error>
    where
        T: Copy,
    {
        let mut places = self.shared.copy::<F>(values)?;
        // SAFETY: as in `alloc_or`.
        Ok(unsafe { places.as_mut() })
    }

    /// Makes room for `more` values, so that allocating them asks the system for nothing but their RAM.
    ///
    /// # Panics
    /// When that much cannot be had.
    pub fn reserve(&self, more: usize) {
        Panic::unwrap(self.shared.reserve::<Panic>(more));
    }

    /// As [`reserve`](Self::reserve).
    ///
    /// # Errors
    /// When that much cannot be had.
    pub fn try_reserve(&self, more: usize) -> Result<(), AllocError> {
        self.shared.reserve::<Report>(more)
    }

    /// Values in the arena. While an iterator is being collected, its values are not among them.
    #[inline]
    pub fn len(&self) -> usize {
        self.shared.row().len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values that the arena has addresses for: 0 before the first, unless they were reserved.
    pub fn capacity(&self) -> usize {
        self.shared.row().capacity()
    }

    /// The number of a value of this arena, in order of allocation; none for a value that is elsewhere, or has
    /// no size.
    ///
    /// ```
    /// let mut arena = region::TypedArena::new();
    /// arena.alloc('a');
    /// let b: &char = arena.alloc('b');
    /// assert_eq!(arena.index_of(b), Some(1));
    /// assert_eq!(arena.index_of(&'b'), None);
    /// assert_eq!(arena.as_mut_slice()[1], 'b');
    /// ```
    pub fn index_of(&self, value: &T) -> Option<usize> {
        self.shared.index_of(value)
    }

    /// All values, in order of allocation.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        let row = self.shared.row_mut();
        let mut values = row.places(0, row.len());
        // SAFETY: the first `len` places hold values, and the arena is borrowed mutably: nobody refers to them.
        unsafe { values.as_mut() }
    }

    /// All values, in order of allocation.
    ///
    /// ```
    /// let mut arena = region::TypedArena::new();
    /// arena.alloc_extend(1..=3);
    /// arena.iter_mut().for_each(|value| *value *= 10);
    /// assert_eq!(arena.into_vec(), [10, 20, 30]);
    /// ```
    #[inline]
    pub fn iter_mut(&mut self) -> core::slice::IterMut<'_, T> {
        self.as_mut_slice().iter_mut()
    }

    /// The values as a vector. They stay where they are.
    pub fn into_vec(self) -> RegionVec<T, B> {
        RegionVec::from_row(self.shared.into_row())
    }

    /// Drops all values, in order of allocation, and keeps the memory (`.back.reset`).
    pub fn clear(&mut self) {
        self.shared.row_mut().truncate(0);
    }

    /// Gives the RAM that no value uses back to the system. The addresses stay.
    pub fn shrink_to_fit(&mut self) {
        self.shared.row_mut().shrink_to_fit();
    }

    /// Where the arena's memory comes from.
    pub const fn backing(&self) -> &B {
        self.shared.row().backing()
    }

    /// Bytes of the values.
    pub fn used(&self) -> usize {
        self.shared.row().used()
    }

    /// Bytes that are usable without asking the system again, used or not. RAM is at most this.
    pub fn committed(&self) -> usize {
        self.shared.row().committed()
    }

    /// Bytes of addresses that belong to the arena.
    pub fn reserved(&self) -> usize {
        self.shared.row().reserved()
    }

    /// Bytes that are in RAM now, as the system says (`mincore(2)`).
    pub fn resident(&self) -> usize {
        self.shared.row().resident()
    }
}

#[cfg(all(feature = "os", unix))]
impl<T> Default for TypedArena<T> {
    fn default() -> Self {
        TypedArena::new()
    }
}

/// All figures, a line each.
impl<T, B: Backing> fmt::Display for TypedArena<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.row().figures().report(f, "typed arena")
    }
}

impl<T, B: Backing> fmt::Debug for TypedArena<T, B> {
    /// Figures only: a value may be in use by whoever allocated it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedArena")
            .field("len", &self.len())
            .field("used", &format_args!("{}", Bytes(self.used())))
            .field("committed", &format_args!("{}", Bytes(self.committed())))
            .field("reserved", &format_args!("{}", Bytes(self.reserved())))
            .finish()
    }
}

impl<T, B: Backing> From<RegionVec<T, B>> for TypedArena<T, B> {
    /// The vector's values come first. They stay where they are.
    fn from(values: RegionVec<T, B>) -> Self {
        TypedArena { shared: SharedRow::new(values.into_row()) }
    }
}

impl<T, B: Backing> Extend<T> for TypedArena<T, B> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        let _: NonNull<[T]> = Panic::unwrap(self.shared.extend::<Panic>(values));
    }
}

#[cfg(all(feature = "os", unix))]
impl<T> FromIterator<T> for TypedArena<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        RegionVec::from_iter(values).into()
    }
}

impl<T, B: Backing> IntoIterator for TypedArena<T, B> {
    type Item = T;
    type IntoIter = IntoIter<T, B>;

    fn into_iter(self) -> IntoIter<T, B> {
        self.into_vec().into_iter()
    }
}

impl<'a, T, B: Backing> IntoIterator for &'a mut TypedArena<T, B> {
    type Item = &'a mut T;
    type IntoIter = core::slice::IterMut<'a, T>;

    fn into_iter(self) -> core::slice::IterMut<'a, T> {
        self.iter_mut()
    }
}
