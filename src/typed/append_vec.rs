//! A vector that grows while others read it.

use super::id::Id;
use super::reader::{Reader, ReaderIter};
use super::region_vec::RegionVec;
use super::shared_buffer::SharedBuffer;
use super::shared_methods::shared_methods;
use crate::arena::{Backing, DefaultBacking};
use crate::bytes::Bytes;
use crate::error::failure::{Failure, Panic, Report};
use crate::error::{AllocError, AllocReason};
use core::fmt;
use core::ops::Index;

/// A vector that is appended to by shared reference. Its values never move, and can be read while more are pushed.
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
/// *Iteration* goes on over what is pushed meanwhile, so a work list is a plain loop. For the values of one moment use
/// [`as_slice`](Self::as_slice).
///
/// *Threads*: one appends, as an `AppendVec` is `Send` if `T` is and not `Sync`. Others read at the same time
/// through [`reader`](Self::reader), without a lock.
///
/// *Memory, order of drops, references among values, errors*: as for [`TypedArena`](super::TypedArena), which returns
/// `&mut T` where this type returns `&T`. *Cost*: a comparison and a store beside the value's own.
pub struct AppendVec<T, B: Backing = DefaultBacking> {
    shared: SharedBuffer<T, B>,
}

shared_methods! {
    AppendVec, "vector", "append-only vector";

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
    with_reservation;

    /// A vector in the caller's bytes. Makes no system call, ever; when the bytes are used up, pushes fail.
    ///
    /// ```
    /// let mut memory = region::StackBuffer::<64>::new();
    /// let values = region::AppendVec::from_buffer(&mut memory);
    /// assert_eq!(values.push(7u8), &7);
    /// ```
    from_buffer;

    /// The number of a value of this vector; none for a value that is elsewhere, or has no size.
    ///
    /// ```
    /// let values = region::AppendVec::new();
    /// values.push('a');
    /// let b = values.push('b');
    /// assert_eq!(values.index_of(b), Some(1));
    /// ```
    index_of;
}

impl<T, B: Backing> AppendVec<T, B> {
    /// Appends a value, and returns a reference that stays valid whatever is pushed later.
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
    #[track_caller]
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
    #[track_caller]
    fn push_or<F: Failure>(&self, value: T) -> Result<&T, F::Error> {
        let pointer = self.shared.push::<F>(value)?;
        // SAFETY: the value at `position` was just written, and no counted value is moved, changed or dropped
        // before the vector is borrowed mutably.
        Ok(unsafe { pointer.as_ref() })
    }

    /// Appends a value, and returns its [`Id`].
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
    #[track_caller]
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
    #[track_caller]
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
    #[track_caller]
    fn no_more_ids<F: Failure>() -> F::Error {
        F::from(AllocError::new(size_of::<T>(), AllocReason::Ids))
    }

    /// Appends an iterator's values, side by side. The iterator may read this vector and push to it. What it pushes
    /// comes before its values.
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
    #[track_caller]
    pub fn extend(&self, values: impl IntoIterator<Item = T>) -> &[T] {
        Panic::unwrap(self.extend_or::<Panic>(values))
    }

    /// As [`extend`](Self::extend).
    ///
    /// # Errors
    /// When memory cannot be had; what the iterator gave so far stays in the vector, and the value that did
    /// not fit is dropped.
    #[inline]
    pub fn try_extend(&self, values: impl IntoIterator<Item = T>) -> Result<&[T], AllocError> {
        self.extend_or::<Report>(values)
    }

    #[inline(always)]
    #[track_caller]
    fn extend_or<F: Failure>(&self, values: impl IntoIterator<Item = T>) -> Result<&[T], F::Error> {
        let values = self.shared.extend::<F>(values)?;
        // SAFETY: the values were written and counted a moment ago; they stay where they are and unchanged as long as
        // the vector is borrowed.
        Ok(unsafe { values.as_ref() })
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
    #[track_caller]
    pub fn extend_from_slice(&self, values: &[T]) -> &[T]
    where
        T: Copy,
    {
        // SAFETY: the copies were written and counted a moment ago; they stay where they are and unchanged as long as
        // the vector is borrowed.
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
        // SAFETY: the copies were written and counted a moment ago; they stay where they are and unchanged as long as
        // the vector is borrowed.
        self.shared.copy::<Report>(values).map(|values| unsafe { values.as_ref() })
    }

    /// The value at `index`, if there is one.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.as_slice().get(index)
    }

    /// The value of an id, if there is one. An id of another, longer vector may name none here.
    #[inline]
    pub fn get_id(&self, id: Id<T>) -> Option<&T> {
        self.get(id.index())
    }

    /// The id of a value of this vector, as [`index_of`](Self::index_of).
    pub fn id_of(&self, value: &T) -> Option<Id<T>> {
        self.index_of(value).and_then(Id::from_index)
    }

    /// The values that there are at this moment. What is pushed later is not in the slice.
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        let buffer = self.shared.buffer();
        let values = buffer.pointers_to(0, buffer.len());
        // SAFETY: the first `len` positions hold values, which nobody moves, changes or drops before the vector is
        // borrowed mutably.
        unsafe { values.as_ref() }
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

    /// A view for other threads, which read the vector while this one pushes.
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
        // SAFETY: the values below the count of this buffer stay as they are while the vector is borrowed.
        unsafe { Reader::new(self.shared.followed()) }
    }
}

impl<T, B: Backing> Index<usize> for AppendVec<T, B> {
    type Output = T;

    #[inline]
    #[track_caller]
    fn index(&self, index: usize) -> &T {
        &self.as_slice()[index]
    }
}

impl<T, B: Backing> Index<Id<T>> for AppendVec<T, B> {
    type Output = T;

    #[inline]
    #[track_caller]
    fn index(&self, id: Id<T>) -> &T {
        &self.as_slice()[id.index()]
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

impl<'a, T, B: Backing> IntoIterator for &'a AppendVec<T, B> {
    type Item = &'a T;
    type IntoIter = ReaderIter<'a, T>;

    fn into_iter(self) -> ReaderIter<'a, T> {
        self.iter()
    }
}
