//! The shards of a heap, and which one a thread takes.
//!
//! ```text
//!   root │ addresses │ groups: ──┐│ 16 shards │
//!                                └──▶ 16 shards, 32, 64, …, each made when all before are held
//! ```
//!
//! A thread takes the shard of its number ([`thread_hint`]), or if another thread holds that, the next one that it can
//! claim. When all are held it adds shards. So nobody waits, and a shard whose holder sleeps, or did not come along into
//! a forked child, is left out.

use super::shard::{Held, Shard};
use crate::arena::Backing;
use crate::error::AllocReason;
use crate::heap::addresses::Addresses;
use crate::heap::error::{Taken, refused};
use crate::sync::{AtomicPtr, Ordering, is_alone, thread_hint};
use core::alloc::Layout;
use core::ptr::{NonNull, null_mut};

/// Shards of the root and of the first group; each further group has twice as many as the one before.
const FIRST: usize = 16;
const GROUPS: usize = 20;

/// Zeroes are one with shards that were never used.
#[repr(C)]
pub(super) struct Root {
    pub addresses: Addresses,
    groups: [AtomicPtr<Shard>; GROUPS],
    shards: [Shard; FIRST],
}

impl Root {
    pub(super) fn make(backing: &impl Backing) -> Taken<NonNull<Root>> {
        // Who makes the heap has the first number mostly, and so the shard that it had alone, also when there are others.
        thread_hint();
        Ok(Addresses::make(Layout::new::<Root>(), backing)?.cast())
    }

    /// Publishes a root of this heap, unless another thread has: the heap's root.
    pub(super) fn publish<'r>(root: NonNull<Root>, word: &'r AtomicPtr<Root>, backing: &impl Backing) -> &'r Root {
        // SAFETY: the root was just made, and stays when it is published: it is the first record that is kept.
        unsafe {
            root.as_ref().addresses.keep(root.cast(), Layout::new::<Root>());
            // Release: who finds the root sees it whole. Acquire: so does this thread, if it is another's.
            match word.compare_exchange(null_mut(), root.as_ptr(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => &*root.as_ptr(),
                Err(theirs) => {
                    Addresses::unmake(root.cast(), Layout::new::<Root>(), backing);
                    &*theirs
                }
            }
        }
    }

    /// The shard of a number, if it was made.
    #[inline(always)]
    fn shard(&self, number: usize) -> Option<&Shard> {
        if number < FIRST {
            return Some(&self.shards[number]);
        }
        let group = (number / FIRST).ilog2() as usize;
        let shards = self.groups.get(group)?.load(Ordering::Acquire);
        // SAFETY: a group that was published has its shards, which stay until the heap's end.
        NonNull::new(shards).map(|shards| unsafe { &*shards.add(number - (FIRST << group)).as_ptr() })
    }

    /// The shard of the calling thread's number. A thread that is `alone` has the first one.
    #[inline(always)]
    pub(super) fn own(&self, alone: bool) -> Option<&Shard> {
        if alone { Some(&self.shards[0]) } else { self.shard(thread_hint()) }
    }

    /// The same, claimed.
    #[inline(always)]
    pub(super) fn claim_own(&self) -> Option<Held<'_>> {
        // The exchange is half of what an operation takes.
        if is_alone() { self.shards[0].claim_alone() } else { self.shard(thread_hint())?.claim() }
    }

    /// All shards.
    pub(super) fn shards(&self) -> impl Iterator<Item = &Shard> {
        (0..).map_while(|number| self.shard(number))
    }

    /// All shards that have been used, each claimed, but for those that other threads hold.
    pub(super) fn begun(&self) -> impl Iterator<Item = Held<'_>> {
        let mut number = 0;
        core::iter::from_fn(move || self.claim_begun(&mut number))
    }

    /// Claims the first shard that has been used, from this number on: the one before `next` then.
    #[inline(never)]
    fn claim_begun(&self, next: &mut usize) -> Option<Held<'_>> {
        loop {
            let shard = self.shard(*next)?;
            *next += 1;
            if let Some(held) = shard.claim_begun() {
                return Some(held);
            }
        }
    }

    /// Claims a shard that no thread holds: the calling thread's, the next one, or a new one.
    #[inline(never)]
    pub(super) fn claim(&self, backing: &impl Backing) -> Taken<Held<'_>> {
        let own = if is_alone() { 0 } else { thread_hint() };
        // The thread's own shard is made first. Where that is refused there are others.
        if self.shard(own).is_none() {
            let _ = self.add(backing);
        }
        for _ in 0..GROUPS {
            let made = self.groups.iter().take_while(|group| !group.load(Ordering::Acquire).is_null()).count();
            let count = FIRST << made;
            for number in own..own + count {
                if let Some(held) = self.shard(number % count).and_then(Shard::claim) {
                    return Ok(held);
                }
            }
            self.add(backing)?;
        }
        Err(refused(AllocReason::TooLarge))
    }

    /// Makes the next group, unless another thread has just made it.
    #[cold]
    fn add(&self, backing: &impl Backing) -> Taken<()> {
        let next = |(_, group): &(usize, &AtomicPtr<Shard>)| group.load(Ordering::Acquire).is_null();
        let Some((at, word)) = self.groups.iter().enumerate().find(next) else {
            return Err(refused(AllocReason::TooLarge));
        };
        let layout = Layout::array::<Shard>(FIRST << at).map_err(|_| refused(AllocReason::TooLarge))?;
        let group = Addresses::make(layout, backing)?;
        let made = group.cast::<Shard>().as_ptr();
        match word.compare_exchange(null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: the group was made with this layout, and is kept here alone.
            Ok(_) => unsafe { self.addresses.keep(group, layout) },
            // SAFETY: the group was made with this layout and backing, and no other thread has seen it.
            Err(_) => unsafe { Addresses::unmake(group, layout, backing) },
        }
        Ok(())
    }
}
