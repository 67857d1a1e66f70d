//! Saved trees: what is opened is what was saved, wherever it lies. What is not a tree is in `saved_refused`.
#![cfg(all(unix, feature = "os"))]

#[path = "model/saved.rs"]
mod model;
mod support;

use model::{Chance, Modelled, Node, Opened, image, look, with};
use region::cage::{Box32, Cage, Image, Ref32, Savable, Saved, SavedError, SavedReason, Slice32, Str32};
use support::TempPath;

/// A path as text.
fn text(path: &TempPath) -> &str {
    std::str::from_utf8(path.bytes()).unwrap()
}

#[test]
fn what_is_opened_is_what_was_saved() {
    for seed in 0..40 {
        let arena = Modelled::arena();
        let mut chance = Chance(seed * 2 + 1);
        let root = model::tree(&mut chance, 5, &arena);
        let image = Opened::image(&root).unwrap();
        let opened = Opened::from_bytes(&image).unwrap();
        assert!(*opened.get() == root, "seed {seed}");
        // The same tree has the same bytes, wherever it lies.
        assert_eq!(Opened::image(opened.get()).unwrap().as_bytes(), image.as_bytes(), "seed {seed}");
        assert_eq!(format!("{opened:?}"), format!("Saved({root:?})"));
    }
}

#[test]
fn a_file_is_opened_in_every_way_at_its_place_and_beside_it() {
    // Where nobody else takes places in the cage.
    support::in_a_process_of_its_own!("a_file_is_opened_in_every_way_at_its_place_and_beside_it");
    let saved = image(1);
    let path = TempPath::new();
    saved.write(path.bytes()).unwrap();
    assert_eq!(std::fs::read(text(&path)).unwrap(), saved.as_bytes());
    let file = path.open();
    let free = Modelled::stats().live;
    let ways: [&dyn Fn() -> Result<Opened, SavedError>; 5] = [
        &|| Opened::open(path.bytes()),
        &|| Opened::open_fd(support::fd(&file)),
        &|| Opened::from_bytes(&saved),
        // SAFETY: the file is this test's own, and nobody changes it.
        &|| unsafe { Opened::open_trusted(path.bytes()) },
        // SAFETY: as before.
        &|| unsafe { Opened::open_trusted_fd(support::fd(&file)) },
    ];
    let original = Opened::from_bytes(&saved).unwrap();
    for (first, way) in ways.iter().enumerate() {
        for (second, other) in ways.iter().enumerate() {
            // Both at once: the second finds the place taken.
            let (one, two) = (way().unwrap(), other().unwrap());
            assert!(one.get() == two.get() && one.get() == original.get(), "{first} {second}");
            assert!(!two.is_mapped() && one.len() == saved.len() && !one.is_empty());
            drop(one);
            assert!(two.get() == original.get());
        }
    }
    drop(original);
    assert_eq!(Modelled::stats().live, free, "all units came back");
    // SAFETY: as before.
    let mapped = unsafe { Opened::open_trusted(path.bytes()) }.unwrap();
    assert!(mapped.is_mapped());
    look(mapped.get(), &mut 10_000);
}

#[test]
fn an_opened_tree_takes_just_the_units_that_it_is_long() {
    region::cage! { struct Long; }
    region::root! { struct Numbers = for<'a> Slice32<'a, u64, Long>; }
    let arena = Long::arena();
    let image = Saved::<Numbers, Long>::image(&Slice32::from_iter_in(0..100_000, &arena)).unwrap();
    drop(arena);
    let free = Long::stats().live;
    // At its place, and beside it.
    let opened = [(); 3].map(|()| Saved::<Numbers, Long>::from_bytes(&image).unwrap());
    assert_eq!(Long::stats().live - free, 3 * image.len().next_multiple_of(64 << 10));
    assert!(opened.iter().all(|tree| tree.get().iter().copied().eq(0..100_000)));
}

