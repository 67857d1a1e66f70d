//! Stories of what comes from outside: files, pipes, memory that other processes have too.

use super::support::{fd, pattern, pipe};
use super::sweep::{EIO, ENOMEM, EPERM, refusals_end, said, sweep};
use region::mapping::Advice;
use region::shared::SharedRegion;
use region::{Arena, FileArena, FileRegion, Input, SharedArena};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

#[test]
fn a_file_that_cannot_be_cut_stays_where_and_as_long_as_it_was() {
    sweep("file that is cut", &[EIO, ENOMEM], || {
        let path = path("cut");
        // SAFETY: nobody else knows the file.
        let mut file = unsafe { FileRegion::create(path.as_str(), 300_000) }.map_err(said)?;
        file.as_mut_slice().fill(4);
        let start = file.as_ptr();
        let cut = file.resize(10_000).map_err(said);
        let len = if cut.is_ok() { 10_000 } else { 300_000 };
        assert_eq!((file.len(), std::fs::metadata(&path).unwrap().len()), (len, len as u64));
        assert!(file.as_slice().iter().all(|&byte| byte == 4) && (cut.is_ok() || file.as_ptr() == start));
        refusals_end();
        // Cut or not, it grows and is cut again; what was cut off is zero.
        file.resize(400_000).expect("nothing is refused any more");
        let (kept, new) = file.as_slice().split_at(len);
        assert!(kept.iter().all(|&byte| byte == 4) && new.iter().all(|&byte| byte == 0));
        file.resize(5_000).expect("nothing is refused any more");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 5_000);
        cut
    });
    remove(&["cut"]);
}

/// A file of a story, by a name that the sweep knows.
fn path(of: &str) -> String {
    format!("{}/story-{of}-{}", std::env::temp_dir().display(), std::process::id())
}

/// The same with these bytes in it, written once.
fn file(of: &str, bytes: &[u8]) -> String {
    let path = path(of);
    if std::fs::metadata(&path).is_err() {
        std::fs::write(&path, bytes).unwrap();
    }
    path
}

fn remove(files: &[&str]) {
    files.iter().for_each(|of| drop(std::fs::remove_file(path(of))));
}

#[test]
fn files_are_as_long_as_they_say_and_keep_their_bytes() {
    sweep("file region", &[EIO, ENOMEM], || {
        let path = path("region");
        // SAFETY: nobody else knows the file, here and below.
        let mut file = unsafe { FileRegion::create(path.as_str(), 10_000) }.map_err(said)?;
        file.as_mut_slice().fill(4);
        let mut refused = Ok(());
        for len in [20_000, 300_000, 12_288, 10_000] {
            let before = file.len();
            if let Err(error) = file.resize(len) {
                refused = Err(said(error));
                assert_eq!(file.len(), before, "from {before} to {len}");
            }
            assert!(file.as_slice()[..10_000].iter().all(|&byte| byte == 4));
            // Every byte can be touched: the file reaches as far as the region.
            assert!(file.as_slice()[10_000..].iter().all(|&byte| byte == 0));
            assert!(std::fs::metadata(&path).unwrap().len() >= file.len() as u64);
        }
        let flushed = file.flush().and(file.flush_range(100..5_000)).and(file.flush_async()).map_err(said);
        let flushed = flushed.and(file.allocate().map_err(said));
        let advised = file.advise(.., Advice::Random).map_err(said);
        drop(file);
        // SAFETY: as above.
        let shown = unsafe { FileRegion::open_read_only(path.as_str()) }.map_err(said);
        assert!(shown.as_ref().is_ok_and(|shown| shown.as_slice()[9_999] == 4) || shown.is_err());
        // SAFETY: as above.
        let copy = unsafe { FileRegion::open_private(path.as_str()) }.map_err(said);
        if let Ok(copy) = &copy {
            assert!(copy.as_slice()[..10_000].iter().all(|&byte| byte == 4));
        }
        let told = refused.and(flushed).and(advised).and(copy.map(drop)).and(shown.map(drop));
        refusals_end();
        // SAFETY: as above.
        let mut file = unsafe { FileRegion::open(path.as_str()) }.expect("nothing is refused any more");
        file.resize(30_000).and(file.flush()).expect("nothing is refused any more");
        assert!(file.as_slice()[..10_000].iter().all(|&byte| byte == 4) && file.as_slice()[29_999] == 0);
        told
    });
    sweep("file arena", &[EIO, ENOMEM], || {
        let path = path("arena");
        // SAFETY: as above.
        let mut arena = unsafe { FileArena::create(path.as_str(), 1 << 20) }.map_err(said)?;
        let root = arena.offset_of(arena.alloc(77u64));
        arena.set_root(root);
        let flushed = arena.flush().map_err(said);
        drop(arena);
        // SAFETY: as above, and the root is the number.
        let opened = unsafe { FileArena::open(path.as_str(), 1 << 16) }.map_err(said);
        if let Ok(opened) = &opened {
            // SAFETY: as above.
            assert_eq!(unsafe { opened.get(opened.root::<u64>().unwrap()) }, Some(&77));
            opened.alloc([1u8; 1000]);
        }
        flushed.and(opened.map(drop))
    });
    remove(&["region", "arena"]);
}

