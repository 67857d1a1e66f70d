//! What is at an address: a table that any thread reads and extends without a lock, and from which nothing goes.
//!
//! Addresses are distinguished by granules, each of which belongs to one thing. Three levels: the table's own words, and
//! two of nodes that are made when they are first needed:
//!
//! ```text
//!   address:  │ top │ middle │ leaf │ within the granule │
//!   table[top] ──▶ node[middle] ──▶ node[leaf] ──▶ thing
//! ```
//!
//! A node is published by an exchange of a null pointer for its address, and a thing by a store: nobody else enters
//! the same granule. Who finds either sees what was written into it. Bits of an address above those of the table are not
//! looked at, so what is found must be asked whether it has the address.
//!
//! The table does not own the memory of nodes and things.

use crate::seeded::{Bug, seeded};
use crate::sync::{AtomicPtr, Ordering};
use core::marker::PhantomData;
use core::ptr::{NonNull, null_mut};

/// Words of a middle node or a leaf. Zeroes are an empty one.
#[repr(transparent)]
#[derive(Debug)]
pub(crate) struct Node<const N: usize>([AtomicPtr<()>; N]);

/// A table of things, by granules of `1 << SHIFT` bytes. Zeroes are an empty one.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Table<T, const SHIFT: u32, const TOP: usize, const N: usize> {
    top: [AtomicPtr<()>; TOP],
    things: PhantomData<*const T>,
}

/// Why a thing was not entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused<E> {
    /// A node could not be made.
    Node(E),
    /// Another thing is there, whose address differs in bits that the table does not look at.
    Taken,
}

/// Who makes nodes.
pub(crate) trait Nodes<const N: usize> {
    type Error;

    /// A node of zeroes, which stays as long as the table is used.
    fn make(&mut self) -> Result<NonNull<Node<N>>, Self::Error>;

    /// Called with a node that was published.
    fn keep(&mut self, node: NonNull<Node<N>>);

    /// Takes a node back that no other thread has seen.
    fn unmake(&mut self, node: NonNull<Node<N>>);
}

#[cfg(test)]
impl<const N: usize> Node<N> {
    pub(crate) fn new() -> Self {
        Node(core::array::from_fn(|_| AtomicPtr::new(null_mut())))
    }
}

#[cfg(test)]
impl<T, const SHIFT: u32, const TOP: usize, const N: usize> Table<T, SHIFT, TOP, N> {
    pub(crate) fn new() -> Self {
        Table { top: core::array::from_fn(|_| AtomicPtr::new(null_mut())), things: PhantomData }
    }
}

impl<T, const SHIFT: u32, const TOP: usize, const N: usize> Table<T, SHIFT, TOP, N> {
    /// The words on the way to an address's thing: at the top, in the middle node, in the leaf.
    #[inline(always)]
    fn path(address: usize) -> (usize, usize, usize) {
        let granule = address >> SHIFT;
        (granule / (N * N) % TOP, granule / N % N, granule % N)
    }

    /// The thing that was entered for this address, or for one that differs in bits above the table's.
    #[inline(always)]
    pub(crate) fn find(&self, address: usize) -> Option<NonNull<T>> {
        let (top, middle, leaf) = Self::path(address);
        let acquire = if seeded(Bug::TableFindRelaxed) { Ordering::Relaxed } else { Ordering::Acquire };
        let node = NonNull::new(self.top[top].load(acquire).cast::<Node<N>>())?;
        // SAFETY: a node that was published stays, as its maker promised.
        let node = NonNull::new(unsafe { node.as_ref() }.0[middle].load(acquire).cast::<Node<N>>())?;
        // SAFETY: a leaf that was published stays, as its maker promised.
        NonNull::new(unsafe { node.as_ref() }.0[leaf].load(acquire).cast())
    }

