//! Saved trees: what is not one is refused, by what is wrong with it. What is one is in `saved`.
#![cfg(all(unix, feature = "os"))]

#[path = "model/saved.rs"]
mod model;
mod support;

use model::{Chance, Modelled, Opened, Tree, image, mutate, number, with, with_number};
use region::cage::{Box32, Cage, Ref32, Savable, Saved, SavedFault, SavedReason, Slice32, Str32, Vec32};
use support::TempPath;

#[test]
fn every_change_of_the_bytes_is_refused_or_another_tree() {
    let rounds = if cfg!(miri) { 20 } else { 1_000 };
    let (mut refused, mut opened) = (0, 0);
    for seed in 0..8 {
        let original = image(seed);
        model::open(&original).unwrap();
        let mut chance = Chance(seed + 77);
        for _ in 0..rounds {
            let mut bytes = original.to_vec();
            for _ in 0..=chance.below(3) {
                mutate(&mut bytes, &mut chance);
            }
            match model::open(&bytes) {
                Ok(()) => opened += 1,
                Err(error) => {
                    assert!(
                        error.to_string().starts_with("cannot open a saved tree in the cage `Modelled`: "),
                        "{error}"
                    );
                    refused += 1;
                }
            }
        }
    }
    assert!(cfg!(miri) || refused > 1_000 && opened > 1_000, "{refused} {opened}");
}

#[test]
fn every_length_but_its_own_is_refused() {
    let image = image(4);
    for len in 0..image.len() {
        let refused = Opened::from_bytes(&image[..len]).unwrap_err().reason();
        let expected = if len < 64 { SavedReason::NotATree } else { SavedReason::Length(len as u64) };
        assert_eq!(refused, expected, "{len}");
    }
    let longer = [image.as_bytes(), &[0; 8]].concat();
    assert_eq!(Opened::from_bytes(&longer).unwrap_err().reason(), SavedReason::Length(longer.len() as u64));
    // The same of files, which are trusted as well.
    let path = TempPath::with(&image[..image.len() - 1]);
    // SAFETY: the file is this test's own, and what it has is refused.
    let refused = unsafe { Opened::open_trusted(path.bytes()) }.unwrap_err();
    assert_eq!(refused.reason(), SavedReason::Length(image.len() as u64 - 1));
    assert_eq!(Opened::open(path.bytes()).unwrap_err().reason(), refused.reason());
}

mod fault {
    //! Trees of two links, at bytes that are known: the root begins at 64.
    use super::*;

    region::cage! { pub struct Links; size = 8 << 20; }

