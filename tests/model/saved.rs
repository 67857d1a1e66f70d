//! Saved trees of every kind of value, what is done to their bytes, and a look at all that an opening gives.
//!
//! [`open`] holds for any bytes: either they are refused, or all that the root leads to is valid, which
//! [`look`] sees by reading the bytes of each value, and the tree can be saved again. It does not choose the bytes.

#![allow(dead_code)] // each user has its part

use region::cage::{Box32, CageArena, Image, Ref32, Saved, SavedError, Slice32, Str32, Vec32};
use std::num::{NonZeroI64, NonZeroU8, NonZeroU32};

region::cage! {
    /// Short, so that places are few and some are taken.
    pub struct Modelled;
    size = 64 << 20;
}

region::savable! {
    in Modelled;

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Color { Red, Green, Blue }

    /// Numbers of all kinds.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Plain {
        pub flag: bool,
        pub small: NonZeroU8,
        pub color: Color,
        pub letter: char,
        pub maybe: Option<NonZeroU32>,
        pub float: f32,
        pub flags: [bool; 3],
        pub nothing: (),
        pub wide: u128,
        pub long: NonZeroI64,
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Id(pub u16, pub bool);

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Unit();

    #[derive(Debug, PartialEq)]
    pub enum Node<'a> {
        Leaf,
        Plain(Plain),
        Text(Str32<'a, Modelled>),
        Maybe(Option<Str32<'a, Modelled>>),
        Boxed(Box32<'a, Node<'a>, Modelled>),
        Pair { left: Option<Box32<'a, Node<'a>, Modelled>>, right: Ref32<'a, Node<'a>, Modelled> },
        List(Slice32<'a, Node<'a>, Modelled>),
        Rows(Vec32<'a, Id, Modelled>, Vec32<'a, Node<'a>, Modelled>),
        Names(Slice32<'a, Str32<'a, Modelled>, Modelled>),
        Flags(Slice32<'a, bool, Modelled>, Option<Slice32<'a, char, Modelled>>),
        Units(Slice32<'a, Unit, Modelled>, Box32<'a, (), Modelled>),
        Numbers(Ref32<'a, u64, Modelled>, Ref32<'a, f64, Modelled>, Option<Vec32<'a, u8, Modelled>>),
        Array([Color; 2], [Option<Ref32<'a, Node<'a>, Modelled>>; 2]),
    }
}

region::root! {
    /// A tree's root.
    pub struct Tree = for<'a> Node<'a>;
}

pub type Opened = Saved<Tree, Modelled>;

/// Numbers in a fixed order for each seed.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }
}

const TEXTS: [&str; 6] =
    ["", "a", "name", "Émilie", "日本語のメモ", "wants it delivered to the back door, next to the shed"];

/// Makes a tree, of as much depth at most, in which some values are shared.
pub fn tree<'a>(chance: &mut Chance, depth: usize, arena: &'a CageArena<Modelled>) -> Node<'a> {
    let kinds = if depth == 0 { 4 } else { 13 };
    let text = |chance: &mut Chance| Str32::new_in(TEXTS[chance.below(6)], arena);
    match chance.below(kinds) {
        0 => Node::Leaf,
        1 => Node::Plain(Plain {
            flag: chance.below(2) == 0,
            small: NonZeroU8::new(chance.below(255) as u8 + 1).unwrap(),
            color: [Color::Red, Color::Green, Color::Blue][chance.below(3)],
            letter: ['x', 'é', '語', '🚀'][chance.below(4)],
            maybe: NonZeroU32::new(chance.below(3) as u32),
            float: chance.below(1000) as f32,
            flags: [true, false, chance.below(2) == 0],
            nothing: (),
            wide: chance.below(1 << 30) as u128,
            long: NonZeroI64::new(-7).unwrap(),
        }),
        2 => Node::Text(text(chance)),
        3 => Node::Maybe((chance.below(3) != 0).then(|| text(chance))),
        4 => Node::Boxed(Box32::new_in(tree(chance, depth - 1, arena), arena)),
        5 => {
            let left = (chance.below(2) == 0).then(|| Box32::new_in(tree(chance, depth - 1, arena), arena));
            Node::Pair { left, right: Ref32::new_in(tree(chance, depth - 1, arena), arena) }
        }
        6 => {
            let count = chance.below(5);
            Node::List(Slice32::from_iter_in((0..count).map(|_| tree(chance, depth - 1, arena)), arena))
        }
        7 => {
            let (ids, count) = (chance.below(6), chance.below(3));
            let ids = (0..ids).map(|id| Id(id as u16, id % 2 == 0));
            let ids = Vec32::from_iter_in(ids, arena);
            Node::Rows(ids, Vec32::from_iter_in((0..count).map(|_| tree(chance, depth - 1, arena)), arena))
        }
        8 => {
            let name = text(chance);
            Node::Names(Slice32::from_iter_in([name, text(chance), name, name], arena))
        }
        9 => {
            let letters = (chance.below(2) == 0).then(|| Slice32::new_in(&['a', 'é'][..chance.below(3)], arena));
            Node::Flags(Slice32::new_in(&[true, false, true][..chance.below(4)], arena), letters)
        }
        10 => Node::Units(Slice32::new_in(&[Unit(); 9][..chance.below(10)], arena), Box32::new_in((), arena)),
        11 => {
            let bytes = (chance.below(2) == 0).then(|| Vec32::from_iter_in(*b"bytes", arena));
            Node::Numbers(Ref32::new_in(7, arena), Ref32::new_in(0.5, arena), bytes)
        }
        _ => {
            let shared = Ref32::new_in(tree(chance, depth - 1, arena), arena);
            let second = [None, Some(shared)][chance.below(2)];
            Node::Array([Color::Blue, Color::Red], [Some(shared), second])
        }
    }
}

