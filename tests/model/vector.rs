//! Any row of operations on a vector of ours against std's vector.
//!
//! Does not choose the operations: property tests and fuzzers do.

use region::RegionVec;
use region::backing::Backing;

/// What can be done to a vector.
#[derive(Clone, Debug)]
pub enum Op {
    Push,
    Pop,
    Insert(usize),
    Remove(usize),
    SwapRemove(usize),
    Truncate(usize),
    Clear,
    Extend(usize),
    ExtendFromSlice(usize),
    Append(usize),
    Retain(usize),
    Dedup(usize),
    Drain(usize, usize, usize),
    ExtractIf(usize, usize, usize, usize),
    Splice(usize, usize, usize, bool),
    ExtendFromWithin(usize, usize),
    Resize(usize),
    Reserve(usize),
    Shrink,
    Sort,
}

/// Does the same to a vector of ours and to std's, with values that each make their own way to the heap. Does
/// `$between(op)` before each; `$collect` makes another vector. Gives both vectors as they are then.
macro_rules! check {
    ($ours:expr, $ops:expr, $collect:expr, $between:expr) => {{
        let mut ours = $ours;
        let mut model: std::vec::Vec<Box<usize>> = std::vec::Vec::new();
        let mut next = 0;
        let mut fresh = || {
            next += 1;
            next
        };
        for op in $ops {
            let len = model.len();
            $between(op);
            match *op {
                Op::Push => {
                    let value = fresh();
                    ours.push(Box::new(value));
                    model.push(Box::new(value));
                }
                Op::Pop => assert_eq!(ours.pop(), model.pop()),
                Op::Insert(at) => {
                    let value = fresh();
                    ours.insert(at % (len + 1), Box::new(value));
                    model.insert(at % (len + 1), Box::new(value));
                }
                Op::Remove(at) if len > 0 => assert_eq!(ours.remove(at % len), model.remove(at % len)),
                Op::SwapRemove(at) if len > 0 => assert_eq!(ours.swap_remove(at % len), model.swap_remove(at % len)),
                Op::Truncate(at) => {
                    ours.truncate(at);
                    model.truncate(at);
                }
                Op::Clear => {
                    ours.clear();
                    model.clear();
                }
                Op::Extend(count) => {
                    let from = fresh();
                    ours.extend((0..count).map(|i| Box::new(from + i)));
                    model.extend((0..count).map(|i| Box::new(from + i)));
                }
                Op::ExtendFromSlice(count) => {
                    let values: std::vec::Vec<_> = (0..count).map(Box::new).collect();
                    ours.extend_from_slice(&values);
                    model.extend_from_slice(&values);
                }
                Op::Append(count) => {
                    let mut more = $collect((0..count).map(Box::new));
                    ours.append(&mut more);
                    assert!(more.is_empty());
                    model.extend((0..count).map(Box::new));
                }
                Op::Retain(of) => {
                    ours.retain(|value| **value % of != 0);
                    model.retain(|value| **value % of != 0);
                }
                Op::Dedup(by) => {
                    ours.dedup_by_key(|value| **value / by);
                    model.dedup_by_key(|value| **value / by);
                }
                Op::Drain(a, b, taken) => {
                    let (a, b) = (a % (len + 1), b % (len + 1));
                    let range = a.min(b)..a.max(b);
                    let (mut left, mut right) = (ours.drain(range.clone()), model.drain(range));
                    for i in 0..taken {
                        match i % 2 {
                            0 => assert_eq!(left.next(), right.next()),
                            _ => assert_eq!(left.next_back(), right.next_back()),
                        }
                        assert_eq!((left.len(), left.as_slice()), (right.len(), right.as_slice()));
                    }
                }
                Op::ExtractIf(a, b, of, taken) => {
                    let (a, b) = (a % (len + 1), b % (len + 1));
                    let range = a.min(b)..a.max(b);
                    let left: std::vec::Vec<_> =
                        ours.extract_if(range.clone(), |value| **value % of == 0).take(taken).collect();
                    let wanted = range.filter(|&at| *model[at] % of == 0).take(taken);
                    let right: std::vec::Vec<_> = wanted.collect::<std::vec::Vec<_>>().into_iter().rev().collect();
                    let right: std::vec::Vec<_> = right.into_iter().map(|at| model.remove(at)).collect();
                    assert!(left.iter().eq(right.iter().rev()));
                }
                Op::Splice(a, b, given, told) => {
                    let (a, b) = (a % (len + 1), b % (len + 1));
                    let range = a.min(b)..a.max(b);
                    // An iterator that says how much it will give, or one that says nothing.
                    let mut values = (0..given).map(Box::new);
                    let mut left = match told {
                        true => std::vec::Vec::from_iter(ours.splice(range.clone(), values)).into_iter(),
                        false => {
                            std::vec::Vec::from_iter(ours.splice(range.clone(), std::iter::from_fn(|| values.next())))
                                .into_iter()
                        }
                    };
                    assert!(left.by_ref().eq(model.splice(range, (0..given).map(Box::new))));
                }
                Op::ExtendFromWithin(a, b) => {
                    let (a, b) = (a % (len + 1), b % (len + 1));
                    let range = a.min(b)..a.max(b).min(a.min(b) + 20);
                    ours.extend_from_within(range.clone());
                    model.extend_from_within(range);
                }
                Op::Resize(len) => {
                    ours.resize(len, Box::new(7));
                    model.resize(len, Box::new(7));
                }
                Op::Reserve(more) => {
                    ours.reserve(more);
                    assert!(ours.spare_capacity_mut().len() >= more);
                }
                Op::Shrink => ours.shrink_to_fit(),
                Op::Sort => {
                    ours.sort();
                    model.sort();
                }
                Op::Remove(_) | Op::SwapRemove(_) => {}
            }
            assert_eq!(ours, model[..]);
            assert!(ours.capacity() >= ours.len());
        }
        (ours, model)
    }};
}

/// Ends both as iterators.
macro_rules! end {
    ($both:expr) => {{
        let (ours, model) = $both;
        let (mut ours, mut model) = (ours.into_iter(), model.into_iter());
        assert_eq!((ours.next(), ours.next_back(), ours.len()), (model.next(), model.next_back(), model.len()));
        assert_eq!(ours.as_slice(), model.as_slice());
    }};
}

/// Of a vector that never moves.
#[allow(dead_code)] // not called by all that have this module
pub fn check<B: Backing>(ours: RegionVec<Box<usize>, B>, ops: &[Op]) {
    end!(check!(ours, ops, RegionVec::from_iter, |_| ()));
}
