//! What a program does with the system's memory and files beside arenas: buffers of one type, pools, regions, inputs.
//!
//! The same source on a Unix and on Windows. Where Windows refuses, the refusal is looked at.

use region::error::{Call, Reason};
use region::input::Source;
use region::mapping::{Access, Advice, AtFork, Pages};
use region::{AppendVec, Arena, ArenaPool, Input, PagePool, Region, RegionVec, TypedArena, page_size};
use std::cell::Cell;
use std::io::Write;
use std::process::{Command, Stdio};

/// Buffers that grow without moving, and give back what they do not use.
pub fn typed_buffers() {
    let mut values = RegionVec::new();
    values.push(0u64);
    let first = values.as_ptr();
    values.extend(1..2_000_000);
    assert_eq!(values.as_ptr(), first);
    assert!(values.iter().copied().eq(0..2_000_000));
    let full = values.resident();
    assert!(full >= 16_000_000, "{full}");
    values.truncate(10);
    values.shrink_to_fit();
    assert!(values.resident() <= 1 << 20, "{}", values.resident());
    values.resize(500_000, 7);
    assert!(values[..10].iter().copied().eq(0..10) && values[10..].iter().all(|&value| value == 7));

    let mut short = RegionVec::with_reservation(page_size());
    short.resize(page_size(), 1u8);
    assert!(short.capacity() == page_size() && short.try_push(1).is_err());
    assert!(RegionVec::<u64>::try_with_reservation(1 << 57).is_err());

    struct Counted<'a>(&'a Cell<u32>, Cell<Option<&'a Counted<'a>>>);
    let dropped = Cell::new(0);
    struct Drops<'a>(&'a Cell<u32>);
    impl Drop for Drops<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let arena = TypedArena::new();
    (0..100_000).for_each(|_| _ = arena.alloc(Drops(&dropped)));
    drop(arena);
    assert_eq!(dropped.get(), 100_000);
    let cycle = TypedArena::new();
    let (one, two) =
        (&*cycle.alloc(Counted(&dropped, Cell::new(None))), &*cycle.alloc(Counted(&dropped, Cell::new(None))));
    (one.1.set(Some(two)), two.1.set(Some(one)));
    assert_eq!(one.1.get().and_then(|two| two.1.get()).map(|one| one.0.get()), Some(100_000));

    let shared = AppendVec::new();
    let reader = shared.reader();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while reader.len() < 100_000 {
                let seen = reader.len();
                assert!(reader.iter().copied().take(seen).eq(0..seen));
            }
        });
        (0..100_000usize).for_each(|value| _ = shared.push(value));
    });
    assert_eq!(shared.len(), 100_000);
}

