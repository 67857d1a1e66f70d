//! The shadow model of a cage: arenas in it, and what the links into each lead to.
//!
//! A link is kept as a number and a length, since arenas are reset and dropped while others go on. After each step every
//! link of a living arena is followed, and the cage's numbers are held against what its arenas hold. It does not choose
//! what to do.

use region::cage::{Box32, Cage, CageArena, Ref32, Slice32, Vec32};
use std::ptr::NonNull;

region::cage! {
    /// Short enough to be full often.
    pub struct Modelled;
    size = 6 << 20;
}

/// What can be done in a cage. Numbers of arenas and rows are taken modulo how many there are.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Begin,
    /// A value of a type of each size and alignment, by its number.
    Put(usize, u8),
    /// Zeroed bytes, checked and then filled.
    Zeroed(usize, usize),
    /// A list of so many numbers.
    List(usize, usize),
    /// So many numbers more behind a vector, in an arena that may be another.
    Push(usize, usize, usize),
    /// Most that an arena may use.
    Limit(usize, usize),
    Reset(usize),
    ResetKeeping(usize, usize),
    End(usize),
    Trim,
}

/// A value that is there, by its link's number.
enum Held {
    Byte(u32, u8),
    Wide(u32, u8),
    Line(u32, u8),
    List(u32, Vec<u32>),
}

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(align(64))]
struct Line(u8);

struct Row {
    arena: Box<CageArena<Modelled>>,
    held: Vec<Held>,
}

impl Row {
    /// The arena for as long as its row lives: a reset and an end forget the row's links first.
    fn arena(&self) -> &'static CageArena<Modelled> {
        // SAFETY: the arena is in a box of its own, and no link is followed after the row forgot it.
        unsafe { NonNull::from(&*self.arena).as_ref() }
    }

    fn check(&self) {
        for held in &self.held {
            // SAFETY: the links were made of numbers that this arena's values had, which are still there.
            unsafe {
                match held {
                    Held::Byte(at, value) => assert_eq!(*Ref32::<u8, Modelled>::from_number(*at), *value),
                    Held::Wide(at, value) => assert_eq!(*Ref32::<[u8; 100], Modelled>::from_number(*at), [*value; 100]),
                    Held::Line(at, value) => assert_eq!(*Ref32::<Line, Modelled>::from_number(*at), Line(*value)),
                    Held::List(at, values) => {
                        let first = Ref32::<u32, Modelled>::from_number(*at);
                        let there = std::slice::from_raw_parts(&raw const *first, values.len());
                        assert!(there == values);
                    }
                }
            }
        }
    }
}

/// The link's number of a list that has values.
fn number(list: &[u32]) -> u32 {
    Ref32::number(Ref32::<u32, Modelled>::from_ref(&list[0]).expect("a list is in the cage"))
}

/// Does all of the steps, and checks every value and number after each.
pub fn check(steps: &[Step]) {
    let mut rows: Vec<Row> = Vec::new();
    assert_eq!(Modelled::stats().live, 0, "arenas of the steps before are gone");
    for (count, &step) in (0u32..).zip(steps) {
        let picked = |which: usize| which % rows.len().max(1);
        match step {
            Step::Begin => {
                rows.push(Row { arena: Box::new(Modelled::arena()), held: Vec::new() });
            }
            Step::Trim => {
                let kept = Modelled::stats().kept;
                assert_eq!((Modelled::trim(), Modelled::stats().kept), (kept, 0));
            }
            _ if rows.is_empty() => {}
            Step::Put(which, seed) => {
                let at = picked(which);
                let arena = rows[at].arena();
                let row = &mut rows[at];
                let held = match seed % 3 {
                    0 => Box32::<_, Modelled>::try_new_in(seed, arena)
                        .map(|value| Held::Byte(Ref32::number(Box32::into_ref(value)), seed)),
                    1 => Ref32::<_, Modelled>::try_new_in([seed; 100], arena)
                        .map(|value| Held::Wide(Ref32::number(value), seed)),
                    _ => Ref32::<_, Modelled>::try_new_in(Line(seed), arena)
                        .map(|value| Held::Line(Ref32::number(value), seed)),
                };
                row.held.extend(held.ok());
            }
            Step::Zeroed(which, len) => {
                let row = &rows[picked(which)];
                if let Ok(bytes) = row.arena().try_alloc_slice_zeroed::<u8>(len) {
                    assert!(bytes.iter().all(|byte| *byte == 0), "zeroed memory is not zero");
                    bytes.fill(0xa5);
                }
            }
            Step::List(which, len) => {
                let at = picked(which);
                let arena = rows[at].arena();
                let row = &mut rows[at];
                let values: Vec<u32> = (0..len as u32).map(|value| value ^ count).collect();
                if let Ok(list) = Slice32::<_, Modelled>::try_from_iter_in(values.iter().copied(), arena) {
                    assert!(list == values[..]);
                    if len != 0 {
                        row.held.push(Held::List(number(&list), values));
                    }
                }
            }
            Step::Push(which, other, len) => {
                let (at, other) = (picked(which), picked(other));
                let (first, second) = (rows[at].arena(), rows[other].arena());
                let values: Vec<u32> = (0..len as u32).map(|value| value.wrapping_mul(count | 1)).collect();
                let mut list = Vec32::<u32, Modelled>::new();
                let all = list.try_extend(values.iter().copied(), first).is_ok()
                    && list.try_extend(values.iter().copied(), second).is_ok();
                assert!(list.iter().zip(values.iter().chain(&values)).all(|(there, wanted)| there == wanted));
                if all && len != 0 {
                    assert_eq!(list.len(), 2 * len);
                    let both = values.iter().chain(&values).copied().collect();
                    // It is the second one's if it moved there, and else the first one's: kept where it may stay.
                    if at == other {
                        rows[at].held.push(Held::List(number(&list), both));
                    }
                }
            }
            Step::Limit(which, bytes) => rows[picked(which)].arena.set_limit(bytes),
            Step::Reset(which) => {
                let at = picked(which);
                rows[at].held.clear();
                rows[at].arena.reset();
            }
            Step::ResetKeeping(which, bytes) => {
                let at = picked(which);
                rows[at].held.clear();
                rows[at].arena.reset_keeping(bytes);
            }
            Step::End(which) => {
                let at = picked(which);
                rows.swap_remove(at);
            }
        }
        rows.iter().for_each(Row::check);
        let stats = Modelled::stats();
        let live: usize = rows.iter().map(|row| row.arena.reserved()).sum();
        assert_eq!(stats.live, live, "{stats}");
        assert!(stats.live <= stats.peak && stats.peak <= stats.high_water && stats.high_water <= stats.reserved);
        assert!(stats.live + stats.kept <= stats.reserved, "{stats}");
    }
    drop(rows);
    // All of it is one again.
    let stats = Modelled::stats();
    if stats.reserved != 0 {
        let arena = Modelled::arena();
        assert!(stats.live == 0 && arena.try_alloc_slice_zeroed::<u8>(stats.reserved - (1 << 16)).is_ok(), "{stats}");
    }
}
