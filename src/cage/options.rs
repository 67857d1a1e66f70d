//! How long a cage may be, in what units its links count, and where it lies.

use crate::policy::{CAGE_LEAST, CAGE_UNIT, LARGEST_PAGE};

/// What [`cage!`](crate::cage!) was given after a cage's name: each method is an option there.
///
/// ```
/// use region::cage::{Cage, Options};
/// region::cage! { struct Wide; shift = 4; size = 1 << 26; }
/// assert_eq!((Wide::OPTIONS, Wide::OPTIONS.unit()), (Options::new().shift(4).size(1 << 26), 16));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    shift: u32,
    size: u64,
    at: Option<usize>,
}

impl Options {
    /// Links count units of 8 bytes; 32 GiB of addresses, where the system puts them.
    #[must_use]
    pub const fn new() -> Self {
        Options { shift: 3, size: u64::MAX, at: None }
    }

    /// Links count units of 2 to the power of `shift` bytes, so a cage has at most `1 << (32 + shift)` bytes: 32 GiB with
    /// 3, 64 GiB with 4. Values are aligned to a unit at least. x86-64 scales by 8 for nothing, and by more with one
    /// instruction.
    ///
    /// # Panics
    /// When it is above 12, a page; at compile time, in [`cage!`](crate::cage!).
    #[must_use]
    pub const fn shift(self, shift: u32) -> Self {
        assert!(shift <= 12, "a cage's unit is at most 4096 bytes: `shift` is at most 12");
        Options { shift, ..self }
    }

    /// At most so many bytes of addresses, rounded up to 64 KiB. A cage is never longer than its links reach, nor than a
    /// quarter of the process's addresses, and shorter where a limit refuses.
    ///
    /// # Panics
    /// When it is below 4 MiB; at compile time, in [`cage!`](crate::cage!).
    #[must_use]
    pub const fn size(self, bytes: u64) -> Self {
        assert!(bytes >= CAGE_LEAST as u64, "a cage has 4 MiB at least");
        Options { size: bytes, ..self }
    }

    /// A constant base address, a multiple of 64 KiB. Links then need no load of the base, and the reservation is refused
    /// if something else is there.
    ///
    /// *Security*: whoever can write out of bounds knows where all values are. This gives up the randomization of
    /// addresses (ASLR) for what is in the cage. *Choice*: on x86-64 what lies from `0x1100_0000_0000` to
    /// `0x5000_0000_0000` is mostly free; AddressSanitizer has its own memory below.
    ///
    /// # Panics
    /// When it is no such multiple, or 0; at compile time, in [`cage!`](crate::cage!).
    #[must_use]
    pub const fn at(self, address: usize) -> Self {
        assert!(address != 0 && address % CAGE_UNIT == 0, "a cage begins at a multiple of 64 KiB");
        Options { at: Some(address), ..self }
    }

    /// Bytes that a link's number counts, and to which values are aligned.
    #[must_use]
    pub const fn unit(&self) -> usize {
        1 << self.shift
    }

    pub(super) const fn scale(&self) -> u32 {
        self.shift
    }

    /// The constant base address, if there is one.
    #[must_use]
    pub const fn constant(&self) -> Option<usize> {
        self.at
    }

    /// Most bytes of such a cage, in whole units of blocks.
    pub(super) const fn most(&self) -> usize {
        if cfg!(miri) {
            // Its memory is real at once.
            return CAGE_LEAST;
        }
        let links = 1u64 << (u32::BITS + self.shift);
        let asked = if self.size < links { self.size } else { links };
        let addresses = (isize::MAX as u64) & !(CAGE_UNIT as u64 - 1);
        let most = if asked < addresses { asked } else { addresses };
        (most as usize).next_multiple_of(CAGE_UNIT)
    }
}

impl Default for Options {
    fn default() -> Self {
        Options::new()
    }
}

const _: () = assert!(CAGE_UNIT % LARGEST_PAGE == 0 && CAGE_LEAST % CAGE_UNIT == 0);
