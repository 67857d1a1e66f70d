//! Boxes, vectors and strings in arenas: in place at the tip, dropped once and in order, refused with a word.
//!
//! Run with `--features collections,serde`; what needs neither runs always.

#![cfg(feature = "os")]

#[cfg(feature = "collections")]
#[path = "model/string.rs"]
mod model;

use region::collections::Box as ArenaBox;
use region::{Arena, StackBuffer};
use std::cell::RefCell;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Notes its name when it is dropped, and panics if told so.
struct Noted<'a> {
    name: u32,
    notes: &'a RefCell<Vec<u32>>,
    panics: bool,
}

impl<'a> Noted<'a> {
    fn new(name: u32, notes: &'a RefCell<Vec<u32>>) -> Self {
        Noted { name, notes, panics: false }
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.notes.borrow_mut().push(self.name);
        assert!(!self.panics, "a drop that panics");
    }
}

mod boxes {
    use super::*;

    #[test]
    fn a_box_drops_its_value_once_wherever_it_ends() {
        let (notes, arena) = (RefCell::new(Vec::new()), Arena::new());
        drop(ArenaBox::new_in(Noted::new(1, &notes), &arena));
        let inner = ArenaBox::into_inner(ArenaBox::new_in(Noted::new(2, &notes), &arena));
        assert_eq!(*notes.borrow(), [1]);
        drop(inner);
        let leaked: &mut Noted = ArenaBox::leak(ArenaBox::new_in(Noted::new(3, &notes), &arena));
        assert_eq!(*notes.borrow(), [1, 2]);
        // SAFETY: it was just leaked, and is used by nobody.
        drop(unsafe { ArenaBox::from_leaked(leaked) });
        let unsized_box: ArenaBox<dyn Send> =
            region::unsize_box!(ArenaBox::new_in(std::sync::Mutex::new(String::from("freed")), &arena));
        drop(unsized_box);
        assert_eq!(*notes.borrow(), [1, 2, 3]);
    }

