//! Small ways in and out that programs rarely take, each for what it promises.
#![cfg(all(feature = "os", target_os = "linux", not(miri), not(loom)))]

mod support;

use region::arena::Zeroable;
use region::backing::{Buffer, DefaultBacking, Mapped};
use region::cache::Stats;
use region::collections::Box;
use region::error::Errno;
use region::input::{CrlfLines, PathBytes};
use region::pool::{Page, PageByte, PoolOptions};
use region::shared::{Offset, SharedRegion};
use region::typed::{IntoIter, Reader, ReaderIter};
use region::{AppendVec, Arena, Input, PagePool, RegionVec, SharedArena, StackBuffer, StaticBuffer, TypedArena};
use std::mem::MaybeUninit;
use support::watched::{Notes, Watched};

#[test]
fn rows_say_where_their_memory_comes_from() {
    let backing: &DefaultBacking = &Mapped::new();
    let described = format!("{backing:?}");
    assert_eq!(format!("{:?}", RegionVec::<u8>::new().backing()), described);
    assert_eq!(format!("{:?}", AppendVec::<u8>::new().backing()), described);
    assert_eq!(format!("{:?}", TypedArena::<u8>::new().backing()), described);
    let mut memory = StackBuffer::<64>::new();
    let arena = TypedArena::new_in(Buffer::from(&mut memory));
    assert_eq!((arena.backing().len(), *arena.try_alloc_with(|| 7u8).unwrap()), (64, 7));
    assert!(arena.try_alloc_extend(0..100).is_err());
    assert!(arena.try_alloc_with(|| 7).is_err(), "a value was allocated past the buffer's end");
}

#[test]
fn values_of_rows_are_changed_in_place() {
    let mut values = RegionVec::from([1, 2, 3]);
    // SAFETY: the first of three values.
    unsafe { *values.as_mut_ptr() = 9 };
    values.retain_mut(|value| {
        *value *= 2;
        *value != 4
    });
    let mut next = 0;
    values.resize_with(4, || {
        next += 1;
        next
    });
    assert_eq!(values, [18, 6, 1, 2]);
    let mut rest: IntoIter<i32> = values.into_iter();
    assert_eq!((rest.next(), rest.as_slice()), (Some(18), &[6, 1, 2][..]));

    let mut kept = AppendVec::from_iter(["a".to_string()]);
    kept.as_mut_slice()[0].push('!');
    let reader: Reader<'_, String> = kept.reader();
    let mut seen: ReaderIter<'_, String> = reader.iter();
    assert_eq!((seen.next().map(String::as_str), seen.next()), (Some("a!"), None));
    kept.push("b".to_string());
    assert_eq!(seen.next().map(String::as_str), Some("b"));
}

#[test]
fn a_box_goes_out_as_an_address_and_comes_back() {
    let arena = Arena::new();
    let counted = std::rc::Rc::new(());
    let raw: *mut std::rc::Rc<()> = Box::into_raw(Box::new_in(counted.clone(), &arena));
    assert_eq!(std::rc::Rc::strong_count(&counted), 2);
    // SAFETY: the address that was just given out, once.
    drop(unsafe { Box::from_raw(raw) });
    assert_eq!(std::rc::Rc::strong_count(&counted), 1);
}

/// A type of a user's own whose zero bytes are a value.
#[derive(Debug, PartialEq)]
struct Level(u8);

// SAFETY: a number.
unsafe impl Zeroable for Level {}

