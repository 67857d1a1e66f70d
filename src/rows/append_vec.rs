//! A vector that grows while others read it.

use super::id::Id;
use super::reader::{Reader, ReaderIter};
use super::region_vec::{IntoIter, RegionVec};
use super::row::Row;
use super::shared_row::SharedRow;
use crate::arena::failure::{Failure, Panic, Report};
use crate::arena::{Backing, Buffer, DefaultBacking};
use crate::bytes::Bytes;
use crate::error::{AllocError, AllocReason};
use core::fmt;
use core::ops::Index;

#[cfg(all(feature = "os", unix))]
use crate::arena::Mapped;

/// A vector that is appended to by shared reference: what is in it stays where it is, and is read while more
/// comes.
///
/// ```
/// let names = region::AppendVec::new();
/// let first: &String = names.push("Ada".to_string());
/// for i in 0..10_000 {
///     names.push(format!("somebody else {i}"));       // `first` stays good
/// }
/// assert_eq!(first, "Ada");
/// assert_eq!(names[9_999], "somebody else 9998");
/// ```
///
/// *Handles*: a reference, an index, or with [`push_id`](Self::push_id) an [`Id`] of four bytes.
///
/// *Iteration* goes on over what is pushed meanwhile: a work list needs no more than that. What is there at one
/// moment is [`as_slice`](Self::as_slice).
///
/// *Threads*: one appends, as an `AppendVec` is `Send` if `T` is and not `Sync`. Others read at the same time
/// through [`reader`](Self::reader), without a lock.
///
/// *Memory, order of drops, references among values, errors*: as [`TypedArena`](super::TypedArena), which hands
/// out `&mut T` where this hands out `&T`. *Cost*: a comparison and a store beside the value's own.
pub struct AppendVec<T, B: Backing = DefaultBacking> {
    shared: SharedRow<T, B>,
}

#[cfg(all(feature = "os", unix))]
impl<T> AppendVec<T> {
    /// An empty vector in mapped memory. Makes no system call and takes no memory (`.back.lazy`).
    #[inline]
    pub const fn new() -> Self {
        AppendVec::new_in(Mapped::new())
    }

    /// A vector with addresses for `max_len` values, rounded up to whole pages, and no more. RAM comes as it
    /// is used.
    ///
    /// # Panics
    /// When that much cannot be reserved.
    ///
    /// ```
    /// let squares = region::AppendVec::with_reservation(1 << 20);
    /// (0..100u64).for_each(|i| { squares.push(i * i); });
    /// assert_eq!(squares[9], 81);
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

impl<'b, T> AppendVec<T, Buffer<'b>> {
    /// A vector in the caller's bytes. Makes no system call, ever; when the bytes are used up, pushes fail.
    ///
    /// ```
    /// let mut memory = region::StackBuffer::<64>::new();
    /// let values = region::AppendVec::from_buffer(&mut memory);
    /// assert_eq!(values.push(7u8), &7);
    /// ```
    pub fn from_buffer(buffer: impl Into<Buffer<'b>>) -> Self {
        AppendVec::new_in(buffer.into())
    }
}

impl<T, B: Backing> AppendVec<T, B> {
    /// An empty vector over any backing.
    #[inline]
    pub const fn new_in(backing: B) -> Self {
        AppendVec { shared: SharedRow::new(Row::new(backing)) }
    }

    /// Appends a value, and gives a reference that stays good whatever is pushed later.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let values = region::AppendVec::new();
    /// let one = values.push(1);
    /// let two = values.push(*one + 1);
    /// assert_eq!((one, two), (&1, &2));
    /// ```
    #[inline(always)]
    pub fn push(&self, value: T) -> &T {
        Panic::unwrap(self.push_or::<Panic>(value))
    }

    /// As [`push`](Self::push).
    ///
    /// # Errors
    /// When memory cannot be had; the value is dropped.
    #[inline(always)]
    pub fn try_push(&self, value: T) -> Result<&T, AllocError> {
        self.push_or::<Report>(value)
    }

    #[inline(always)]
    fn push_or<F: Failure>(&self, value: T) -> Result<&T, F::Error> {
        let place = self.shared.push::<F>(value)?;
        // SAFETY: the value at `place` was just written, and no counted value is moved, changed or dropped
        // before the vector is borrowed mutably.
        Ok(unsafe { place.as_ref() })
    }

    /// Appends a value, and gives its [`Id`].
    ///
    /// # Panics
    /// When memory cannot be had, or the vector holds 4,294,967,295 values already.
    ///
    /// ```
    /// let words = region::AppendVec::new();
    /// let hello = words.push_id("hello");
    /// assert_eq!(words[hello], "hello");
    /// assert_eq!(hello.index(), 0);
    /// ```
    #[inline(always)]
    pub fn push_id(&self, value: T) -> Id<T> {
        Panic::unwrap(self.push_id_or::<Panic>(value))
    }