    #[test]
    fn values_are_dropped_in_order_and_all_of_them_when_one_panics() {
        let (notes, arena) = (RefCell::new(Vec::new()), Arena::new());
        let row = (0..5).map(|name| Noted { name, notes: &notes, panics: name == 2 });
        let row: ArenaBox<[Noted]> = ArenaBox::from_iter_in(row, &arena);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(row))).is_err());
        assert_eq!(*notes.borrow(), [0, 1, 2, 3, 4]);
        assert_eq!(*arena.alloc(7), 7);
    }

    #[test]
    fn a_tree_of_boxes_is_one_word_a_link_and_drops_from_the_root_down() {
        struct Tree<'a> {
            noted: Noted<'a>,
            kids: [Option<ArenaBox<'a, Tree<'a>>>; 2],
        }
        assert_eq!(size_of::<Option<ArenaBox<Tree>>>(), size_of::<usize>());
        let (arena, notes) = (Arena::new(), RefCell::new(Vec::new()));
        fn grow<'a>(name: u32, arena: &'a Arena, notes: &'a RefCell<Vec<u32>>) -> ArenaBox<'a, Tree<'a>> {
            let kid = |name| (name < 8).then(|| grow(name, arena, notes));
            let kids = [kid(2 * name), kid(2 * name + 1)];
            ArenaBox::new_in(Tree { noted: Noted::new(name, notes), kids }, arena)
        }
        let tree = grow(1, &arena, &notes);
        assert!(tree.kids.iter().flatten().all(|kid| kid.noted.name > 1));
        drop(tree);
        assert_eq!(*notes.borrow(), [1, 2, 4, 5, 3, 6, 7]);
    }

    #[test]
    fn unsized_boxes_are_made_and_shown() {
        let arena = Arena::new();
        let text: ArenaBox<str> = ArenaBox::from_str_in("text", &arena);
        let mut row: ArenaBox<[u8]> = ArenaBox::from_iter_in(1..4, &arena);
        row[0] = 9;
        let shown: [ArenaBox<dyn Display>; 2] =
            [region::unsize_box!(ArenaBox::new_in(1.5, &arena)), region::unsize_box!(ArenaBox::new_in(text, &arena))];
        let slice: ArenaBox<[u8]> = region::unsize_box!(ArenaBox::new_in([1, 2], &arena));
        assert_eq!(format!("{} {} {row:?} {slice:?}", shown[0], shown[1]), "1.5 text [9, 2, 3] [1, 2]");
    }

    #[test]
    fn boxes_have_the_traits_of_the_standard_librarys() {
        use std::future::Future;
        use std::hash::{DefaultHasher, Hasher};
        use std::task::{Context, Poll, Waker};
        let arena = Arena::new();
        assert_eq!((&*ArenaBox::<str>::default(), &*ArenaBox::<[u8]>::default()), ("", &[][..]));
        let mut hasher: ArenaBox<dyn Hasher> = region::unsize_box!(ArenaBox::new_in(DefaultHasher::new(), &arena));
        let mut same = DefaultHasher::new();
        hasher.write_u16(7);
        hasher.write(b"bytes");
        same.write_u16(7);
        same.write(b"bytes");
        assert_eq!(hasher.finish(), same.finish());
        let mut ready: ArenaBox<dyn Future<Output = u8> + Unpin> =
            region::unsize_box!(ArenaBox::new_in(std::future::ready(7), &arena));
        let polled = std::pin::Pin::new(&mut ready).poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Ready(7));
        let row: ArenaBox<[u8]> = ArenaBox::new_in([1, 2, 3], &arena).into();
        let row = ArenaBox::<[u8; 2]>::try_from(row).unwrap_err();
        assert_eq!(*ArenaBox::<[u8; 3]>::try_from(row).unwrap(), [1, 2, 3]);
        let mut rows: ArenaBox<dyn ExactSizeIterator<Item = u8>> = region::unsize_box!(ArenaBox::new_in(0..9, &arena));
        assert_eq!((rows.nth(2), rows.len()), (Some(2), 6));
        fn moves_freely<T: Unpin>(_: &T) {}
        moves_freely(&ArenaBox::new_in(std::marker::PhantomPinned, &arena));
    }

    #[test]
    fn a_box_that_is_downcast_keeps_its_value_whatever_its_type() {
        use std::any::Any;
        let (notes, arena) = (RefCell::new(Vec::new()), Arena::new());
        struct Static(std::rc::Rc<RefCell<Vec<u32>>>);
        impl Drop for Static {
            fn drop(&mut self) {
                self.0.borrow_mut().push(1);
            }
        }
        let notes_of_static = std::rc::Rc::new(notes);
        let any: ArenaBox<dyn Any> = region::unsize_box!(ArenaBox::new_in(Static(notes_of_static.clone()), &arena));
        let any = any.downcast::<u8>().unwrap_err();
        assert!(notes_of_static.borrow().is_empty());
        drop(any.downcast::<Static>().unwrap());
        assert_eq!(*notes_of_static.borrow(), [1]);
        let any: ArenaBox<dyn Any + Send + Sync> = region::unsize_box!(ArenaBox::new_in(7_u8, &arena));
        assert_eq!(*any.downcast::<u8>().unwrap(), 7);
    }

    #[test]
    fn a_box_of_something_threads_may_share_goes_to_another() {
        let arena = Arena::new();
        let mut row: ArenaBox<[u64]> = ArenaBox::from_iter_in(0..100, &arena);
        std::thread::scope(|threads| {
            threads.spawn(|| row.iter_mut().for_each(|value| *value += 1));
        });
        assert_eq!(row.iter().sum::<u64>(), 5050);
    }

    #[test]
    fn a_box_that_finds_no_room_drops_its_value_and_says_why() {
        let notes = RefCell::new(Vec::new());
        let mut memory = StackBuffer::<8>::new();
        let arena = Arena::from_buffer(&mut memory);
        assert!(ArenaBox::try_new_in(Noted::new(1, &notes), &arena).is_err());
        assert_eq!(*notes.borrow(), [1]);
        assert!(ArenaBox::try_from_str_in("nine bytes", &arena).is_err());
        assert!(ArenaBox::try_from_iter_in(0..9u64, &arena).is_err());
        assert_eq!(&*ArenaBox::try_from_str_in("8  bytes", &arena).unwrap(), "8  bytes");
    }
}