/// A path type of a user's own.
struct Etc(&'static str);

impl PathBytes for Etc {
    fn path_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[test]
fn types_of_ones_own_are_zeroed_and_opened() {
    let arena = Arena::new();
    assert_eq!(*arena.alloc_zeroed::<Level>(), Level(0));
    assert_eq!(arena.alloc_slice_zeroed::<Level>(2), [Level(0), Level(0)]);
    assert!(Input::read(Etc("/proc/self/status")).unwrap().starts_with(b"Name:"));
    assert_eq!(Input::read(Etc("/nothing/there")).unwrap_err().error().errno().map(Errno::raw), Some(libc::ENOENT));
    let mut lines: CrlfLines<'_> = region::Lines::new(b"a\r\nb\n").trim_crlf();
    assert_eq!((lines.next(), lines.next(), lines.next()), (Some(&b"a"[..]), Some(&b"b"[..]), None));
}

fn length_of<B: PageByte>(page: &Page<'_, B>) -> usize {
    page.len()
}

#[test]
fn pages_are_reached_by_address_too() {
    let options: PoolOptions<'_> = PagePool::options().block_size(1 << 14).capacity(4);
    let pool = options.map().unwrap();
    let mut page: Page<'_, MaybeUninit<u8>> = pool.take().unwrap();
    let address = page.as_mut_ptr();
    // SAFETY: the page's first byte.
    unsafe { address.cast::<u8>().write(7) };
    // SAFETY: it was just written.
    assert_eq!((unsafe { page[0].assume_init() }, length_of(&page)), (7, 1 << 14));
    let zeroed: Page<'_, u8> = pool.take_zeroed().unwrap();
    assert_eq!(length_of(&zeroed), 1 << 14);
}

#[test]
fn shared_text_is_read_in_place_by_those_who_trust_each_other() {
    let arena = SharedArena::new(1 << 16).unwrap();
    let bytes: Offset<[u8]> = arena.alloc_slice_copy("grüße".as_bytes()).unwrap();
    // SAFETY: this is the only process that has the memory, and nobody writes to it.
    assert_eq!(unsafe { arena.borrow_str(bytes.as_text()) }, Ok("grüße"));
    let broken: Offset<[u8]> = arena.alloc_slice_copy(&[0xff]).unwrap();
    // SAFETY: as above.
    assert!(unsafe { arena.borrow_str(broken.as_text()) }.is_err());
    assert!(!SharedRegion::anonymous(1).unwrap().is_empty());
}

#[test]
fn files_and_regions_say_what_and_where_they_are() {
    let path = format!("{}/details-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    {
        // SAFETY: the file is this test's own.
        let mut file = unsafe { region::FileRegion::create(path.as_str(), 5000) }.unwrap();
        file.as_mut_slice()[4999] = 7;
        // SAFETY: the region's last byte.
        assert_eq!(unsafe { file.as_ptr().add(4999).read() }, 7);
    }
    {
        // SAFETY: the file is this test's own.
        let arena = unsafe { region::FileArena::create(path.as_str(), 5000) }.unwrap();
        let backing: &region::file::FileBacking = arena.backing();
        assert!(format!("{backing:?}").starts_with("FileBacking"));
    }
    std::fs::remove_file(path).unwrap();

    let mut region = region::Region::new(8 * region::page_size()).unwrap();
    region.as_mut_slice()[0] = 1;
    let mut bytes = 0;
    region.page_runs(.., |run: region::mapping::PageRun| bytes += run.len).unwrap();
    assert_eq!(bytes, region.len());
    match region.set_name(c"details") {
        Ok(()) => assert!(std::fs::read_to_string("/proc/self/maps").unwrap().contains("[anon:details]")),
        // A kernel without names for mappings (CONFIG_ANON_VMA_NAME).
        Err(error) => {
            assert!(error.is(region::error::Errno::EINVAL) && error.to_string().starts_with("cannot name "), "{error}")
        }
    }
}

#[test]
fn the_cache_says_what_it_holds() {
    let Stats { kept, out, .. } = region::cache::stats();
    assert!(kept + out <= 24, "{kept} + {out}: the documented bound is 16 blocks and 8 regions");
}

#[test]
fn buffers_say_how_long_they_are_and_not_what_they_hold() {
    static TAKEN: StaticBuffer<32> = StaticBuffer::new();
    assert_eq!(format!("{:?}", StackBuffer::<16>::new()), "StackBuffer { len: 16 }");
    assert_eq!(format!("{TAKEN:?}"), "StaticBuffer { len: 32, taken: false }");
    TAKEN.take();
    assert_eq!(format!("{TAKEN:?}"), "StaticBuffer { len: 32, taken: true }");
}

#[cfg(feature = "collections")]
#[test]
fn text_is_taken_apart_and_put_together() {
    use region::collections::{FromUtf8Error, String, Vec};
    let arena = Arena::new();
    let mut text = String::from_fmt_in(format_args!("{}{}", "ab", 1), &arena);
    text.as_mut_str().make_ascii_uppercase();
    // SAFETY: ASCII is appended.
    unsafe { text.as_mut_vec().extend_from_slice_copy(b"cd") };
    assert_eq!(text, "AB1cd");
    // SAFETY: they were a text's bytes until now.
    let text = unsafe { String::from_utf8_unchecked(text.into_bytes()) };
    assert_eq!(text, "AB1cd");
    let refused: FromUtf8Error<'_> = String::from_utf8(Vec::from_iter_in([b'a', 0xff], &arena)).unwrap_err();
    assert_eq!((refused.utf8_error().valid_up_to(), &refused.into_bytes()[..]), (1, &[b'a', 0xff][..]));
}

#[test]
fn a_backing_hears_how_far_its_arena_was_rewound() {
    let notes = Notes::default();
    let mut arena = Arena::<8, _>::new_in(Watched(Mapped::new(), &notes));
    arena.alloc([0u64; 10]);
    arena.scoped(|scope| *scope.alloc([1u64; 100]));
    assert_eq!(*notes.kept.borrow(), [80]);
    arena.reset();
    assert_eq!(*notes.kept.borrow(), [80, 0]);
}
