//! An arena of one type, which drops its values.

use super::region_vec::RegionVec;
use super::shared_buffer::SharedBuffer;
use super::shared_methods::shared_methods;
use crate::arena::{Backing, DefaultBacking};
use crate::bytes::Bytes;
use crate::error::AllocError;
use crate::error::failure::{Failure, Panic, Report};
use core::fmt;
use core::mem::MaybeUninit;

/// An arena of values of one type. References to them stay valid until it is dropped, and then it drops every value.
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
/// *Order*: values lie side by side in the order of allocation, and are dropped in it. When one drop panics,
/// the others are dropped all the same. [`into_vec`](Self::into_vec) makes a vector of them, where they are.
///
/// *References among values*: values may refer to each other, in cycles too, with `Cell<Option<&'a T>>`. A
/// type with a `Drop` of its own may not: it could see a value that was dropped before it. The compiler refuses that.
///
/// *Memory*: one reservation of 64 GiB of addresses at the first value, less where there are many or the system
/// refuses. RAM comes as it is used ([`RegionVec`] has the details).
/// `with_reservation` reserves as much as you say. For a few values of many types, [`Arena`](crate::Arena) is cheaper;
/// it drops nothing.
///
/// *Looking at all values* takes `&mut self` or the arena itself, as values may be borrowed mutably while the arena is
/// shared. So the arena has no index and no `Serialize`: turn it into a vector for these.
///
/// *Errors*: the plain methods panic when memory cannot be had. Each has a `try_` form that returns an error.
///
/// *Cost*: a comparison and a store beside the value's own. *Threads*: `Send` if `T` is, not `Sync`.
///
/// For handles in place of references, or values that are read while more come, see
/// [`AppendVec`](super::AppendVec).
pub struct TypedArena<T, B: Backing = DefaultBacking> {
    shared: SharedBuffer<T, B>,
}

shared_methods! {
    TypedArena, "arena", "typed arena";

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
    with_reservation;

    /// An arena in the caller's bytes. Makes no system call, ever; when the bytes are used up, allocations
    /// fail.
    ///
    /// ```
    /// let mut memory = region::StackBuffer::<256>::new();
    /// let arena = region::TypedArena::from_buffer(&mut memory);
    /// assert_eq!(*arena.alloc("on the stack"), "on the stack");
    /// ```
    from_buffer;

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
    index_of;
}

impl<T, B: Backing> TypedArena<T, B> {
    /// Moves `value` into the arena, which drops it at its end.
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
    #[allow(clippy::mut_from_ref)] // every call returns another position
    #[track_caller]
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
    #[track_caller]
    fn alloc_or<F: Failure>(&self, value: T) -> Result<&mut T, F::Error> {
        let mut pointer = self.shared.push::<F>(value)?;
        // SAFETY: the value at `position` was just written. This is the only reference to it: the arena makes
        // none behind `&self`, and never moves or drops a counted value before it is borrowed mutably.
        Ok(unsafe { pointer.as_mut() })
    }

    /// Makes a value and moves it into the arena. `make` may allocate in this arena; those values come first.
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
    #[track_caller]
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

    /// Moves an iterator's values into the arena, side by side.
    ///
    /// The iterator may allocate in this arena: those values come before. When it panics, what it gave so far
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
    #[track_caller]
    pub fn alloc_extend(&self, values: impl IntoIterator<Item = T>) -> &mut [T] {
        Panic::unwrap(self.alloc_extend_or::<Panic>(values))
    }