#[cfg(target_os = "linux")]
#[test]
fn sealed_memory_is_opened_where_it_is_and_other_memory_is_copied() {
    support::in_a_process_of_its_own!("sealed_memory_is_opened_where_it_is_and_other_memory_is_copied");
    let saved = image(2);
    let sealed: region::cage::SealedImage = saved.seal(c"saved").unwrap();
    let opened = Opened::open_fd(sealed.descriptor()).unwrap();
    assert!(opened.is_mapped());
    assert!(*opened.get() == *Opened::from_bytes(&saved).unwrap().get());
    assert!(format!("{sealed:?}").contains("descriptor") && format!("{saved:?}").contains("len"));
    drop(opened);

    // The same bytes in memory that its owner can still change.
    // SAFETY: a plain call with a name that ends.
    let open = support::owned(unsafe { libc::memfd_create(c"open".as_ptr(), libc::MFD_ALLOW_SEALING) });
    std::io::Write::write_all(&mut std::fs::File::from(open.try_clone().unwrap()), &saved).unwrap();
    let opened = Opened::open_fd(support::fd(&open)).unwrap();
    assert!(!opened.is_mapped());
    // It is cut and overwritten, and the tree is what it was.
    let file = std::fs::File::from(open);
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xff; 200], 0).unwrap();
    file.set_len(10).unwrap();
    look(opened.get(), &mut 10_000);
    let refused = Opened::open_fd(support::fd(&file)).unwrap_err();
    assert_eq!(refused.reason(), SavedReason::NotATree);
    file.set_len(0).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &saved, 0).unwrap();
    // Sealed against shrinking only.
    let raw = std::os::fd::AsRawFd::as_raw_fd(&file);
    // SAFETY: a plain call on a descriptor of this test's.
    assert_eq!(unsafe { libc::fcntl(raw, libc::F_ADD_SEALS, libc::F_SEAL_SHRINK | libc::F_SEAL_GROW) }, 0);
    assert!(!Opened::open_fd(support::fd(&file)).unwrap().is_mapped());
}

/// Where a tree's root lies.
fn address(opened: &Opened) -> usize {
    std::ptr::from_ref(opened.get()).addr()
}

/// The image of a tree that has other links in its own process than in others: the cage's base is random.
#[cfg(not(miri))]
#[test]
fn another_process_reads_it_at_another_address() {
    const NAME: &str = "another_process_reads_it_at_another_address";
    if support::is_child() {
        let path = std::env::var("SAVED_TREE").unwrap();
        let theirs: usize = std::env::var("SAVED_ADDRESS").unwrap().parse().unwrap();
        // SAFETY: the parent wrote the file and waits.
        let (trusted, place) =
            unsafe { Opened::open_trusted(path.as_str()) }.map(|tree| (tree.is_mapped(), address(&tree))).unwrap();
        let checked = Opened::open(path.as_str()).unwrap();
        assert!(trusted && address(&checked) == place);
        assert!(*checked.get() == *Opened::from_bytes(&image(3)).unwrap().get());
        // With randomized addresses it is another one; without them the test sees the rest.
        let random = std::fs::read_to_string("/proc/sys/kernel/randomize_va_space").unwrap_or_default();
        assert!(place != theirs || random.trim() != "2", "{place:#x}");
        return;
    }
    let path = TempPath::new();
    image(3).write(path.bytes()).unwrap();
    let ours = address(&Opened::open(path.bytes()).unwrap()).to_string();
    support::in_child(NAME, |command| _ = command.env("SAVED_TREE", text(&path)).env("SAVED_ADDRESS", ours));
}

/// Runs on a short stack, whatever the machine's is.
fn on_a_short_stack(work: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(128 << 10).spawn_scoped(scope, work).unwrap().join().unwrap();
    });
}

