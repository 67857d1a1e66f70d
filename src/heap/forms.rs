//! The ways to take a block, which heaps of one thread and of many have in common: panicking and `try_`, with zeroes.
//!
//! Where the block comes from is the heap's: `take_quickly`, `take_slowly`, `take_or_grow`.

/// The methods, for a type that has those three, in a file that imports what they name.
macro_rules! taking_methods {
    ([$($head:tt)*]) => { $($head)* {
        #[inline(always)]
        #[track_caller]
        fn take<F: Failure>(&self, layout: Layout) -> Result<NonNull<u8>, F::Error> {
            match self.take_quickly(layout) {
                Some(block) => Ok(block),
                None => F::check(self.take_slowly(layout)),
            }
        }

        /// Takes a block for a layout: `layout.size()` bytes at least, which may hold anything.
        ///
        /// # Panics
        /// When memory cannot be had.
        #[inline]
        #[track_caller]
        pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
            Panic::unwrap(self.take::<Panic>(layout))
        }

        /// As [`alloc_layout`](Self::alloc_layout).
        ///
        /// # Errors
        /// When memory cannot be had.
        #[inline]
        pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
            self.take::<Report>(layout)
        }

        /// Takes a block of zeroes. Large blocks in memory that was never used are not cleared: they are zero.
        ///
        /// # Panics
        /// When memory cannot be had.
        #[track_caller]
        pub fn alloc_layout_zeroed(&self, layout: Layout) -> NonNull<u8> {
            match self.try_alloc_layout_zeroed(layout) {
                Ok(block) => block,
                Err(error) => panic!("{error}"),
            }
        }

        /// As [`alloc_layout_zeroed`](Self::alloc_layout_zeroed).
        ///
        /// # Errors
        /// When memory cannot be had.
        pub fn try_alloc_layout_zeroed(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
            let (block, dirty) = match self.take_quickly(layout) {
                Some(block) => (block, usize::MAX),
                None => self.take_or_grow(layout).map_err(|error| error.of(layout.size()))?,
            };
            State::unpoison(block, layout.size());
            // SAFETY: the block has as many bytes as the layout.
            unsafe { block.write_bytes(0, layout.size().min(dirty)) };
            $crate::checkers::unpoison(block, layout.size(), $crate::checkers::Contents::Initialized);
            Ok(block)
        }
    } };
}

pub(crate) use taking_methods;
