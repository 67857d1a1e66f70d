//! Panics of the methods that have a `try_` form: they name the program's line and not the library's, and say the
//! sentence that the `try_` form's error says.

#![cfg(all(feature = "os", panic = "unwind"))]

use region::collections::Box as ArenaBox;
use region::error::AllocReason;
use region::{AppendVec, Arena, ArenaPool, RegionVec, StackBuffer, TypedArena};
use std::alloc::Layout;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// File and line of the panic of a call that is to panic; none while no such call runs.
    static PLACE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// What a call says when it panics, and where.
fn panic_of(call: impl FnOnce()) -> (String, String, u32) {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PLACE.with_borrow_mut(|place| match (place, panic.location()) {
                (Some(place), Some(at)) => *place = (at.file().to_owned(), at.line()),
                _ => others(panic),
            });
        }));
    });
    PLACE.set(Some(Default::default()));
    let result = catch_unwind(AssertUnwindSafe(call));
    let (file, line) = PLACE.take().unwrap();
    let said = result.expect_err("did not panic");
    let said = said.downcast_ref::<String>().cloned().or(said.downcast_ref::<&str>().map(|said| said.to_string()));
    (said.unwrap_or_default(), file, line)
}

/// One method with too little memory, and the line where it is called.
macro_rules! refused {
    ($($what:expr),* $(,)?) => { [$((stringify!($what), line!(), panic_of(|| { let _ = $what; }))),*] };
}

/// Every call panicked in this file, on one of the lines where the table stands, and said what it should.
#[track_caller]
fn all_here<const N: usize>(calls: [(&str, u32, (String, String, u32)); N], begin: &str, end: &str) {
    for (what, line, (said, file, panicked)) in calls {
        assert_eq!(file, file!(), "{what}: {said}");
        // A macro that stands in a macro has the outer one's first line.
        assert!(panicked >= line, "{what} in line {line}, not {panicked}");
        assert!(said.starts_with(begin) && said.contains(end), "{what}: {said}");
    }
}

const LARGE: usize = 1000;

#[test]
fn methods_of_arenas_and_scopes_name_the_callers_line() {
    let mut memory = StackBuffer::<64>::new();
    let mut a = Arena::from_buffer(&mut memory);
    let layout = Layout::new::<[u8; LARGE]>();
    let values = [7u8; LARGE];
    let text = "x".repeat(LARGE);
    macro_rules! all {
        ($a:expr) => {
            refused![
                $a.alloc(values),
                $a.alloc([1u64; 2].map(u128::from)),
                $a.alloc_with(|| values),
                $a.alloc_try_with(|| Ok::<_, ()>(values)),
                $a.alloc_layout(layout),
                $a.alloc_layout_zeroed(layout),
                $a.alloc_slice_copy(&values),
                $a.alloc_slice_clone(&values),
                $a.alloc_slice_fill_with(LARGE, |_| 7u8),
                $a.alloc_slice_try_fill_with(LARGE, |_| Ok::<_, ()>(7u8)),
                $a.alloc_slice_fill_copy(LARGE, 7u8),
                $a.alloc_slice_fill_clone(LARGE, &7u8),
                $a.alloc_slice_fill_default::<u8>(LARGE),
                $a.alloc_slice_fill_iter(0..LARGE),
                $a.alloc_slice_try_fill_iter((0..LARGE).map(Ok::<_, ()>)),
                $a.alloc_zeroed::<[u8; LARGE]>(),
                $a.alloc_slice_zeroed::<u8>(LARGE),
                $a.alloc_str(&text),
                $a.alloc_fmt(format_args!("{text}.")),
            ]
        };
    }
    a.alloc([0u64; 5]);
    let said = "the arena's memory of 64 bytes is used up";
    all_here(all!(a), "cannot allocate ", said);
    a.scoped(|scope| all_here(all!(scope), "cannot allocate ", said));
    all_here(refused![a.alloc_slice_fill_copy(usize::MAX, 1u16)], "cannot allocate ", "no object may exceed");
    all_here(refused![Arena::with_capacity(usize::MAX)], "cannot allocate ", "no object may exceed");
    all_here(refused![Arena::<1>::with_min_align_and_capacity(usize::MAX)], "cannot ", "no object may exceed");
    let place = &a;
    all_here(
        refused![
            ArenaBox::new_in(values, place),
            ArenaBox::from_str_in(&text, place),
            ArenaBox::<[u8]>::from_iter_in(values, place),
        ],
        "cannot allocate ",
        said,
    );
    let pool = ArenaPool::new();
    let member = pool.member();
    all_here(refused![member.alloc_slice_zeroed::<u8>(usize::MAX)], "cannot ", "no object may exceed");
}