/// A tree of this seed, as an image. Every other one is deeper than what a checked opening recurses.
pub fn image(seed: u64) -> Image {
    let arena = region::cage::Cage::arena();
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let rows = Slice32::from_iter_in((0..6).map(|_| tree(&mut chance, 4, &arena)), &arena);
    let mut root = Node::List(rows);
    for _ in 0..[0, 62][seed as usize % 2] {
        root = Node::Boxed(Box32::new_in(root, &arena));
    }
    Opened::image(&root).unwrap()
}

/// The byte in which a value of one byte lies.
fn byte<T>(value: &T) -> u8 {
    assert_eq!(size_of::<T>(), 1);
    // SAFETY: a value of one byte, which is initialized.
    unsafe { std::ptr::from_ref(value).cast::<u8>().read() }
}

fn look_at_text(text: &str) -> usize {
    assert!(std::str::from_utf8(text.as_bytes()).is_ok());
    text.len()
}

/// Looks at everything that a node leads to, by the bytes that are there. Where sharing makes a tree enormous it stops
/// after so many nodes.
pub fn look(node: &Node<'_>, left: &mut usize) {
    let Some(less) = left.checked_sub(1) else { return };
    *left = less;
    match node {
        Node::Leaf => {}
        Node::Plain(plain) => {
            assert!(byte(&plain.flag) < 2 && byte(&plain.small) != 0 && byte(&plain.color) < 3);
            assert!(plain.flags.iter().all(|flag| byte(flag) < 2) && plain.long.get() != 0);
            // SAFETY: four bytes, which are initialized.
            let letter = unsafe { (&raw const plain.letter).cast::<u32>().read() };
            assert!(char::from_u32(letter).is_some());
        }
        Node::Text(text) => _ = look_at_text(text),
        Node::Maybe(text) => _ = text.map(|text| look_at_text(text.as_str())),
        Node::Boxed(of) => look(of, left),
        Node::Pair { left: first, right } => {
            first.iter().for_each(|first| look(first, left));
            look(right, left);
        }
        Node::List(nodes) => nodes.iter().for_each(|node| look(node, left)),
        Node::Rows(ids, nodes) => {
            assert!(ids.iter().all(|id| byte(&id.1) < 2) && ids.len() == ids.capacity());
            nodes.iter().for_each(|node| look(node, left));
        }
        Node::Names(names) => _ = names.iter().map(|name| look_at_text(name)).sum::<usize>(),
        Node::Flags(flags, letters) => {
            assert!(flags.iter().all(|flag| byte(flag) < 2));
            for letter in letters.iter().flat_map(|letters| letters.iter()) {
                assert!(char::from_u32(*letter as u32).is_some());
            }
        }
        Node::Units(units, _) => assert!(units.iter().take(100).all(|unit| *unit == Unit())),
        Node::Numbers(number, float, bytes) => {
            let bytes = bytes.iter().flat_map(|bytes| bytes.iter());
            let sum = bytes.fold(**number, |sum, byte| sum.wrapping_add((*byte).into()));
            std::hint::black_box((sum, **float));
        }
        Node::Array(colors, links) => {
            assert!(colors.iter().all(|color| byte(color) < 3));
            links.iter().flatten().for_each(|link| look(link, left));
        }
    }
}