    /// As [`alloc_extend`](Self::alloc_extend).
    ///
    /// # Errors
    /// When memory cannot be had; what the iterator gave so far stays in the arena, and the value that did
    /// not fit is dropped.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn try_alloc_extend(&self, values: impl IntoIterator<Item = T>) -> Result<&mut [T], AllocError> {
        self.alloc_extend_or::<Report>(values)
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    fn alloc_extend_or<F: Failure>(&self, values: impl IntoIterator<Item = T>) -> Result<&mut [T], F::Error> {
        let mut values = self.shared.extend::<F>(values)?;
        // SAFETY: the values were written and counted a moment ago, so that nobody else refers to them: the arena gives
        // out each position once until it is borrowed mutably, and they stay where they are.
        Ok(unsafe { values.as_mut() })
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
    #[track_caller]
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
    #[track_caller]
    fn alloc_slice_copy_or<F: Failure>(&self, values: &[T]) -> Result<&mut [T], F::Error>
    where
        T: Copy,
    {
        let mut values = self.shared.copy::<F>(values)?;
        // SAFETY: the copies were written and counted a moment ago, so that nobody else refers to them: the arena gives
        // out each position once until it is borrowed mutably, and they stay where they are.
        Ok(unsafe { values.as_mut() })
    }

    /// Takes memory for `len` values, to be written by the caller, such as a decoder or a function in C.
    ///
    /// # Panics
    /// When memory cannot be had.
    ///
    /// # Safety
    /// The values count at once, so all of them are written before the arena is dropped, turned into a vector, or
    /// looked at by a mutable reference.
    ///
    /// ```
    /// let arena = region::TypedArena::new();
    /// // SAFETY: all are written before anything else.
    /// let values = unsafe { arena.alloc_uninit(3) };
    /// values.iter_mut().enumerate().for_each(|(number, value)| { value.write(number); });
    /// assert_eq!(arena.into_vec(), [0, 1, 2]);
    /// ```
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    pub unsafe fn alloc_uninit(&self, len: usize) -> &mut [MaybeUninit<T>] {
        // SAFETY: the caller's promise, passed on.
        Panic::unwrap(unsafe { self.alloc_uninit_or::<Panic>(len) })
    }

    /// As [`alloc_uninit`](Self::alloc_uninit).
    ///
    /// # Errors
    /// When memory cannot be had; the arena is as it was.
    ///
    /// # Safety
    /// The values count at once, if there is no error, so all of them are written before the arena is dropped, turned
    /// into a vector, or looked at by a mutable reference.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn try_alloc_uninit(&self, len: usize) -> Result<&mut [MaybeUninit<T>], AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.alloc_uninit_or::<Report>(len) }
    }

    /// # Safety
    /// The values are written before anything reads or drops them.
    #[allow(clippy::mut_from_ref)]
    #[track_caller]
    unsafe fn alloc_uninit_or<F: Failure>(&self, len: usize) -> Result<&mut [MaybeUninit<T>], F::Error> {
        // SAFETY: the caller's promise, passed on.
        let values = unsafe { self.shared.count_unwritten::<F>(len)? };
        // SAFETY: the positions were counted a moment ago, so that nobody else refers to them: the arena gives out each
        // once until it is borrowed mutably, and they stay where they are. They may hold anything.
        Ok(unsafe { &mut *(values.as_ptr() as *mut [MaybeUninit<T>]) })
    }

    /// The memory that the next values go to, as far as it can be written to without asking for more
    /// ([`reserve`](Self::reserve)). What is written there becomes values by [`alloc_uninit`](Self::alloc_uninit).
    ///
    /// Valid until the next allocation.
    ///
    /// ```
    /// let arena = region::TypedArena::<u8>::new();
    /// arena.reserve(8);
    /// let next: *mut [_] = arena.spare_capacity();
    /// assert!(next.len() >= 8);
    /// // SAFETY: the memory is the arena's, which is not used meanwhile; and the one value was written.
    /// let value = unsafe {
    ///     (&mut *next)[0].write(7);
    ///     arena.alloc_uninit(1)
    /// };
    /// assert_eq!(value.as_ptr(), next.cast_const().cast());
    /// assert_eq!(arena.into_vec(), [7]);
    /// ```
    pub fn spare_capacity(&self) -> *mut [MaybeUninit<T>] {
        self.shared.unwritten().as_ptr() as *mut [MaybeUninit<T>]
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
}

impl<T, B: Backing> fmt::Debug for TypedArena<T, B> {
    /// Stats only: a value may be borrowed mutably.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedArena")
            .field("len", &self.len())
            .field("used", &format_args!("{}", Bytes(self.used())))
            .field("committed", &format_args!("{}", Bytes(self.committed())))
            .field("reserved", &format_args!("{}", Bytes(self.reserved())))
            .finish()
    }
}

impl<'a, T, B: Backing> IntoIterator for &'a mut TypedArena<T, B> {
    type Item = &'a mut T;
    type IntoIter = core::slice::IterMut<'a, T>;

    fn into_iter(self) -> core::slice::IterMut<'a, T> {
        self.iter_mut()
    }
}