#[test]
fn depth_and_width_take_no_stack() {
    region::cage! { struct Long; }
    region::savable! {
        in Long;
        enum List<'a> { End, Item(u32, Box32<'a, List<'a>, Long>) }
    }
    region::root! { struct Lists = for<'a> Slice32<'a, List<'a>, Long>; }
    let depth = if cfg!(miri) { 200 } else { 1_000_000 };
    on_a_short_stack(|| {
        let arena = Long::arena();
        let mut list = List::End;
        for number in 0..depth {
            list = List::Item(number, Box32::new_in(list, &arena));
        }
        let ends = std::iter::repeat_with(|| List::End).take(depth as usize);
        let lists = Slice32::from_iter_in([list].into_iter().chain(ends), &arena);
        let image = Saved::<Lists, Long>::image(&lists).unwrap();
        let opened = Saved::<Lists, Long>::from_bytes(&image).unwrap();
        let (mut found, mut at) = (0, &opened.get()[0]);
        while let List::Item(number, next) = at {
            found += 1;
            assert_eq!(*number, depth - found);
            at = next;
        }
        assert_eq!((found, opened.get().len()), (depth, depth as usize + 1));
        // The end of the list, which is the last value of all.
        let mut bytes = image.to_vec();
        let last = bytes.len() - 16;
        bytes[last] = 2;
        assert!(Saved::<Lists, Long>::from_bytes(&bytes).is_err());
    });
}

/// 2 to the 200 ways lead to the last node, and it is in the file once.
#[test]
fn what_is_shared_stays_shared() {
    region::cage! { struct Links; size = 8 << 20; }
    region::savable! {
        in Links;
        struct Both<'a> { one: Option<Ref32<'a, Both<'a>, Links>>, two: Option<Ref32<'a, Both<'a>, Links>> }
    }
    region::root! { struct Dag = for<'a> Both<'a>; }
    let arena = Links::arena();
    let mut both = Both { one: None, two: None };
    for _ in 0..200 {
        let shared = Ref32::new_in(both, &arena);
        both = Both { one: Some(shared), two: Some(shared) };
    }
    let image = Saved::<Dag, Links>::image(&both).unwrap();
    assert_eq!(image.len(), 64 + 201 * 8 + 200 * 4);
    let opened = Saved::<Dag, Links>::from_bytes(&image).unwrap();
    let (mut at, mut depth) = (opened.get(), 0);
    while let (Some(one), Some(two)) = (&at.one, &at.two) {
        assert_eq!(Ref32::number(*one), Ref32::number(*two));
        (at, depth) = (one, depth + 1);
    }
    assert_eq!(depth, 200);
}

#[test]
fn units_that_cannot_be_written_by_accident_are_clean_again() {
    region::cage! { struct Small; size = 4 << 20; }
    region::root! { struct Words = for<'a> Slice32<'a, u64, Small>; }
    let image = {
        let arena = Small::arena();
        Saved::<Words, Small>::image(&Slice32::new_in(&[u64::MAX; 40_000], &arena)).unwrap()
    };
    let path = TempPath::with(&image);
    for _ in 0..3 {
        // SAFETY: the file is this test's own, and nobody changes it.
        let mapped = unsafe { Saved::<Words, Small>::open_trusted(path.bytes()) }.unwrap();
        let copied = Saved::<Words, Small>::open(path.bytes()).unwrap();
        assert!(mapped.is_mapped() && !copied.is_mapped() && mapped.get() == copied.get());
        assert!(mapped.get().iter().all(|word| *word == u64::MAX));
        drop((mapped, copied));
        // All of the cage, as zeroes and to be written.
        let arena = Small::arena();
        while let Ok(bytes) = arena.try_alloc_slice_zeroed::<u64>(1 << 12) {
            assert!(bytes.iter().all(|word| *word == 0));
            bytes.fill(7);
        }
        assert!(Small::stats().live > 3 << 20, "{}", Small::stats());
        // Now there is no place at all.
        let full = Saved::<Words, Small>::open(path.bytes()).unwrap_err();
        assert!(matches!(full.reason(), SavedReason::Alloc(_)), "{full}");
        drop(arena);
        Small::trim();
    }
    let stats = Small::stats();
    assert_eq!((stats.live, stats.kept), (0, 0), "{stats}");
}

#[test]
fn a_tree_in_an_opened_one_and_beside_it() {
    let saved = image(6);
    let opened = Opened::from_bytes(&saved).unwrap();
    // Links of a new arena lead into it; saved, they are one tree.
    let arena = Modelled::arena();
    let Node::List(rows) = opened.get() else { panic!("{opened:?}") };
    let first = Ref32::<_, Modelled>::from_ref(&rows[0]);
    let second = Ref32::new_in(Node::List(*rows), &arena);
    let both = Node::Array([model::Color::Green, model::Color::Red], [first, Some(second)]);
    let again = Opened::from_bytes(&Opened::image(&both).unwrap()).unwrap();
    assert!(*again.get() == both);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mine = Opened::from_bytes(&saved).unwrap();
                assert!(mine.get() == opened.get());
                mine
            });
        }
    });
}

