//! The fingerprint of a type: what it is made of, and of all types that its links lead to, as a number.
//!
//! Types describe themselves to [`Types`] ([`Savable`](super::Savable)): name, size, alignment, and the parts at their
//! offsets. A type that was described before is only named again by its place in the order, so types that lead to each other
//! in cycles come to an end. The number guards against mistakes: a type that changed, another program. It is no proof, and
//! nothing that is checked relies on it.

use crate::error::AllocError;
use crate::typed::RegionVec;
use core::any::TypeId;

/// Two factors with bits all over, of splitmix64.
const FACTORS: [u64; 2] = [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb];

/// Mixes a word into a hash.
pub(super) const fn mixed(hash: u64, word: u64, factor: u64) -> u64 {
    let mixed = (hash.rotate_left(23) ^ word).wrapping_mul(factor);
    mixed ^ mixed >> 29
}

/// A type's description, on the way to its fingerprint.
#[doc(hidden)]
pub struct Types {
    /// Those that were entered, in order.
    seen: RegionVec<TypeId>,
    lanes: [u64; 2],
    refused: Option<AllocError>,
}

impl Types {
    pub(super) fn new() -> Self {
        Types { seen: RegionVec::new(), lanes: FACTORS, refused: None }
    }

    fn word(&mut self, word: u64) {
        for (lane, factor) in self.lanes.iter_mut().zip(FACTORS) {
            *lane = mixed(*lane, word, factor);
        }
    }

    fn name(&mut self, name: &str) {
        self.word(name.len() as u64);
        for bytes in name.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            self.word(u64::from_le_bytes(word));
        }
    }

    /// Begins the description of the type `T`, which is also called `N`. False if it was described before, or is being
    /// described now: then no parts follow, and no [`leave`](Self::leave).
    pub fn enter<T, N: 'static>(&mut self, name: &str) -> bool {
        let id = TypeId::of::<N>();
        if let Some(at) = self.seen.iter().position(|seen| *seen == id) {
            self.word(1);
            self.word(at as u64);
            return false;
        }
        self.word(2);
        self.name(name);
        self.word(size_of::<T>() as u64);
        self.word(align_of::<T>() as u64);
        // What cannot be noted is not entered, so that there is an end.
        self.seen.try_push(id).map_err(|refused| self.refused = Some(refused)).is_ok()
    }

    /// The name of what follows: a variant or a field.
    pub fn part(&mut self, name: &str) {
        self.word(3);
        self.name(name);
    }

    /// Where the part lies whose description follows; or a number that belongs to the type.
    pub fn at(&mut self, offset: usize) {
        self.word(4);
        self.word(offset as u64);
    }

    /// Ends the description that the last `enter` began.
    pub fn leave(&mut self) {
        self.word(5);
    }

    pub(super) fn fingerprint(self) -> Result<[u64; 2], AllocError> {
        match self.refused {
            Some(refused) => Err(refused),
            None => Ok(self.lanes),
        }
    }
}