/// Pools of pages and of arenas, from several threads.
pub fn pools() {
    let pool = PagePool::new(page_size(), 256).unwrap();
    let mut pages: Vec<_> = (0..256).map(|_| pool.take_zeroed().unwrap()).collect();
    assert!(pool.take().is_err());
    pages.iter_mut().for_each(|page| page.fill(0xaa));
    assert_eq!(pool.resident(), 256 * page_size());
    drop(pages);
    assert_eq!(pool.trim(16).unwrap(), 240 * page_size());
    assert_eq!((pool.warm(), pool.resident()), (16, 16 * page_size()));
    std::thread::scope(|scope| {
        for byte in 0..4 {
            let pool = &pool;
            scope.spawn(move || {
                for round in 0..500 {
                    let mut page = pool.take_zeroed().unwrap();
                    assert!(page.iter().all(|&byte| byte == 0), "{round}");
                    page.fill(byte + 1);
                    assert!(page.iter().all(|&other| other == byte + 1));
                }
            });
        }
    });
    let aligned = PagePool::new(2 << 20, 3).unwrap();
    assert_eq!(aligned.take().unwrap().as_ptr().addr() % (2 << 20), 0);

    let arenas: ArenaPool = ArenaPool::new();
    let names: Vec<&str> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..40)
            .map(|number| {
                let arenas = &arenas;
                scope.spawn(move || &*arenas.member().alloc_fmt(format_args!("thread {number}")))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(names.iter().zip(0..).all(|(name, number)| *name == format!("thread {number}")));
}

/// Regions by their options, and what the system refuses of them.
pub fn regions() {
    let page = page_size();
    let mut region = Region::reserve(1 << 32).unwrap();
    assert_eq!(region.as_slice().len(), 0);
    region.commit(..64 * page).unwrap();
    region.as_mut_slice().fill(0xaa);
    assert_eq!(region.resident(), 64 * page);
    region.decommit(page..63 * page).unwrap();
    assert_eq!((region.resident(), region.as_slice().len()), (2 * page, 64 * page));
    assert!(region.as_slice()[page..63 * page].iter().all(|&byte| byte == 0));
    region.protect(page.., Access::None).unwrap();
    assert_eq!(region.as_slice(), vec![0xaa; page]);
    region.protect(..2 * page, Access::Read).unwrap();
    assert_eq!((region.as_slice().len(), region.as_mut_slice().len()), (2 * page, 0));

    for align in [1 << 16, 1 << 21, 1 << 30] {
        let region = Region::options().len(1 << 20).align(align).guard_pages().populate().map().unwrap();
        assert_eq!((region.as_ptr().addr() % align, region.resident()), (0, 1 << 20));
    }
    let error = Region::options().len(1 << 62).reserve_only().map().unwrap_err();
    assert!(
        error.call() == Call::Map && matches!(error.reason(), Reason::Os(_)) && error.to_string().len() > 60,
        "{error}"
    );

    // Large pages are had or refused with the reason, and a further choice serves.
    let large = Region::options().len(3 << 20);
    match large.pages(Pages::Huge2M).map() {
        Ok(region) => assert_eq!((region.len(), region.as_slice()[5]), (4 << 20, 0)),
        Err(error) => assert!(error.call() == Call::MapHuge && error.to_string().contains("further choice"), "{error}"),
    }
    let mut region = large.pages_in_order(&[Pages::Huge1G, Pages::Huge2M, Pages::Base]).map().unwrap();
    region.as_mut_slice().fill(1);
    // What the system has nothing for is a preference that is left out, or an error that says so.
    region.advise(.., Advice::Normal).unwrap();
    assert!(Region::options().len(page).name(c"a name").uncharged().map().is_ok());
    if cfg!(windows) {
        // SAFETY: there are no children.
        let forked = |at_fork| unsafe { Region::options().len(page).at_fork(at_fork) }.map();
        for refused in [
            Region::options().len(page).shared().map(),
            Region::options().len(page).not_dumped().map(),
            forked(AtFork::Wipe),
            forked(AtFork::Drop),
        ] {
            let text = refused.unwrap_err().to_string();
            assert!(
                text.contains("ERROR_NOT_SUPPORTED") && text.contains("Windows") && text.contains("leave"),
                "{text}"
            );
        }
        assert!(forked(AtFork::Keep).is_ok());
    }
    let over = Arena::over(Region::new(1 << 20).unwrap());
    assert!(over.try_alloc([0u8; 1 << 19]).is_ok() && over.try_alloc([0u8; 1 << 20]).is_err());
    assert!(Arena::with_reservation(1 << 30).try_alloc([1u8; 1 << 16]).is_ok());
}

/// Files by their paths, mapped and read, into arenas too; and what no file is.
pub fn files() {
    let folder = std::env::temp_dir().join(format!("region elsewhere {}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, len) in
        [("empty", 0), ("short", 5), ("a page", 4096), ("gr\u{fc}n \u{1f980}.txt", 3_000_000), ("long", 40 << 20)]
    {
        let path = folder.join(name);
        let bytes: Vec<u8> = (0..len).map(|at: usize| (at ^ at >> 8 ^ at >> 16) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let text = path.to_str().unwrap();
        // SAFETY: nobody else knows the file.
        let mapped = unsafe { Input::open(text) }.unwrap();
        assert!(*mapped == *bytes && mapped.source() == if len == 0 { Source::Read } else { Source::Mapped });
        let read = Input::read(&*path).unwrap();
        assert!(*read == *bytes && read.source() == Source::Read);
        let mut file = std::fs::File::open(&path).unwrap();
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(len as u64 * 2 / 3)).unwrap();
        // SAFETY: as above.
        let rest = unsafe { Input::from_fd(&file) }.unwrap();
        assert!(*rest == bytes[len * 2 / 3..]);
        assert!(*Input::read_fd(&file).unwrap() == bytes[len * 2 / 3..]);
        let arena = Arena::new();
        assert!(arena.alloc_file(text).unwrap() == bytes);
        let padded = arena.alloc_file_padded(text, 64).unwrap();
        assert!(padded[..] == bytes && padded.as_padded()[len..] == [0; 64]);
        drop((mapped, rest, file));
        std::fs::remove_file(&path).unwrap();
    }
    let poem = folder.join("poem");
    std::fs::write(&poem, "one\r\ntwo\nthree").unwrap();
    let input = Input::read(&*poem).unwrap();
    assert!(input.lines().eq([&b"one\r"[..], b"two", b"three"]));
    assert_eq!(Arena::new().alloc_file_str(&*poem).unwrap().lines().count(), 3);
    // Nobody is kept from reading, renaming or removing it meanwhile, as it was read.
    std::fs::remove_file(&poem).unwrap();

    let directory = Input::read(&*folder).unwrap_err();
    assert_eq!(directory.error().reason(), Reason::Directory);
    let missing = Input::read(&*folder.join("missing")).unwrap_err();
    assert_eq!(missing.raw_os_error(), std::fs::read(folder.join("missing")).unwrap_err().raw_os_error());
    assert!(missing.to_string().contains("no such file"), "{missing}");
    assert_eq!(Input::read("a\0b").unwrap_err().error().reason(), Reason::BadPath);
    if cfg!(windows) {
        assert_eq!(Input::read(b"\xff").unwrap_err().error().reason(), Reason::BadPath);
        let text = Input::read("a?b").unwrap_err().to_string();
        assert!(text.starts_with("cannot open the file: ERROR_INVALID_NAME (CreateFileW)."), "{text}");
        let text = Input::read("no\\such\\folder").unwrap_err().to_string();
        assert!(text.contains("A directory on the way to it"), "{text}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Standard input that is a pipe, a file, and nothing, in a child that tells what it read.
pub fn streams() {
    let bytes: Vec<u8> = (0..5_000_000u32).map(|at| (at ^ at >> 8 ^ at >> 16) as u8).collect();
    let child = |how: &str, stdin| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["stdin", how]).stdin(stdin).stdout(Stdio::piped()).spawn().unwrap()
    };
    let said = |child: std::process::Child| String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    for len in [0, 1, 65_536, 5_000_000] {
        let mut reader = child("read", Stdio::piped());
        reader.stdin.take().unwrap().write_all(&bytes[..len]).unwrap();
        assert_eq!(said(reader).trim(), summary(&bytes[..len], Source::Read));
    }
    let path = std::env::temp_dir().join(format!("region stdin {}", std::process::id()));
    std::fs::write(&path, &bytes).unwrap();
    for (how, source) in [("read", Source::Read), ("map", Source::Mapped)] {
        let file = std::fs::File::open(&path).unwrap();
        assert_eq!(said(child(how, Stdio::from(file))).trim(), summary(&bytes, source));
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(said(child("read", Stdio::null())).trim(), summary(&[], Source::Read));
}

fn summary(bytes: &[u8], source: Source) -> String {
    let sum = bytes.iter().fold(7u32, |sum, &byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{} bytes, {sum:08x}, {source:?}", bytes.len())
}

/// The child's part of [`streams`].
pub fn say_stdin(how: &str) {
    let input = match how {
        "read" => Input::read_stdin(),
        // SAFETY: the parent waits, and nobody else knows the file.
        _ => unsafe { Input::stdin() },
    };
    let input = input.unwrap_or_else(|error| panic!("{error}"));
    println!("{}", summary(&input, input.source()));
}
