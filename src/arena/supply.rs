//! Which backing an arena uses, and whether the arena is claimed.
//!
//! The scratch arena of a claim uses the backing of the arena that was claimed. Each arena has a word for that beside
//! its backing. The C archive has no claims, and no such word.

#[cfg(not(region_staticlib))]
use core::cell::Cell;
#[cfg(not(region_staticlib))]
use core::mem::MaybeUninit;

/// A backing, or a pointer to another supply; and whether the arena is claimed.
///
/// In memory of zeroes this is a backing of zeroes, not claimed.
///
/// # Invariants
/// - `own` holds a backing if `other` is null, not counting its two lowest bits, and is not touched otherwise.
/// - Else `other` leads to a supply with a backing of its own, which stays where it is, shared, while this is used.
#[cfg(not(region_staticlib))]
#[repr(C)]
pub(super) struct Supply<B> {
    own: MaybeUninit<B>,
    /// A pointer to a `Supply<B>`, [`CLAIMED`](Self::CLAIMED) and [`ADOPTED`](Self::ADOPTED). Untyped, so that an arena
    /// is covariant if its backing is.
    other: Cell<*const ()>,
}

#[cfg(not(region_staticlib))]
impl<B> Supply<B> {
    /// Set in `other` while the arena is claimed. No supply is at such an address.
    const CLAIMED: usize = 1;
    /// Set as well in an arena that another one adopted, for ever.
    const ADOPTED: usize = 2;
    const FLAGS: usize = Self::CLAIMED | Self::ADOPTED;
    const CHECK: () = assert!(align_of::<Self>() > Self::FLAGS);

    #[inline(always)]
    pub(super) const fn own(backing: B) -> Self {
        const { Self::CHECK };
        Supply { own: MaybeUninit::new(backing), other: Cell::new(core::ptr::null()) }
    }

    /// A supply that uses this one's backing.
    ///
    /// # Safety
    /// This supply, and one that it borrows from, does not move and is not borrowed mutably as long as the
    /// new one is used.
    #[inline(always)]
    pub(super) unsafe fn borrow(&self) -> Self {
        let from = self.other().map_or(&raw const *self, |other| &raw const *other);
        Supply { own: MaybeUninit::uninit(), other: Cell::new(from.cast()) }
    }

    /// The supply whose backing this is; none if it is this one's own.
    #[inline(always)]
    fn other(&self) -> Option<&Self> {
        let other = self.other.get().map_addr(|address| address & !Self::FLAGS);
        // SAFETY: the pointer is null, or the caller of `borrow` promised that the supply stays there and shared as
        // long as this value is used.
        unsafe { other.cast::<Self>().as_ref() }
    }

    #[inline(always)]
    pub(super) fn get(&self) -> &B {
        // SAFETY: this supply has a backing of its own if it borrows none, and one that it borrows from has (the
        // invariants).
        unsafe { self.other().unwrap_or(self).own.assume_init_ref() }
    }

    /// Whether the backing is another supply's: that of a claimed arena.
    #[inline(always)]
    pub(super) fn is_borrowed(&self) -> bool {
        self.other().is_some()
    }

    #[inline(always)]
    pub(super) fn is_claimed(&self) -> bool {
        self.other.get().addr() & Self::CLAIMED != 0
    }

    /// Marks the arena as adopted by another one, which has its blocks: it refuses as one whose claim was leaked.
    pub(super) fn set_adopted(&self) {
        self.other.set(self.other.get().map_addr(|address| address | Self::FLAGS));
    }

    pub(super) fn is_adopted(&self) -> bool {
        self.other.get().addr() & Self::ADOPTED != 0
    }

    #[inline(always)]
    pub(super) fn set_claimed(&self, claimed: bool) {
        let other = self.other.get().map_addr(|address| address & !Self::CLAIMED | usize::from(claimed));
        // Volatile, so that the whole word is stored: the next claim would wait after a store of only the lowest byte.
        // SAFETY: the cell is this supply's.
        unsafe { self.other.as_ptr().write_volatile(other) };
    }
}

#[cfg(not(region_staticlib))]
impl<B> Drop for Supply<B> {
    #[inline]
    fn drop(&mut self) {
        if self.other().is_none() {
            // SAFETY: it borrows nothing, so it has a backing of its own, which is dropped with it.
            unsafe { self.own.assume_init_drop() };
        }
    }
}

/// A backing.
#[cfg(region_staticlib)]
pub(super) struct Supply<B>(B);

#[cfg(region_staticlib)]
impl<B> Supply<B> {
    #[inline(always)]
    pub(super) const fn own(backing: B) -> Self {
        Supply(backing)
    }

    #[inline(always)]
    pub(super) const fn get(&self) -> &B {
        &self.0
    }

    #[inline(always)]
    pub(super) const fn is_claimed(&self) -> bool {
        false
    }

    pub(super) const fn is_adopted(&self) -> bool {
        false
    }

    #[inline(always)]
    pub(super) const fn set_claimed(&self, _claimed: bool) {}
}