#[cfg(feature = "collections")]
mod vectors {
    use super::*;
    use region::Scope;
    use region::collections::Vec as ArenaVec;

    #[test]
    fn a_vector_at_the_tip_never_moves_and_takes_its_capacity_and_a_step() {
        // With 32 bits of addresses the first block past the short ones has 8 MiB.
        let count = if usize::BITS < 64 { 1u32 << 20 } else { 16 << 20 };
        let arena = Arena::new();
        let mut row = ArenaVec::with_capacity_in(512 << 10, &arena); // past the short blocks
        let start = row.as_ptr();
        (0..count).for_each(|value| row.push(value));
        assert_eq!((row.as_ptr(), row.capacity()), (start, count as usize));
        assert!(arena.committed() <= 4 * count as usize + (64 << 10) + (2 << 20), "{}", arena.committed());
        assert!(row.iter().copied().eq(0..count));
        drop(row);
        assert_eq!(arena.used(), 0);
    }

    #[test]
    fn a_vector_below_others_moves_and_its_neighbours_stay() {
        let arena = Arena::new();
        let (mut odd, mut even) = (ArenaVec::new_in(&arena), ArenaVec::new_in(&arena));
        for i in 0..50_000u64 {
            (if i % 2 == 0 { &mut even } else { &mut odd }).push(i);
        }
        assert!(odd.iter().copied().eq((0..25_000).map(|i| 2 * i + 1)));
        assert!(even.iter().copied().eq((0..25_000).map(|i| 2 * i)));
    }

    #[test]
    fn a_vector_in_a_buffer_is_used_to_its_end_and_then_refuses() {
        let mut memory = StackBuffer::<100>::new();
        let arena = Arena::<1, _>::new_in(region::backing::Buffer::from(&mut memory));
        let mut row = ArenaVec::new_in(&arena);
        // Twice the room cannot be had past the middle: one more place is taken then.
        let taken = (0..200u8).take_while(|&value| row.try_push(value).is_ok()).count();
        assert_eq!((taken, row.len(), arena.used()), (100, 100, 100));
        assert!(row.try_extend_from_slice_copy(&[1]).is_err() && row.try_reserve(1).is_err());
        assert!(row.iter().copied().eq(0..100));
        assert!(ArenaVec::<u8, _>::try_with_capacity_in(1, &arena).is_err());
        row.truncate(10);
        row.shrink_to_fit();
        assert_eq!(arena.used(), 10);
        assert!(ArenaVec::<u64, _>::try_with_capacity_in(usize::MAX / 8, &arena).is_err());
    }

    #[test]
    fn a_vector_left_as_a_slice_or_box_gives_its_spare_room_back() {
        let (notes, arena) = (RefCell::new(Vec::new()), Arena::new());
        let row = ArenaVec::from_iter_in(0..1000u64, &arena);
        let start = row.as_ptr();
        let row = row.into_bump_slice();
        assert_eq!((row.as_ptr(), row.len(), arena.used()), (start, 1000, 8000));
        let noted = ArenaVec::from_iter_in((0..3).map(|name| Noted::new(name, &notes)), &arena).into_boxed_slice();
        assert_eq!(arena.used(), 8000 + (3 * size_of::<Noted>()).next_multiple_of(8));
        drop(noted);
        let leaked = ArenaVec::from_iter_in((3..5).map(|name| Noted::new(name, &notes)), &arena).into_bump_slice();
        assert_eq!(leaked.len(), 2);
        assert_eq!(*notes.borrow(), [0, 1, 2]);
    }