    /// Enters a thing for all granules from `from` on, before `to`.
    ///
    /// # Errors
    /// When a node cannot be made, or a granule has another thing. No thread has found the thing then.
    pub(crate) fn enter<M: Nodes<N>>(
        &self,
        from: usize,
        to: usize,
        thing: NonNull<T>,
        nodes: &mut M,
    ) -> Result<(), Refused<M::Error>> {
        debug_assert!(from % (1 << SHIFT) == 0 && to % (1 << SHIFT) == 0);
        let release = if seeded(Bug::TableEnterRelaxed) { Ordering::Relaxed } else { Ordering::Release };
        // Nothing is stored before it is certain that all can be: who looked up an address meanwhile would still have what
        // is taken back. The granules are their owner's, so no other thread writes there.
        for address in (from..to).step_by(1 << SHIFT) {
            let word = self.word(address, nodes)?;
            if !word.load(Ordering::Relaxed).is_null() {
                return Err(Refused::Taken);
            }
            if seeded(Bug::TableEntersEarly) {
                word.store(thing.as_ptr().cast(), release);
            }
        }
        for address in (from..to).step_by(1 << SHIFT) {
            // The word is there by now, and is not made.
            self.word(address, nodes)?.store(thing.as_ptr().cast(), release);
        }
        Ok(())
    }

    /// The word of an address, in nodes that are made if they are not there.
    fn word<M: Nodes<N>>(&self, address: usize, nodes: &mut M) -> Result<&AtomicPtr<()>, Refused<M::Error>> {
        let (top, middle, leaf) = Self::path(address);
        let node = get_or_make(&self.top[top], nodes)?;
        Ok(&get_or_make(&node.0[middle], nodes)?.0[leaf])
    }
}

/// The node that a word leads to, made if there is none.
fn get_or_make<'a, const N: usize, M: Nodes<N>>(
    word: &'a AtomicPtr<()>,
    nodes: &mut M,
) -> Result<&'a Node<N>, Refused<M::Error>> {
    let there = word.load(Ordering::Acquire);
    let node = match NonNull::new(there) {
        Some(node) => node.cast::<Node<N>>(),
        None => {
            let made = nodes.make().map_err(Refused::Node)?;
            // Release: who finds the node sees it empty. Acquire: so does this thread, if the node is another's.
            let release = if seeded(Bug::TableNodeRelaxed) { Ordering::Relaxed } else { Ordering::AcqRel };
            let published = match seeded(Bug::TableNodeTorn) {
                true => {
                    word.store(made.as_ptr().cast(), Ordering::Release);
                    Ok(there)
                }
                false => word.compare_exchange(null_mut(), made.as_ptr().cast(), release, Ordering::Acquire),
            };
            match published {
                Ok(_) => {
                    nodes.keep(made);
                    made
                }
                Err(theirs) => {
                    nodes.unmake(made);
                    // SAFETY: the exchange fails where the word is not null alone.
                    unsafe { NonNull::new_unchecked(theirs) }.cast()
                }
            }
        }
    };
    // SAFETY: a node that was published stays, as its maker promised.
    Ok(unsafe { &*node.as_ptr() })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::boxed::Box;

    type Small = Table<u32, 0, 1, 2>;

    /// Makes so many nodes more, and looks each time whether a thing is found that is not entered yet.
    struct Few<'a> {
        left: usize,
        table: &'a Small,
        unseen: core::ops::Range<usize>,
    }

    impl Nodes<2> for Few<'_> {
        type Error = ();

        fn make(&mut self) -> Result<NonNull<Node<2>>, ()> {
            assert!(self.unseen.clone().all(|address| self.table.find(address).is_none()), "found too early");
            self.left = self.left.checked_sub(1).ok_or(())?;
            // As long as the test.
            Ok(NonNull::from(Box::leak(Box::new(Node::new()))))
        }

        fn keep(&mut self, _: NonNull<Node<2>>) {}

        fn unmake(&mut self, _: NonNull<Node<2>>) {
            unreachable!("no other thread makes nodes");
        }
    }

    #[test]
    fn a_thing_whose_entry_is_refused_was_never_found() {
        let table = Small::new();
        let things = [1, 2];
        let [one, two] = [&things[0], &things[1]].map(NonNull::from);
        // Of two leaves the second cannot be made.
        let mut nodes = Few { left: 2, table: &table, unseen: 0..4 };
        assert_eq!(table.enter(1, 3, one, &mut nodes), Err(Refused::Node(())));
        nodes.left = 1;
        table.enter(3, 4, two, &mut nodes).unwrap();
        // Of three granules the last has another thing.
        assert_eq!(table.enter(1, 4, one, &mut nodes), Err(Refused::Taken));
        assert_eq!([0, 1, 2, 3].map(|address| table.find(address)), [None, None, None, Some(two)]);
        table.enter(1, 3, one, &mut nodes).unwrap();
        assert_eq!([0, 1, 2, 3].map(|address| table.find(address)), [None, Some(one), Some(one), Some(two)]);
    }
}