#[test]
fn inputs_keep_what_they_read() {
    sweep("input", &[EIO, ENOMEM], || {
        let text = "a line of text\n".repeat(40_000);
        let path = file("input", text.as_bytes());
        let bytes = path.as_bytes();
        // SAFETY: nobody else knows the file.
        let mapped = unsafe { Input::open(bytes) }.map_err(said);
        if let Ok(input) = &mapped {
            assert_eq!(input.as_slice(), text.as_bytes());
            assert_eq!(input.lines().count(), 40_000);
        }
        let read = Input::read(bytes).map_err(|error| {
            let part = error.input().as_slice().len();
            assert!(part <= text.len());
            said(error)
        });
        if let Ok(input) = &read {
            assert_eq!(input.as_slice(), text.as_bytes());
        }
        mapped.map(drop).and(read.map(drop))
    });
    remove(&["input"]);
}

/// Files of every kind and length in one arena: each is there whole, or took nothing.
#[test]
fn files_are_in_an_arena_whole_or_not_at_all() {
    sweep("files into an arena", &[EIO, ENOMEM], || {
        let mut arena = Arena::new();
        let mut refused = Ok(());
        {
            let mut kept: Vec<&[u8]> = Vec::new();
            for (of, len) in [("short", 1_000), ("long", 90_000), ("longer", 700_000)] {
                let text = "a line of text\n".repeat(len / 15);
                let path = file(of, text.as_bytes());
                let opened = File::open(&path).unwrap();
                let (reader, mut writer) = pipe();
                writer.write_all(&text.as_bytes()[..text.len().min(60_000)]).unwrap();
                drop(writer);
                let at = |opened: &File| (&*opened).seek(SeekFrom::Start(15)).map(drop).unwrap();
                macro_rules! keep {
                    ($read:expr) => {{
                        let used = arena.used();
                        match $read {
                            Ok(bytes) => kept.push(bytes),
                            Err(error) => {
                                assert_eq!(arena.used(), used, "memory was lost");
                                refused = Err(said(error));
                            }
                        }
                    }};
                }
                keep!(arena.alloc_file(path.as_str()).map(|bytes| &*bytes));
                keep!(arena.alloc_file_str(path.as_str()).map(|text| text.as_bytes()));
                keep!(arena.alloc_file_padded(path.as_str(), 64).map(|padded| &*padded.into_bytes()));
                at(&opened);
                keep!(arena.alloc_fd(fd(&opened)).map(|bytes| &*bytes));
                at(&opened);
                keep!(arena.alloc_fd_str(fd(&opened)).map(|text| text.as_bytes()));
                keep!(arena.alloc_fd_padded(fd(&reader), 64).map(|padded| &*padded.into_bytes()));
            }
            assert!(kept.iter().all(|bytes| bytes.chunks(15).all(|line| line == b"a line of text\n")));
            refusals_end();
            let again = arena.alloc_file(path("longer").as_str()).expect("nothing is refused any more");
            assert!(again.len() == 699_990 && kept.iter().all(|bytes| again.starts_with(bytes)));
        }
        arena.reset();
        refused
    });
    remove(&["short", "long", "longer"]);
}

#[test]
fn saved_trees_are_whole_or_not_there() {
    use region::cage::{Cage, Saved, Slice32};
    region::cage! { struct Stories; }
    region::root! { struct Row = for<'a> Slice32<'a, u64, Stories>; }
    sweep("saved tree", &[ENOMEM, EIO], || {
        let path = path("saved");
        let arena = Stories::arena();
        let row = Slice32::try_new_in(&[5u64; 20_000], &arena).map_err(said)?;
        let image = Saved::<Row, Stories>::image(&row).map_err(said)?;
        image.write(path.as_str()).map_err(said)?;
        let sealed = image.seal(c"story-memory").map_err(said)?;
        // SAFETY: nobody else knows the file.
        let trusted = unsafe { Saved::<Row, Stories>::open_trusted(path.as_str()) }.map_err(said);
        let checked = Saved::<Row, Stories>::open(path.as_str()).map_err(said);
        let in_place = || Saved::<Row, Stories>::open_fd(sealed.descriptor()).map_err(said);
        let mut told = Ok(());
        for opened in [trusted, checked, in_place()] {
            match opened {
                Ok(opened) => assert!(*opened.get() == row),
                Err(refused) => told = Err(refused),
            }
        }
        refusals_end();
        assert!(*in_place().expect("nothing is refused any more").get() == row);
        told
    });
    remove(&["saved"]);
}

