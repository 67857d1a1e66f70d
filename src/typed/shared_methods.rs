//! The methods that the two containers which grow behind a shared reference have in common: making, sizes, and turning
//! them into vectors. They add and read values in different ways, so these methods are in the containers' own files.
//!
//! The examples and a container's noun are arguments of the macro, so that each has pages of its own.

/// Those methods and traits for a container whose one field is `shared`, a
/// [`SharedBuffer`](super::shared_buffer::SharedBuffer). Takes its name, its noun in a sentence and in the
/// stats, and the documentation of the methods that have an example.
macro_rules! shared_methods {
    (
        $name:ident, $noun:literal, $title:literal;
        $(#[$with_reservation:meta])* with_reservation;
        $(#[$from_buffer:meta])* from_buffer;
        $(#[$index_of:meta])* index_of;
    ) => {
        #[cfg(all(feature = "os", any(unix, windows)))]
        impl<T> $name<T> {
            $crate::sync::const_fn! {
                #[doc = concat!("An empty ", $noun, " in mapped memory. Makes no system call and takes no memory.")]
                #[inline]
                pub const fn new() -> Self {
                    $name::new_in($crate::arena::Mapped::new())
                }
            }
        }

        #[cfg(all(feature = "os", any(unix, windows, target_family = "wasm")))]
        impl<T> $name<T> {
            $(#[$with_reservation])*
            #[track_caller]
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

        $crate::sync::one_thread::one_thread!([T, B: Backing] $name<T, B>);

        impl<'b, T> $name<T, $crate::arena::Buffer<'b>> {
            $(#[$from_buffer])*
            pub fn from_buffer(buffer: impl Into<$crate::arena::Buffer<'b>>) -> Self {
                $name::new_in(buffer.into())
            }
        }

        impl<T, B: Backing> $name<T, B> {
            $crate::sync::const_fn! {
                #[doc = concat!("An empty ", $noun, " over any backing.")]
                #[inline]
                pub const fn new_in(backing: B) -> Self {
                    $name { shared: SharedBuffer::new(RegionVec::new_in(backing)) }
                }
            }

            /// Reserves capacity for `more` values, so that adding them asks the system for nothing but their RAM.
            ///
            /// # Panics
            /// When that much cannot be had.
            #[track_caller]
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

            #[doc = concat!("Values in the ", $noun, ". Those of an iterator count once it has given the last.")]
            #[inline]
            pub fn len(&self) -> usize {
                self.shared.buffer().len()
            }

            /// Whether there are none.
            #[inline]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            #[doc = concat!("Values that the ", $noun, " has addresses for: 0 before the first, unless reserved.")]
            pub fn capacity(&self) -> usize {
                self.shared.buffer().capacity()
            }

            $(#[$index_of])*
            pub fn index_of(&self, value: &T) -> Option<usize> {
                self.shared.index_of(value)
            }

            /// All values, in the order in which they came, to be changed.
            #[inline]
            pub fn as_mut_slice(&mut self) -> &mut [T] {
                self.shared.vec_mut().as_mut_slice()
            }

            /// The values as a [`RegionVec`]. They stay where they are.
            pub fn into_vec(self) -> RegionVec<T, B> {
                self.shared.into_vec()
            }

            /// Drops all values, in order, and keeps the memory. Indices start over.
            pub fn clear(&mut self) {
                self.shared.vec_mut().clear();
            }

            /// Gives the RAM that no value uses back to the system. The addresses stay.
            pub fn shrink_to_fit(&mut self) {
                self.shared.vec_mut().shrink_to_fit();
            }

            #[doc = concat!("Where the memory of the ", $noun, " comes from.")]
            pub const fn backing(&self) -> &B {
                self.shared.buffer().backing()
            }

            /// Bytes of the values.
            pub fn used(&self) -> usize {
                self.shared.buffer().used()
            }

            /// Bytes that are usable without asking the system again, used or not. RAM is at most this.
            pub fn committed(&self) -> usize {
                self.shared.buffer().committed()
            }

            #[doc = concat!("Bytes of addresses that belong to the ", $noun, ".")]
            pub fn reserved(&self) -> usize {
                self.shared.buffer().reserved()
            }

            /// Bytes that are in RAM now, as the system says (`mincore(2)`).
            pub fn resident(&self) -> usize {
                self.shared.buffer().resident()
            }

            #[doc = concat!("All numbers of the ", $noun, ", as they are now. They print a line each.")]
            pub fn stats(&self) -> $crate::typed::BufferStats {
                self.shared.buffer().stats($title)
            }
        }

        #[cfg(all(feature = "os", any(unix, windows)))]
        impl<T> Default for $name<T> {
            fn default() -> Self {
                $name::new()
            }
        }

        #[doc = concat!("The [stats](", stringify!($name), "::stats), a line each.")]
        impl<T, B: Backing> core::fmt::Display for $name<T, B> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&self.stats(), f)
            }
        }

        impl<T, B: Backing> From<RegionVec<T, B>> for $name<T, B> {
            /// The vector's values come first. They stay where they are.
            fn from(values: RegionVec<T, B>) -> Self {
                $name { shared: SharedBuffer::new(values) }
            }
        }

        impl<T, B: Backing> Extend<T> for $name<T, B> {
            #[track_caller]
            fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
                let _: core::ptr::NonNull<[T]> = Panic::unwrap(self.shared.extend::<Panic>(values));
            }
        }

        #[cfg(all(feature = "os", any(unix, windows)))]
        impl<T> FromIterator<T> for $name<T> {
            #[track_caller]
            fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
                RegionVec::from_iter(values).into()
            }
        }

        impl<T, B: Backing> IntoIterator for $name<T, B> {
            type Item = T;
            type IntoIter = $crate::typed::IntoIter<T, RegionVec<T, B>>;

            fn into_iter(self) -> Self::IntoIter {
                self.into_vec().into_iter()
            }
        }
    };
}

pub(super) use shared_methods;