#[test]
fn methods_of_rows_name_the_callers_line() {
    let (mut one, mut two, mut three) = (StackBuffer::<64>::new(), StackBuffer::<64>::new(), StackBuffer::<64>::new());
    let mut vec = RegionVec::from_buffer(&mut one);
    let append = AppendVec::from_buffer(&mut two);
    let typed = TypedArena::from_buffer(&mut three);
    let values = [7u8; LARGE];
    let mut more = RegionVec::from(values);
    vec.extend([7u8; 64]);
    append.extend([7u8; 64]);
    typed.alloc_extend([7u8; 64]);
    let said = "the reservation of 64 bytes is used up";
    all_here(
        refused![
            vec.push(1),
            vec.insert(0, 1),
            vec.reserve(1),
            vec.resize(LARGE, 1),
            vec.resize_with(LARGE, || 1),
            vec.extend(values),
            vec.extend(&values),
            vec.extend_from_slice(&values),
            vec.extend_from_within(..),
            vec.append(&mut more),
            append.push(1),
            append.push_id(1),
            append.reserve(1),
            append.extend(values),
            append.extend_from_slice(&values),
            typed.alloc(1),
            typed.alloc_with(|| 1),
            typed.alloc_extend(values),
            // SAFETY: they are refused.
            unsafe { typed.alloc_uninit(LARGE) },
            typed.alloc_slice_copy(&values),
            typed.reserve(1),
        ],
        "cannot allocate ",
        said,
    );
    all_here(
        refused![
            RegionVec::<u16>::with_reservation(usize::MAX),
            AppendVec::<u16>::with_reservation(usize::MAX),
            TypedArena::<u16>::with_reservation(usize::MAX),
        ],
        "cannot allocate ",
        "no object may exceed",
    );
    all_here(
        refused![vec.remove(64), vec.swap_remove(64), vec.insert(65, 1), vec.drain(..65)],
        "cannot ",
        " 64 values",
    );
    let reader = append.reader();
    all_here(refused![vec[64], append[64], reader[64]], "index out of bounds", "64");
}

#[test]
fn a_display_that_fails_is_told_as_that() {
    struct Fails;
    impl fmt::Display for Fails {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let arena = Arena::new();
    let said = "cannot format into the arena: a Display implementation returned an error";
    let error = arena.try_alloc_fmt(format_args!("{Fails}")).unwrap_err();
    assert_eq!((error.reason(), error.to_string().as_str()), (AllocReason::Format, said));
    all_here(refused![arena.alloc_fmt(format_args!("{Fails}"))], said, "");
}

#[cfg(feature = "collections")]
#[test]
fn methods_of_vectors_and_strings_name_the_callers_line() {
    use region::collections::{CollectIn, String, Vec};
    let mut memory = StackBuffer::<64>::new();
    let arena = Arena::from_buffer(&mut memory);
    let place = &arena;
    let values = [7u8; LARGE];
    let long = "x".repeat(LARGE);
    let mut vec: Vec<u8, _> = Vec::from_iter_in([7u8; 64], place);
    let other = Arena::new();
    let mut others = region::vec![in &other; 1u8; 5];
    let mut text = String::new_in(place);
    all_here(
        refused![
            Vec::<u8, _>::with_capacity_in(LARGE, place),
            Vec::from_iter_in(values, place),
            region::vec![in place; 1u8; LARGE],
            region::vec![in place; 1u8, 2],
            vec.push(1),
            vec.insert(0, 1),
            vec.reserve(1),
            vec.reserve_exact(1),
            vec.resize(LARGE, 1),
            vec.resize_with(LARGE, || 1),
            vec.extend(values),
            vec.extend(&values),
            vec.extend_from_slice(&values),
            vec.extend_from_slice_copy(&values),
            vec.extend_from_slices_copy(&[&values, &values]),
            vec.extend_from_within(..),
            vec.append(&mut others),
            vec.split_off(1),
            vec.clone(),
            String::with_capacity_in(LARGE, place),
            String::from_str_in(&long, place),
            String::from_iter_in(long.chars(), place),
            region::format!(in place, "{long}."),
            text.push('x'),
            text.push('\u{e9}'),
            text.push_str(&long),
            text.insert(0, 'x'),
            text.insert_str(0, &long),
            text.reserve(1),
            text.extend(["x"]),
            text.extend(['x']),
            text.extend(&['x']),
            text += "x",
            text.replace_range(.., &long),
            text.reserve_exact(LARGE),
            String::from_str_in("", place) + "x",
            String::from_utf8_lossy_in(b"xx", place),
            String::from_utf16_in(&[0x61], place),
            long.chars().collect_in::<String<_>>(place),
            values.into_iter().collect_in::<Vec<_, _>>(place),
            values.into_iter().map(Some).collect_in::<Option<Vec<_, _>>>(place),
        ],
        "cannot allocate ",
        "the arena's memory of 64 bytes is used up",
    );
    all_here(
        refused![vec.remove(64), vec.swap_remove(64), vec.insert(65, 1), vec.drain(..65)],
        "cannot ",
        " 64 values",
    );
    all_here(refused![vec.split_off(65), vec.extend_from_within(..65)], "cannot ", " 64 values");
    let mut word = String::from_str_in("\u{e9}", &other);
    all_here(
        refused![word.truncate(1), word.insert(1, 'x'), word.remove(2), word.drain(1..), word.split_off(1)],
        "",
        "",
    );
}