    region::savable! {
        in Links;
        pub struct Owned<'a> { pub one: Box32<'a, u64, Links>, pub other: Box32<'a, u64, Links> }
        pub struct Wide<'a> { pub byte: Box32<'a, u8, Links>, pub wide: Ref32<'a, u128, Links> }
        #[derive(Debug)]
        pub struct Node<'a> { pub next: Option<Ref32<'a, Node<'a>, Links>>, pub number: u32 }
        pub struct Twice<'a> {
            pub one: Ref32<'a, Node<'a>, Links>,
            pub two: Ref32<'a, Node<'a>, Links>,
            pub like: Ref32<'a, Like<'a>, Links>,
        }
        pub struct Like<'a> { pub next: Option<Ref32<'a, Node<'a>, Links>>, pub number: u32 }
        pub struct Texts<'a> {
            pub text: Str32<'a, Links>,
            pub again: Str32<'a, Links>,
            pub bytes: Slice32<'a, u8, Links>,
            pub list: Vec32<'a, bool, Links>,
            pub letter: char,
        }
    }
    region::root! { pub struct OwnedRoot = for<'a> Owned<'a>; }
    region::root! { pub struct WideRoot = for<'a> Wide<'a>; }
    region::root! { pub struct TwiceRoot = for<'a> Twice<'a>; }
    region::root! { pub struct TextsRoot = for<'a> Texts<'a>; }

    /// What is wrong with a value, and at which byte.
    pub fn of<R: region::arena::Root>(bytes: &[u8]) -> (u64, SavedFault)
    where
        for<'a> R::Of<'a>: Savable<'a, Links>,
    {
        match Saved::<R, Links>::from_bytes(bytes).map(|_| ()).unwrap_err().reason() {
            SavedReason::Value { at, fault } => (at, fault),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn links_are_in_the_tree_in_order_and_owned_once() {
    use fault::{Links, Owned, OwnedRoot, of};
    let arena = Links::arena();
    let (one, other) = (Box32::new_in(1, &arena), Box32::new_in(2, &arena));
    let image = Saved::<OwnedRoot, Links>::image(&Owned { one, other }).unwrap();
    let (one, other) = (number(&image, 64), number(&image, 68));
    assert_eq!(
        (image.len(), other, &image[72..]),
        (88, one + 1, &[1u64.to_ne_bytes(), 2u64.to_ne_bytes()].concat()[..])
    );
    assert_eq!(of::<OwnedRoot>(&with_number(&image, 68, one)), (68, SavedFault::Taken));
    assert_eq!(of::<OwnedRoot>(&with_number(&image, 68, one - 1)), (68, SavedFault::Taken), "the root itself");
    assert_eq!(of::<OwnedRoot>(&with_number(&image, 64, other)), (64, SavedFault::Gap));
    for wrong in [0, 1, one - 2, one - 9, other + 1, other + 1000, u32::MAX] {
        assert_eq!(of::<OwnedRoot>(&with_number(&image, 64, wrong)), (64, SavedFault::Outside), "{wrong}");
    }
}

#[test]
fn links_lead_to_places_of_their_types_alignment() {
    use fault::{Links, Wide, WideRoot, of};
    let arena = Links::arena();
    let image =
        Saved::<WideRoot, Links>::image(&Wide { byte: Box32::new_in(9, &arena), wide: Ref32::new_in(7, &arena) });
    let image = image.unwrap();
    assert_eq!((image.len(), image[72], &image[80..]), (96, 9, &7u128.to_ne_bytes()[..]));
    let wide = number(&image, 68);
    // Longer, so that there is room for it.
    let mut longer = with_number(&image, 68, wide + 1);
    longer.extend([0; 16]);
    longer[40..48].copy_from_slice(&112u64.to_ne_bytes());
    longer[48..56].copy_from_slice(&112u64.to_ne_bytes());
    // Each place of this cage is aligned for eight bytes, and on some processors `u128` asks for no more.
    let fault = if align_of::<u128>() > 8 { SavedFault::Misaligned } else { SavedFault::Gap };
    assert_eq!(of::<WideRoot>(&longer), (68, fault));
    assert_eq!(of::<WideRoot>(&with_number(&longer, 68, wide + 2)), (68, SavedFault::Gap));
    assert_eq!(of::<WideRoot>(&with_number(&longer, 68, wide)), (96, SavedFault::Gap), "bytes that nobody has");
}

#[test]
fn what_is_shared_is_one_of_one_type_and_closes_no_circle() {
    use fault::{Like, Links, Node, Twice, TwiceRoot, of};
    let arena = Links::arena();
    let last = Ref32::new_in(Node { next: None, number: 2 }, &arena);
    let first = Ref32::new_in(Node { next: Some(last), number: 1 }, &arena);
    let like = Ref32::new_in(Like { next: None, number: 3 }, &arena);
    let image = Saved::<TwiceRoot, Links>::image(&Twice { one: first, two: first, like }).unwrap();
    // Root of 12 bytes at 64, the first node at 80, the last one at 88, the one like it at 96, and the list.
    let node = number(&image, 64);
    assert_eq!((image.len(), number(&image, 68), number(&image, 72)), (108, node, node + 2));
    assert_eq!([80, 88, 96, 104].map(|at| number(&image, at)), [node + 1, 0, 0, 10]);
    let opened = Saved::<TwiceRoot, Links>::from_bytes(&image).unwrap();
    assert_eq!(Ref32::number(opened.get().one), Ref32::number(opened.get().two));
    // The last node leads to the first, to itself, to the root.
    assert_eq!(of::<TwiceRoot>(&with_number(&image, 88, node)), (88, SavedFault::Cycle));
    assert_eq!(of::<TwiceRoot>(&with_number(&image, 88, node + 1)), (88, SavedFault::Taken));
    assert_eq!(of::<TwiceRoot>(&with_number(&image, 88, node - 2)), (88, SavedFault::Taken));
    // The node that is like one leads there as another type.
    assert_eq!(of::<TwiceRoot>(&with_number(&image, 72, node)), (72, SavedFault::Taken));
    // The list does not name it, or another, or what is only led to once.
    for listed in [0, 9, 11, 12, 99, u32::MAX] {
        let fault = of::<TwiceRoot>(&with_number(&image, 104, listed)).1;
        assert!(matches!(fault, SavedFault::Taken | SavedFault::Shared), "{listed}: {fault}");
    }
    // From what comes later to what was walked there is no circle.
    let more = with_number(&image, 96, node);
    let opened = Saved::<TwiceRoot, Links>::from_bytes(&more).unwrap();
    assert_eq!(opened.get().like.next.unwrap().number, 1);
    assert_eq!(of::<TwiceRoot>(&with_number(&image, 96, node + 1)), (96, SavedFault::Taken), "it is not listed");
}

#[test]
fn text_lengths_and_characters_are_valid() {
    use fault::{Links, Texts, TextsRoot, of};
    let arena = Links::arena();
    let text = Str32::new_in("Émilie und Юлия", &arena);
    let bytes = Slice32::new_in(b"bytes", &arena);
    let list = Vec32::from_iter_in([true, false, true], &arena);
    let root = Texts { text, again: text, bytes, list, letter: 'é' };
    let image = Saved::<TextsRoot, Links>::image(&root).unwrap();
    let opened = Saved::<TextsRoot, Links>::from_bytes(&image).unwrap();
    let found = opened.get();
    assert!(found.text == root.text && found.again == root.text && found.bytes == *b"bytes" && found.letter == 'é');
    assert!(found.list == [true, false, true] && found.list.capacity() == 3);
    // Links are laid out as in C, whatever the compiler: a number, a length, a capacity.
    assert_eq!([68, 76, 84, 92, 96].map(|at| number(&image, at)), [20, 20, 5, 3, 3]);
    let at = |of: u32| (64..104).step_by(4).find(|&at| number(&image, at) == of).unwrap();
    let place = |of: usize| number(&image, 32) + (of / 8) as u32;
    let (text_at, bytes_at) = (104, 128);
    assert_eq!((&image[text_at..text_at + 2], &image[bytes_at..bytes_at + 5]), ("É".as_bytes(), &b"bytes"[..]));
    // A byte that is no text, text that is cut in the middle, other text of the same length.
    assert_eq!(of::<TextsRoot>(&with(&image, text_at, &[0xff])), (text_at as u64, SavedFault::Text));
    assert_eq!(of::<TextsRoot>(&with(&image, text_at + 19, &[0xd0])).1, SavedFault::Text);
    let other = with(&image, text_at, b"em");
    assert!(Saved::<TextsRoot, Links>::from_bytes(&other).unwrap().get().again.starts_with("em"));
    // A slice of bytes does not lead to text, nor text to a slice of bytes.
    assert_eq!(of::<TextsRoot>(&with_number(&image, at(place(bytes_at)), place(text_at))).1, SavedFault::Taken);
    // A length that is longer than the tree.
    for len in [at(20), at(5)] {
        for longer in [1000, u32::MAX] {
            let fault = of::<TextsRoot>(&with_number(&image, len, longer)).1;
            assert!(matches!(fault, SavedFault::Outside | SavedFault::Taken), "{fault}");
        }
    }
    // No values, but a link to some.
    assert_eq!(of::<TextsRoot>(&with_number(&image, at(5), 0)).1, SavedFault::Nothing);
    let flags = 136;
    assert_eq!(image[flags..flags + 3], [1, 0, 1]);
    assert_eq!(of::<TextsRoot>(&with(&image, flags + 1, &[2])), (flags as u64 + 1, SavedFault::Bool(2)));
    let letter = (64..104).step_by(4).find(|&at| number(&image, at) == 'é' as u32).unwrap();
    for wrong in [0xd800, 0x11_0000, u32::MAX] {
        assert_eq!(of::<TextsRoot>(&with_number(&image, letter, wrong)), (letter as u64, SavedFault::Char(wrong)));
    }
    // Length and capacity of the vector.
    let threes: Vec<usize> = (64..104).step_by(4).filter(|&at| number(&image, at) == 3).collect();
    for &at in &threes {
        assert_eq!(of::<TextsRoot>(&with_number(&image, at, 4)).1, SavedFault::Capacity);
    }
    assert_eq!(threes.len(), 2);
}

#[test]
fn other_types_units_and_versions_are_refused_by_all_openings() {
    mod older {
        region::cage! { pub struct Links; size = 8 << 20; }
        region::savable! {
            in Links;
            pub struct Node { pub number: u32, pub flag: bool }
        }
        region::root! { pub struct Root = for<'a> Node; }
    }
    /// Declares the cage and the type anew, with a change.
    macro_rules! newer {
        ($name:ident, $shift:literal, $($node:tt)*) => {
            mod $name {
                region::cage! { pub struct Links; size = 8 << 20; shift = $shift; }
                region::savable! { in Links; $($node)* }
                region::root! { pub struct Root = for<'a> Node; }
            }
        };
    }
    newer!(
        same,
        3,
        pub struct Node {
            pub number: u32,
            pub flag: bool,
        }
    );
    newer!(
        renamed,
        3,
        pub struct Node {
            pub amount: u32,
            pub flag: bool,
        }
    );
    newer!(
        turned,
        3,
        pub struct Node {
            pub flag: bool,
            pub number: u32,
        }
    );
    newer!(
        longer,
        3,
        pub struct Node {
            pub number: u32,
            pub flag: bool,
            pub more: u8,
        }
    );
    newer!(
        signed,
        3,
        pub struct Node {
            pub number: i32,
            pub flag: bool,
        }
    );
    newer!(unnamed, 3, pub struct Node(pub u32, pub bool););
    newer!(
        variant,
        3,
        pub enum Node {
            Node { number: u32, flag: bool },
        }
    );
    newer!(
        wider,
        4,
        pub struct Node {
            pub number: u32,
            pub flag: bool,
        }
    );

    let node = older::Node { number: 7, flag: true };
    let saved = Saved::<older::Root, older::Links>::image(&node).unwrap();
    let path = TempPath::with(&saved);
    fn all<R: region::arena::Root, C: Cage>(image: &[u8], path: &TempPath) -> Option<SavedReason>
    where
        for<'a> R::Of<'a>: Savable<'a, C>,
    {
        let checked = Saved::<R, C>::from_bytes(image).map(|_| ()).err();
        assert_eq!(Saved::<R, C>::open(path.bytes()).map(|_| ()).err(), checked);
        // SAFETY: the file is this test's own, and what is not refused has the types of `R`.
        assert_eq!(unsafe { Saved::<R, C>::open_trusted(path.bytes()) }.map(|_| ()).err(), checked);
        checked.map(|error| error.reason())
    }
    assert_eq!(all::<same::Root, same::Links>(&saved, &path), None);
    let same = Saved::<same::Root, same::Links>::from_bytes(&saved).unwrap();
    assert_eq!((same.get().number, same.get().flag), (7, true));
    let other = Some(SavedReason::Type);
    assert_eq!(all::<renamed::Root, renamed::Links>(&saved, &path), other);
    assert_eq!(all::<turned::Root, turned::Links>(&saved, &path), other);
    assert_eq!(all::<longer::Root, longer::Links>(&saved, &path), other);
    assert_eq!(all::<signed::Root, signed::Links>(&saved, &path), other);
    assert_eq!(all::<unnamed::Root, unnamed::Links>(&saved, &path), other);
    assert_eq!(all::<variant::Root, variant::Links>(&saved, &path), other);
    assert_eq!(all::<wider::Root, wider::Links>(&saved, &path), Some(SavedReason::Unit(8)));
    assert_eq!(all::<Tree, Modelled>(&saved, &path), other);

    let version = with_number(&saved, 8, 2);
    let path = TempPath::with(&version);
    assert_eq!(all::<same::Root, same::Links>(&version, &path), Some(SavedReason::Version(2)));
    let magic = with(&saved, 0, &saved.iter().take(8).rev().copied().collect::<Vec<u8>>());
    let path = TempPath::with(&magic);
    assert_eq!(all::<same::Root, same::Links>(&magic, &path), Some(SavedReason::NotATree));
}

/// A change in a type that the root only leads to is a change of the root.
#[test]
fn a_type_far_from_the_root_is_in_its_fingerprint() {
    macro_rules! chain {
        ($name:ident, $last:ty) => {
            mod $name {
                use region::cage::{Box32, Ref32, Slice32};
                region::cage! { pub struct Links; size = 8 << 20; }
                region::savable! {
                    in Links;
                    pub enum First<'a> { None, Some(Slice32<'a, Second<'a>, Links>) }
                    pub struct Second<'a> { pub first: Option<Box32<'a, First<'a>, Links>>, pub third: Ref32<'a, Third, Links> }
                    pub struct Third($last);
                }
                region::root! { pub struct Root = for<'a> First<'a>; }
                pub fn image() -> region::cage::Image {
                    region::cage::Saved::<Root, Links>::image(&First::None).unwrap()
                }
                pub fn opens(image: &[u8]) -> bool {
                    region::cage::Saved::<Root, Links>::from_bytes(image).is_ok()
                }
            }
        };
    }
    chain!(one, u32);
    chain!(like, u32);
    chain!(other, f32);
    assert!(one::opens(&like::image()) && like::opens(&one::image()));
    assert!(!one::opens(&other::image()) && !other::opens(&one::image()));
}

#[test]
fn files_that_are_none_say_why() {
    let refused = |path: &str| Opened::open(path).unwrap_err();
    let missing = refused("/nowhere/tree");
    assert!(matches!(missing.reason(), SavedReason::Os(error) if error.raw_os_error() == Some(libc::ENOENT)));
    assert!(std::error::Error::source(&missing).is_some() && missing.cage() == "Modelled");
    let text = missing.to_string();
    assert!(text.starts_with("cannot open a saved tree in the cage `Modelled`: cannot open the file: "), "{text}");
    assert!(refused("/").to_string().contains("directory"), "{}", refused("/"));
    // SAFETY: nothing is mapped of these.
    let trusted = |path: &str| unsafe { Opened::open_trusted(path) }.unwrap_err();
    assert_eq!((trusted("/"), trusted("/dev/null")), (refused("/"), refused("/dev/null")));
    assert!(refused("/dev/null").to_string().contains("character device"), "{}", refused("/dev/null"));
    let empty = TempPath::with(b"");
    assert_eq!(Opened::open(empty.bytes()).unwrap_err().reason(), SavedReason::NotATree);
    // SAFETY: a number that no file has.
    let none = unsafe { region::input::Fd::from_raw(-1) };
    assert!(
        matches!(Opened::open_fd(none).unwrap_err().reason(), SavedReason::Os(error) if error.raw_os_error() == Some(libc::EBADF))
    );
    assert!(image(1).write("/nowhere/tree").is_err());
    // Each reason by what gives it.
    let good = image(1);
    let refused = [
        (with(&good, 20, &[1]), SavedReason::Type, "other types"),
        (with_number(&good, 8, 2), SavedReason::Version(2), "its format is 2"),
        (with_number(&good, 12, 4), SavedReason::Unit(16), "count 16 bytes, and those of the cage 8"),
        (with_number(&good, 12, 64), SavedReason::Header, "its header has what no saved tree has"),
        (with_number(&good, 32, 1), SavedReason::Header, "its header has what no saved tree has"),
        (good[..70].to_vec(), SavedReason::Length(70), "it has 70 bytes"),
        (with(&good, 0, b"x"), SavedReason::NotATree, "does not begin as a saved tree"),
    ];
    for (bytes, reason, sentence) in refused {
        let refused = Opened::from_bytes(&bytes).unwrap_err();
        assert_eq!(refused.reason(), reason);
        assert!(refused.to_string().contains(sentence), "{refused}: {sentence}");
    }
    let root = with(&good, 64, &[99]);
    assert_eq!(
        Opened::from_bytes(&root).unwrap_err().to_string(),
        "cannot open a saved tree in the cage `Modelled`: at byte 64 an enum has no variant of number 99. It was damaged \
         or forged; save it anew."
    );
}