    /// As [`push_id`](Self::push_id).
    ///
    /// # Errors
    /// When memory cannot be had, or the vector holds 4,294,967,295 values already; the value is dropped.
    #[inline(always)]
    pub fn try_push_id(&self, value: T) -> Result<Id<T>, AllocError> {
        self.push_id_or::<Report>(value)
    }

    #[inline(always)]
    fn push_id_or<F: Failure>(&self, value: T) -> Result<Id<T>, F::Error> {
        match Id::from_index(self.len()) {
            Some(id) => {
                self.shared.push::<F>(value)?;
                Ok(id)
            }
            None => Err(Self::no_more_ids::<F>()),
        }
    }

    #[cold]
    fn no_more_ids<F: Failure>() -> F::Error {
        F::from(AllocError::new(size_of::<T>(), AllocReason::Ids))
    }

    /// Appends what the iterator gives, side by side. The iterator may read this vector and push to it; what
    /// it pushes comes before.
    ///
    /// When it panics, what it gave so far stays in the vector.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let values = region::AppendVec::new();
    /// let pair: &[u8] = values.extend([1, 2]);
    /// let copies = values.extend(values.as_slice().iter().map(|value| value * 10));
    /// assert_eq!((pair, copies), (&[1, 2][..], &[10, 20][..]));
    /// ```
    #[inline]
    pub fn extend(&self, values: impl IntoIterator<Item = T>) -> &[T] {
        Panic::unwrap(self.extend_or::<Panic>(values))
    }

    /// As [`extend`](Self::extend).
    ///
    /// # Errors
    /// When memory cannot be had; what the iterator gave so far stays in the vector, and the value that had no
    /// room is dropped.
    #[inline]
    pub fn try_extend(&self, values: impl IntoIterator<Item = T>) -> Result<&[T], AllocError> {
        self.extend_or::<Report>(values)
    }

    #[inline(always)]
    fn extend_or<F: Failure>(&self, values: impl IntoIterator<Item = T>) -> Result<&[T], F::Error> {
        let places = self.shared.extend::<F>(values)?;
        // SAFETY: as in `push_or`: the values were just counted.
        Ok(unsafe { places.as_ref() })
    }

    /// Appends copies of a slice's values, side by side: one copy, where [`extend`](Self::extend) takes a few
    /// steps for each value.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// ```
    /// let text = region::AppendVec::new();
    /// let word: &[u8] = text.extend_from_slice(b"word");
    /// assert_eq!(word, b"word");
    /// ```
    #[inline]
    pub fn extend_from_slice(&self, values: &[T]) -> &[T]
    where
        T: Copy,
    {
        // SAFETY: as in `push_or`.
        unsafe { Panic::unwrap(self.shared.copy::<Panic>(values)).as_ref() }
    }

    /// As [`extend_from_slice`](Self::extend_from_slice).
    ///
    /// # Errors
    /// When memory cannot be had; the vector is as it was.
    #[inline]
    pub fn try_extend_from_slice(&self, values: &[T]) -> Result<&[T], AllocError>
    where
        T: Copy,
    {
        // SAFETY: as in `push_or`.
        self.shared.copy::<Report>(values).map(|places| unsafe { places.as_ref() })
    }

    /// Makes room for `more` values, so that pushing them asks the system for nothing but their RAM.
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

    /// Values in the vector. While an iterator is being collected, its values are not among them.
    #[inline]
    pub fn len(&self) -> usize {
        self.shared.row().len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values that the vector has addresses for: 0 before the first, unless they were reserved.
    pub fn capacity(&self) -> usize {
        self.shared.row().capacity()
    }

    /// The value at `index`, if there is one.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.as_slice().get(index)
    }

    /// The value of an id, if there is one: an id of another, longer vector may have none here.
    #[inline]
    pub fn get_id(&self, id: Id<T>) -> Option<&T> {
        self.get(id.index())
    }

    /// The number of a value of this vector; none for a value that is elsewhere, or has no size.
    ///
    /// ```
    /// let values = region::AppendVec::new();
    /// values.push('a');
    /// let b = values.push('b');
    /// assert_eq!(values.index_of(b), Some(1));
    /// ```
    pub fn index_of(&self, value: &T) -> Option<usize> {
        self.shared.index_of(value)
    }

    /// The id of a value of this vector, as [`index_of`](Self::index_of).
    pub fn id_of(&self, value: &T) -> Option<Id<T>> {
        self.index_of(value).and_then(Id::from_index)
    }

    /// The values that there are at this moment. What is pushed later is not in the slice.
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        let row = self.shared.row();
        let values = row.places(0, row.len());
        // SAFETY: the first `len` places hold values, which nobody moves, changes or drops before the vector is
        // borrowed mutably.
        unsafe { values.as_ref() }
    }