#[test]
fn shared_arenas_are_whole_or_not_there() {
    sweep("shared arena", &[ENOMEM, EPERM], || {
        let anonymous = SharedArena::new(1 << 20).map_err(said).and_then(|arena| {
            let word = arena.alloc(7u64).map_err(said)?;
            assert_eq!(arena.read(word).map_err(said)?, 7);
            Ok(())
        });
        let arena = SharedArena::sealed(1 << 20, c"story-memory").map_err(said)?;
        let row = arena.alloc_slice_copy(&[5u64; 100]).map_err(said)?;
        let opened = SharedArena::open(arena.descriptor().expect("sealed memory has one")).map_err(said);
        if let Ok(opened) = &opened {
            assert_eq!(opened.read_at(row, 99).map_err(said)?, 5);
        }
        assert_eq!(arena.read_at(row, 0).map_err(said)?, 5);
        anonymous.and(opened.map(drop))
    });
}

#[test]
fn streams_lose_nothing_and_begin_where_they_stand() {
    sweep("pipe", &[EIO, ENOMEM], || {
        let bytes = pattern(60_000);
        let (reader, mut writer) = pipe();
        writer.write_all(&bytes).unwrap();
        drop(writer);
        let mut refused = Ok(());
        let mut input = Input::read_fd(fd(&reader)).unwrap_or_else(|stopped| {
            refused = Err(said(&stopped));
            stopped.into_input()
        });
        assert!(bytes.starts_with(&input));
        let before = input.len();
        match input.read_more_up_to(fd(&reader), 10_000) {
            Ok(more) => assert_eq!(input.len(), before + more),
            Err(error) => refused = Err(said(error)),
        }
        assert!(bytes.starts_with(&input));
        refusals_end();
        // What was read is here, the rest still in the pipe.
        input.read_more(fd(&reader)).expect("nothing is refused any more");
        assert_eq!(*input, *bytes);
        refused
    });
    sweep("file from its middle", &[EIO, ENOMEM, EPERM], || {
        let bytes = pattern(3 << 20);
        let mut opened = File::open(file("middle", &bytes)).unwrap();
        opened.seek(SeekFrom::Start(5_000)).unwrap();
        // SAFETY: nobody else knows the file.
        let mapped = unsafe { Input::from_fd(fd(&opened)) };
        assert!(mapped.as_ref().is_err() || *mapped.as_deref().unwrap() == bytes[5_000..]);
        let mut refused = mapped.map(drop).map_err(said);
        opened.seek(SeekFrom::Start(5_000)).unwrap();
        let mut input = Input::read_fd(fd(&opened)).unwrap_or_else(|stopped| {
            refused = Err(said(&stopped));
            stopped.into_input()
        });
        assert!(bytes[5_000..].starts_with(&input));
        refusals_end();
        input.read_more(fd(&opened)).expect("nothing is refused any more");
        assert!(*input == bytes[5_000..]);
        refused
    });
    remove(&["middle"]);
}

/// Content on base pages and content on huge ones are two entries of the kernel's map, until one advice makes one of
/// them that can be resized.
#[test]
fn a_stream_whose_advice_was_refused_grows_all_the_same_later() {
    sweep("long pipe", &[EIO, ENOMEM], || {
        let bytes = pattern(5 << 20);
        let (reader, mut writer) = pipe();
        let written = bytes.clone();
        let writer = std::thread::spawn(move || writer.write_all(&written));
        let mut refused = Ok(());
        let mut input = Input::read_fd(fd(&reader)).unwrap_or_else(|stopped| {
            refused = Err(said(&stopped));
            stopped.into_input()
        });
        assert!(bytes.starts_with(&input));
        if let Err(error) = input.read_more_up_to(fd(&reader), 3 << 20) {
            refused = Err(said(error));
        }
        assert!(bytes.starts_with(&input));
        refusals_end();
        input.read_more(fd(&reader)).expect("nothing is refused any more");
        assert!(*input == *bytes);
        writer.join().unwrap().unwrap();
        refused
    });
}

#[test]
fn shared_regions_are_whole_or_not_there() {
    sweep("shared region", &[ENOMEM, EPERM], || {
        let anonymous = SharedRegion::anonymous(1 << 16).map_err(said);
        let sealed = SharedRegion::sealed(1 << 16, c"story-memory").map_err(said);
        let opened = match &sealed {
            Ok(sealed) => SharedRegion::open(sealed.descriptor().expect("sealed memory has one")).map_err(said),
            Err(refused) => Err(refused.clone()),
        };
        let mut told = Ok(());
        for region in [&anonymous, &sealed, &opened] {
            match region {
                Ok(region) => {
                    let words = region.words();
                    words[7].store(7, std::sync::atomic::Ordering::Relaxed);
                    let resident = region.try_resident().map_err(said);
                    assert!(resident.as_ref().is_ok_and(|&bytes| bytes >= 4096) || resident.is_err());
                    told = told.and(resident.map(drop));
                }
                Err(refused) => told = Err(refused.clone()),
            }
        }
        refusals_end();
        if let Ok(sealed) = &sealed {
            let opened = SharedRegion::open(sealed.descriptor().unwrap()).expect("nothing is refused any more");
            assert_eq!(opened.words()[7].load(std::sync::atomic::Ordering::Relaxed), 7);
        }
        told
    });
}