    #[test]
    fn a_vector_drops_in_order_and_all_of_it_when_one_panics() {
        let (notes, arena) = (RefCell::new(Vec::new()), Arena::new());
        let row = (0..5).map(|name| Noted { name, notes: &notes, panics: name == 1 });
        let row = ArenaVec::from_iter_in(row, &arena);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(row))).is_err());
        assert_eq!(*notes.borrow(), [0, 1, 2, 3, 4]);
        assert_eq!(*arena.alloc(7), 7);
    }

    #[test]
    fn an_iterator_that_allocates_or_panics_leaves_a_whole_vector() {
        let arena = Arena::new();
        let row = ArenaVec::from_iter_in((0..1000u32).map(|i| arena.alloc(i) as &u32), &arena);
        assert!(row.iter().map(|value| **value).eq(0..1000));
        let mut row = ArenaVec::from_iter_in(0..10, &arena);
        let more = (10..20).map(|i| if i < 15 { i } else { panic!("an iterator that panics") });
        assert!(catch_unwind(AssertUnwindSafe(|| row.try_extend(more))).is_err());
        assert!(row.iter().copied().eq(0..15));
    }

    #[test]
    fn vectors_without_bytes_take_no_memory() {
        let arena = Arena::new();
        let mut row = region::vec![in &arena; (); 1000];
        row.try_push(()).unwrap();
        assert_eq!((row.len(), row.into_bump_slice().len(), arena.reserved()), (1001, 1001, 0));
    }

    #[test]
    fn vectors_live_in_scopes_and_in_arenas_of_other_kinds() {
        fn total<'s>(scope: &Scope<'s>) -> u32 {
            let row: ArenaVec<'_, u32, Scope<'s>> = region::vec![in scope; 1, 2, 3];
            row.iter().sum()
        }
        let mut arena = Arena::new();
        assert_eq!(arena.scoped(|scope| total(&scope)), 6);
        let lens = arena.scoped(|scope| {
            let boxed: ArenaBox<str> = ArenaBox::from_str_in("boxed", &scope);
            (boxed.len(), region::format!(in &scope, "{boxed:?}").len())
        });
        assert_eq!(lens, (5, 7));
        assert_eq!(arena.used(), 0);
        let packed = Arena::<1>::with_min_align();
        let row: ArenaVec<'_, u8, Arena<1>> = region::vec![in &packed; 1, 2, 3];
        assert_eq!((row.len(), packed.used()), (3, 3));
    }
}

#[cfg(feature = "collections")]
mod strings {
    use super::model::{Op, check};
    use super::*;
    use proptest::prelude::*;
    use region::collections::String as ArenaString;
    use std::fmt::Write;

    #[test]
    fn a_string_at_the_tip_grows_in_place_and_gives_its_spare_room_back() {
        let arena = Arena::new();
        let mut text = ArenaString::with_capacity_in(1 << 20 | 1, &arena); // past the short blocks
        let start = text.as_ptr();
        (0..1 << 18).for_each(|_| text.push_str("0123456789"));
        assert_eq!((text.as_ptr(), text.len()), (start, 10 << 18));
        let text = text.into_bump_str();
        assert_eq!((text.as_ptr(), arena.used()), (start, 10 << 18));
        assert!(text.as_bytes().chunks(10).all(|piece| piece == b"0123456789"));
    }