    /// The values that there are, to be changed.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        let row = self.shared.row_mut();
        let mut values = row.places(0, row.len());
        // SAFETY: the first `len` places hold values, and the vector is borrowed mutably.
        unsafe { values.as_mut() }
    }

    /// Goes through the values, and on through those that are pushed meanwhile.
    ///
    /// ```
    /// // All sums of coins up to 10: each new one is looked at in its turn.
    /// let sums = region::AppendVec::from_iter([0]);
    /// for sum in &sums {
    ///     for coin in [2, 5] {
    ///         if sum + coin <= 10 && !sums.as_slice().contains(&(sum + coin)) {
    ///             sums.push(sum + coin);
    ///         }
    ///     }
    /// }
    /// assert_eq!(sums.as_slice(), [0, 2, 5, 4, 7, 10, 6, 9, 8]);
    /// ```
    pub fn iter(&self) -> ReaderIter<'_, T> {
        self.reading().into_iter()
    }

    /// The vector for other threads, which read it while this one pushes.
    ///
    /// ```
    /// let mut log = region::AppendVec::new();
    /// let reader = log.reader();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         while reader.len() < 1000 {}
    ///         assert_eq!(reader[999], 999);
    ///     });
    ///     (0..1000).for_each(|i| { log.push(i); });
    /// });
    /// ```
    pub fn reader(&self) -> Reader<'_, T> {
        self.reading()
    }

    fn reading(&self) -> Reader<'_, T> {
        let (count, start) = self.shared.followed();
        // SAFETY: of this row, count and start belong together, and the values below the count stay as they
        // are while the vector is borrowed.
        unsafe { Reader::new(count, start) }
    }

    /// The values as a vector that is used alone. They stay where they are.
    pub fn into_vec(self) -> RegionVec<T, B> {
        RegionVec::from_row(self.shared.into_row())
    }

    /// Drops all values, in order, and keeps the memory (`.back.reset`). Ids and indices start over.
    pub fn clear(&mut self) {
        self.shared.row_mut().truncate(0);
    }

    /// Gives the RAM that no value uses back to the system. The addresses stay.
    pub fn shrink_to_fit(&mut self) {
        self.shared.row_mut().shrink_to_fit();
    }

    /// Where the vector's memory comes from.
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

    /// Bytes of addresses that belong to the vector.
    pub fn reserved(&self) -> usize {
        self.shared.row().reserved()
    }

    /// Bytes that are in RAM now, as the system says (`mincore(2)`).
    pub fn resident(&self) -> usize {
        self.shared.row().resident()
    }
}

impl<T, B: Backing> Index<usize> for AppendVec<T, B> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        &self.as_slice()[index]
    }
}

impl<T, B: Backing> Index<Id<T>> for AppendVec<T, B> {
    type Output = T;

    #[inline]
    fn index(&self, id: Id<T>) -> &T {
        &self.as_slice()[id.index()]
    }
}

#[cfg(all(feature = "os", unix))]
impl<T> Default for AppendVec<T> {
    fn default() -> Self {
        AppendVec::new()
    }
}

/// All figures, a line each.
impl<T, B: Backing> fmt::Display for AppendVec<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.row().figures().report(f, "append-only vector")
    }
}

impl<T: fmt::Debug, B: Backing> fmt::Debug for AppendVec<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppendVec")
            .field("values", &self.as_slice())
            .field("committed", &format_args!("{}", Bytes(self.committed())))
            .field("reserved", &format_args!("{}", Bytes(self.reserved())))
            .finish()
    }
}

/// A sequence of the values that there are as it begins.
#[cfg(feature = "serde")]
impl<T: serde::Serialize, B: Backing> serde::Serialize for AppendVec<T, B> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}

impl<T, B: Backing> From<RegionVec<T, B>> for AppendVec<T, B> {
    /// The vector's values come first. They stay where they are.
    fn from(values: RegionVec<T, B>) -> Self {
        AppendVec { shared: SharedRow::new(values.into_row()) }
    }
}

#[cfg(all(feature = "os", unix))]
impl<T> FromIterator<T> for AppendVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        RegionVec::from_iter(values).into()
    }
}

impl<T, B: Backing> Extend<T> for AppendVec<T, B> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        AppendVec::extend(self, values);
    }
}

impl<'a, T, B: Backing> IntoIterator for &'a AppendVec<T, B> {
    type Item = &'a T;
    type IntoIter = ReaderIter<'a, T>;

    fn into_iter(self) -> ReaderIter<'a, T> {
        self.iter()
    }
}

impl<T, B: Backing> IntoIterator for AppendVec<T, B> {
    type Item = T;
    type IntoIter = IntoIter<T, B>;

    fn into_iter(self) -> IntoIter<T, B> {
        self.into_vec().into_iter()
    }
}