/// Opens any bytes. What is not refused is looked at, and saved and opened again.
pub fn open(bytes: &[u8]) -> Result<(), SavedError> {
    let opened = Opened::from_bytes(bytes)?;
    assert!(!opened.is_mapped() && opened.len() == bytes.len());
    look(opened.get(), &mut 10_000);
    let again = Opened::image(opened.get()).unwrap();
    // What was opened stays as it is while others come and go.
    let second = Opened::from_bytes(&again).unwrap();
    look(second.get(), &mut 10_000);
    drop(opened);
    look(second.get(), &mut 10_000);
    Ok(())
}

/// The number at a byte of an image.
pub fn number(image: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(image[at..at + 4].try_into().unwrap())
}

/// The image with other bytes from one byte on.
pub fn with(image: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut image = image.to_vec();
    image[at..at + bytes.len()].copy_from_slice(bytes);
    image
}

/// The image with another number at a byte.
pub fn with_number(image: &[u8], at: usize, number: u32) -> Vec<u8> {
    with(image, at, &number.to_ne_bytes())
}

/// One change of an image's bytes.
pub fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let len = bytes.len();
    // Mostly behind the header, which refuses nearly everything.
    let from = if chance.below(10) == 0 { 0 } else { 64 };
    let at = from + chance.below(len - from);
    let word = at & !3;
    let read = |bytes: &[u8], at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    match chance.below(10) {
        0 => bytes[at] ^= 1 << chance.below(8),
        1 | 2 => bytes[at] = [0, 1, 2, 3, 12, 13, 0x80, 0xff][chance.below(8)],
        // A number that is a little more or less, as of another unit or length.
        3 | 4 if word + 4 <= len => {
            let changed = read(bytes, word).wrapping_add(chance.below(9) as u32).wrapping_sub(4);
            bytes[word..word + 4].copy_from_slice(&changed.to_ne_bytes());
        }
        // A number of another place: a link to what others lead to.
        5 | 6 if len >= 72 => {
            let other = (64 + chance.below(len - 68)) & !3;
            let number = read(bytes, other).to_ne_bytes();
            if word + 4 <= len {
                bytes[word..word + 4].copy_from_slice(&number);
            }
        }
        7 => {
            let (from, count) = (64 + chance.below(len - 64), 1 + chance.below(24));
            let end = (from + count).min(len);
            let to = 64 + chance.below(len - 64);
            if to + (end - from) <= len {
                bytes.copy_within(from..end, to);
            }
        }
        8 => {
            let end = (at + 1 + chance.below(16)).min(len);
            bytes[at..end].fill([0, 0xff][chance.below(2)]);
        }
        _ if chance.below(4) == 0 => bytes.truncate(at.max(66)),
        _ => {
            let number = chance.below(1 << 31) as u32;
            if word + 4 <= len {
                bytes[word..word + 4].copy_from_slice(&number.to_ne_bytes());
            }
        }
    }
}