    #[test]
    fn formatting_goes_into_the_arena_and_may_allocate_there() {
        struct Nested<'a>(&'a Arena);
        impl Display for Nested<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.0.alloc_fmt(format_args!("<{}>", 7)))
            }
        }
        let arena = Arena::new();
        let text = region::format!(in &arena, "{0}{0}{1:>4}", Nested(&arena), "x");
        assert_eq!(text, "<7><7>   x");
        assert_eq!(region::format!(in &arena, "plain"), "plain");
        let name = "captured";
        assert_eq!(region::format!(in &arena, "{name}",), "captured");
        let boxed = text.into_boxed_str();
        assert_eq!(&*boxed, "<7><7>   x");
    }

    #[test]
    fn a_string_that_finds_no_room_says_so_and_keeps_whole_pieces() {
        let mut memory = StackBuffer::<16>::new();
        let arena = Arena::from_buffer(&mut memory);
        let mut text = ArenaString::try_from_str_in("0123456789", &arena).unwrap();
        assert!(text.try_push_str("abcdefg").is_err());
        let (fits, does_not) = ("abcd", "efg");
        assert!(write!(text, "{fits}{does_not}").is_err());
        assert_eq!(text, "0123456789abcd");
        text.try_push('e').unwrap();
        assert!(text.try_push('\u{1F600}').is_err() && text.try_reserve(2).is_err());
        assert_eq!(text, "0123456789abcde");
        assert!(ArenaString::try_from_fmt_in(format_args!("{:9}", 1), &arena).is_err());
        drop(text);
        assert!(ArenaString::try_from_str_in("0", &arena).is_ok());
    }

    #[test]
    fn a_predicate_that_panics_leaves_text() {
        let arena = Arena::new();
        let mut text = ArenaString::from_str_in("a\u{e9}b\u{1F600}c", &arena);
        let keep = |c: char| if c == 'c' { panic!("a predicate that panics") } else { c.len_utf8() > 1 };
        assert!(catch_unwind(AssertUnwindSafe(|| text.retain(keep))).is_err());
        assert!(std::str::from_utf8(text.as_bytes()).is_ok());
        text.push('x');
        assert_eq!(text, "x");
    }

    #[test]
    fn bytes_that_are_no_text_come_back() {
        let arena = Arena::new();
        let good = ArenaString::from_utf8(region::vec![in &arena; b'o', b'k']).unwrap();
        assert_eq!(good, "ok");
        assert_eq!(good.into_bytes(), b"ok");
        let error = ArenaString::from_utf8(region::vec![in &arena; b'o', 0xff]).unwrap_err();
        assert_eq!(error.utf8_error().valid_up_to(), 1);
        assert_eq!(error.into_bytes(), [b'o', 0xff]);
    }

    #[test]
    #[should_panic(expected = "inside a character")]
    fn inserting_inside_a_character_panics() {
        let arena = Arena::new();
        ArenaString::from_str_in("\u{e9}", &arena).insert(1, 'x');
    }

    fn op() -> impl Strategy<Value = Op> {
        let text = || "\\PC{0,20}";
        prop_oneof![
            any::<char>().prop_map(Op::Push),
            text().prop_map(Op::PushStr),
            (any::<usize>(), any::<char>()).prop_map(|(at, c)| Op::Insert(at, c)),
            (any::<usize>(), text()).prop_map(|(at, piece)| Op::InsertStr(at, piece)),
            (any::<usize>(), any::<usize>(), text()).prop_map(|(from, to, piece)| Op::Replace(from, to, piece)),
            any::<(usize, usize, usize)>().prop_map(|(from, to, taken)| Op::Drain(from, to, taken)),
            any::<usize>().prop_map(Op::SplitOff),
            any::<usize>().prop_map(Op::Remove),
            Just(Op::Pop),
            any::<usize>().prop_map(Op::Truncate),
            (1..5u32).prop_map(Op::Retain),
            text().prop_map(Op::Extend),
            any::<i64>().prop_map(Op::Write),
            Just(Op::Shrink),
            Just(Op::Neighbour),
            Just(Op::Clone),
        ]
    }

    proptest! {
        #[test]
        fn a_string_is_what_the_standard_librarys_is(ops in prop::collection::vec(op(), 1..60)) {
            check(&ops);
        }
    }
}

#[cfg(all(feature = "collections", feature = "serde"))]
#[test]
fn serde_writes_them_as_what_they_hold() {
    let arena = Arena::new();
    let text = region::format!(in &arena, "{}", "text");
    let row = region::vec![in &arena; 1, 2];
    let boxed: ArenaBox<str> = ArenaBox::from_str_in("boxed", &arena);
    let slice: ArenaBox<[u8]> = ArenaBox::from_iter_in([3, 4], &arena);
    let all = serde_json::to_string(&(text, row, boxed, slice)).unwrap();
    assert_eq!(all, r#"["text",[1,2],"boxed",[3,4]]"#);
}

#[cfg(feature = "collections")]
/// What a library writes whose values may live in an arena, a scope or a claim.
#[test]
fn a_function_takes_whatever_containers_may_live_in() {
    fn words<'a, A: region::collections::ArenaAllocator>(
        text: &str,
        arena: &'a A,
    ) -> region::collections::Vec<'a, region::collections::String<'a, A>, A> {
        let mut words = region::collections::Vec::new_in(arena);
        words.extend(text.split(' ').map(|word| region::collections::String::from_str_in(word, arena)));
        words
    }
    let mut arena = region::Arena::new();
    assert_eq!(words("of an arena", &arena).len(), 3);
    let claim = arena.claim();
    assert_eq!(words("of a claim", &claim)[2], "claim");
    drop(claim);
    arena.scoped(|scope| assert_eq!(words("of a scope", &scope)[1], "a"));
}