#[test]
fn cages_of_every_unit_save_and_open() {
    fn check<C: Cage, R: region::arena::Root>(root: &R::Of<'_>, open: impl Fn(&R::Of<'_>) -> bool) -> Image
    where
        for<'a> R::Of<'a>: Savable<'a, C>,
    {
        let image = Saved::<R, C>::image(root).unwrap();
        assert!(open(root) && open(Saved::<R, C>::from_bytes(&image).unwrap().get()));
        let path = TempPath::with(&image);
        // SAFETY: the file is this test's own, and nobody changes it.
        let mapped = unsafe { Saved::<R, C>::open_trusted(path.bytes()) }.unwrap();
        let copied = Saved::<R, C>::open(path.bytes()).unwrap();
        assert!(open(mapped.get()) && open(copied.get()));
        for at in 64..image.len().min(300) {
            let opened = Saved::<R, C>::from_bytes(&with(&image, at, &[image[at] ^ 1]));
            opened.into_iter().for_each(|opened| _ = open(opened.get()));
        }
        image
    }
    macro_rules! unit {
        ($name:ident, $shift:literal, $len:expr) => {
            mod $name {
                use super::*;
                region::cage! { pub struct Here; shift = $shift; size = 8 << 20; }
                region::savable! {
                    in Here;
                    #[derive(Debug)]
                    pub struct Parts<'a> {
                        pub byte: Ref32<'a, u8, Here>,
                        pub text: Str32<'a, Here>,
                        pub wide: Box32<'a, u128, Here>,
                        pub texts: Slice32<'a, Str32<'a, Here>, Here>,
                        pub again: Ref32<'a, u8, Here>,
                    }
                }
                region::root! { pub struct Root = for<'a> Parts<'a>; }
            }
            let arena = $name::Here::arena();
            let text = Str32::new_in("abcde", &arena);
            let byte = Ref32::new_in(7, &arena);
            let texts = Slice32::from_iter_in([text, Str32::new_in("é", &arena), text], &arena);
            let parts = $name::Parts { byte, text, wide: Box32::new_in(9, &arena), texts, again: byte };
            let image = check::<$name::Here, $name::Root>(&parts, |parts| {
                *parts.byte + *parts.again == 14
                    && parts.text == "abcde"
                    && *parts.wide == 9
                    && parts.texts.get(2).is_some_and(|text| *text == "abcde")
            });
            assert_eq!(image.len(), $len, "{}", stringify!($name));
        };
    }
    // What aligns the wide number, which takes 8 bytes less where 8 are enough for it.
    unit!(bytes, 0, 148 + align_of::<u128>());
    unit!(twos, 1, 148 + align_of::<u128>());
    unit!(lines, 6, 456);
    unit!(pages, 12, 28_680);
}

/// Where the cage is shorter than the file's place, and where its pages are not to be written before they are needed.
#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn limits_on_addresses_and_data_move_a_tree_or_protect_it() {
    const NAME: &str = "limits_on_addresses_and_data_move_a_tree_or_protect_it";
    region::cage! { struct Limited; }
    region::root! { struct Words = for<'a> Slice32<'a, Str32<'a, Limited>, Limited>; }
    fn image() -> Image {
        let arena = Limited::arena();
        let texts = (0..50_000).map(|number: u64| Str32::new_in(&number.to_string(), &arena));
        let texts: Vec<_> = texts.collect();
        Saved::<Words, Limited>::image(&Slice32::new_in(&texts, &arena)).unwrap()
    }
    if !support::is_child() {
        let path = TempPath::with(&image());
        for limited in ["data", "addresses"] {
            support::in_child(NAME, |command| {
                command.env("SAVED_TREE", text(&path)).env("SAVED_LIMIT", limited);
            });
        }
        return;
    }
    let path = std::env::var("SAVED_TREE").unwrap();
    let by_data = std::env::var("SAVED_LIMIT").unwrap() == "data";
    if by_data {
        support::limit(libc::RLIMIT_DATA, 1 << 30);
    } else {
        // Less than the cage asks for at first, and enough for the vectors that a tree is saved with.
        let few: u64 = if usize::BITS < 64 { 600 << 20 } else { 2 << 30 };
        support::limit(libc::RLIMIT_AS, support::status("VmSize") as u64 + few);
    }
    for _ in 0..3 {
        // SAFETY: the parent wrote the file and waits.
        let trusted = unsafe { Saved::<Words, Limited>::open_trusted(path.as_str()) }.unwrap();
        assert_eq!(trusted.is_mapped(), by_data, "{}", Limited::stats());
        let checked = Saved::<Words, Limited>::open(path.as_str()).unwrap();
        assert!(trusted.get() == checked.get() && checked.get()[49_999] == "49999");
        drop((trusted, checked));
        let arena = Limited::arena();
        assert!(arena.alloc_slice_zeroed::<u64>(1 << 20).iter().all(|word| *word == 0));
    }
    assert_eq!(Limited::stats().live, 0);
    assert!(image().len() > 100_000);
}
