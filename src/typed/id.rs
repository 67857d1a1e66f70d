//! Four bytes that name a value of a buffer.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::num::NonZeroU32;

/// The number of a value in an [`AppendVec`](super::AppendVec), in four bytes, as is `Option<Id<T>>`.
///
/// It is half a reference's size, so trees and graphs of ids are smaller and need no lifetime. Ids of different types
/// of values are different types. An id does not know its vector: in another vector it names another value or panics.
///
/// ```
/// use region::AppendVec;
/// use region::typed::Id;
///
/// struct Node { name: &'static str, next: Option<Id<Node>> }
///
/// let nodes = AppendVec::new();
/// let last = nodes.push_id(Node { name: "last", next: None });
/// let first = nodes.push_id(Node { name: "first", next: Some(last) });
/// let second = nodes[first].next.unwrap();
/// assert_eq!(nodes[second].name, "last");
/// assert_eq!(size_of::<Option<Id<Node>>>(), 4);
/// ```
#[repr(transparent)]
pub struct Id<T> {
    /// One more than the index, so that 0 is left for `None`.
    number: NonZeroU32,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// The id of value number `index`, counted from 0; none for 4,294,967,295 and more.
    ///
    /// ```
    /// use region::typed::Id;
    /// assert_eq!(Id::<str_of::Word>::from_index(7).unwrap().index(), 7);
    /// assert!(Id::<str_of::Word>::from_index(u32::MAX as usize).is_none());
    /// # mod str_of { pub struct Word; }
    /// ```
    pub const fn from_index(index: usize) -> Option<Self> {
        if index >= u32::MAX as usize {
            return None;
        }
        match NonZeroU32::new(index as u32 + 1) {
            Some(number) => Some(Id { number, of: PhantomData }),
            None => None,
        }
    }

    /// The value's number, counted from 0.
    #[inline]
    pub const fn index(self) -> usize {
        self.number.get() as usize - 1
    }
}

// By hand, as a derive would ask the same of `T`.

impl<T> Clone for Id<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
}

impl<T> Hash for Id<T> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.index())
    }
}
