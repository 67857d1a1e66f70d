//! Vectors that have their length and capacity in themselves, beside a word that says where their block is.
//!
//! Their other methods are in `methods`, how much memory they ask for is in `growing`.

/// Such a vector's memory, for a type with fields `len` and `capacity`, both `u32`, and three private items: `ALIGN`, the
/// alignment of its blocks; `start()`, where the block is, or an address that is not touched; `moved(to)`, which notes
/// where it is from then on. Takes a parameter of the type beside `'a` and `T`, if it has one, and the bound of the arenas
/// that it grows in.
///
/// The type's invariants:
/// - Memory for `capacity` values from `start()` on, aligned to `ALIGN`, is a block that `grow_foreign` of some such arena
///   made, which is borrowed for `'a`. It is this vector's alone.
/// - Values without bytes have a capacity of `LONGEST` and no block; others have no block while the capacity is 0.
macro_rules! counted_vector {
    ($vector:ident $([$parameter:ident: $bound:path])?, $arena:path) => {
        // SAFETY: the positions are those of a block that the vector alone has. It changes, and moves with its content,
        // only when it grows or shrinks. The vector drops nothing.
        unsafe impl<T$(, $parameter: $bound)?> $crate::vector::Vector<T> for $vector<'_, T$(, $parameter)?> {
            #[inline(always)]
            fn len(&self) -> usize {
                self.len as usize
            }

            #[inline(always)]
            unsafe fn set_len(&mut self, len: usize) {
                // At most the capacity, which is a `u32`.
                self.len = len as u32;
            }

            #[inline(always)]
            fn capacity(&self) -> usize {
                self.capacity as usize
            }

            #[inline(always)]
            fn pointer_to(&self, at: usize) -> NonNull<T> {
                // SAFETY: `at` is at most the positions of the block; those of values without bytes are all the same.
                unsafe { self.start().add(at) }
            }
        }

        // SAFETY: the block grows, with what it holds, and the capacity with it; a refusal changes nothing.
        unsafe impl<'a, T$(, $parameter: $bound)?, A: $arena> $crate::collections::unmanaged::growing::Unmanaged<'a, T, A>
            for $vector<'a, T$(, $parameter)?>
        {
            fn grow_in(&mut self, capacity: usize, arena: &'a A) -> Result<(), AllocError> {
                let too_large = || AllocError::new(capacity.saturating_mul(size_of::<T>()), AllocReason::TooLarge);
                let new = Layout::array::<T>(capacity).and_then(|new| new.align_to(Self::ALIGN)).map_err(|_| too_large())?;
                // SAFETY: the block is an arena's for the layout that it holds (the invariants), and `new` is longer. The
                // vector has the arenas borrowed, the old one and this, so neither was reset.
                let grown = unsafe { arena.grow_foreign(self.start().cast(), self.held(), new)? };
                self.moved(grown);
                self.capacity = capacity as u32;
                Ok(())
            }

            fn shrink_in(&mut self, arena: &'a A) {
                if size_of::<T>() == 0 || self.capacity == 0 {
                    return;
                }
                // A part of a layout is one.
                let new = Layout::array::<T>(self.len as usize).and_then(|new| new.align_to(Self::ALIGN));
                let Ok(new) = new else { return };
                // SAFETY: the block is an arena's for the layout that it holds (the invariants), and `new` is no longer.
                if unsafe { arena.shrink_foreign(self.start().cast(), self.held(), new) } {
                    self.capacity = self.len;
                }
            }
        }

        impl<'a, T$(, $parameter: $bound)?> $vector<'a, T$(, $parameter)?> {
            /// What the block was taken for.
            fn held(&self) -> Layout {
                // Without bytes there is no block; with bytes the product is a length that a layout was made of before.
                // SAFETY: an alignment is a power of two, and a block of this size was had with it.
                unsafe { Layout::from_size_align_unchecked(self.capacity as usize * size_of::<T>(), Self::ALIGN) }
            }

            /// Gives unused memory back, if this is the last allocation of `arena`. Otherwise nothing changes.
            pub fn shrink_to_fit<A: $arena>(&mut self, arena: &'a A) {
                $crate::collections::unmanaged::growing::Unmanaged::shrink_in(self, arena);
            }
        }
    };
}

pub(crate) use counted_vector;
