//! Shared arenas within one process: what goes in comes out, what does not fit is refused, and nothing that
//! another process could have written is believed.
#![cfg(all(target_os = "linux", not(miri), not(loom)))]

mod support;

use proptest::prelude::*;
use region::error::AllocReason;
use region::shared::{AtomicOffset, Concurrent, Offset, OffsetReason, Shareable, SharedReason, SharedRegion};
use region::{OffsetError, SharedArena, SharedError, page_size};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::alloc::Layout;
use std::fmt::{Debug, Display};
use std::fs::File;
use std::hash::Hash;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering};
use support::{TempPath, fd, owned};

/// Where the header's words lie, for those who play a hostile process.
const MAGIC: usize = 0;
const VERSION: usize = 1;
const END: usize = 2;
const ROOT: usize = 3;
const CURSOR: usize = 8;

/// What a new arena has handed out before anything is.
const HEADER: usize = 1152;

/// A sealed memory of these bytes, sized as said.
fn memory(bytes: &[u8], size: u64, flags: libc::c_uint, seals: libc::c_int) -> File {
    // SAFETY: a plain call with a name that ends.
    let memory = unsafe { libc::memfd_create(c"test".as_ptr(), flags | libc::MFD_ALLOW_SEALING) };
    let mut memory = File::from(owned(memory));
    memory.write_all(bytes).unwrap();
    memory.set_len(size).unwrap();
    // SAFETY: a plain call on a descriptor of this function's.
    assert_eq!(unsafe { libc::fcntl(memory.as_raw_fd(), libc::F_ADD_SEALS, seals) }, 0);
    memory
}

fn reason(answer: Result<SharedArena, SharedError>) -> SharedReason {
    let error = answer.unwrap_err();
    assert!(error.to_string().starts_with("cannot open shared memory: "), "{error}");
    error.reason()
}

/// The system's answer inside a refusal.
fn refused_by_system(answer: Result<SharedArena, SharedError>, errno: &str) {
    match reason(answer) {
        SharedReason::Os(error) => {
            assert!(error.errno().and_then(region::error::Errno::name) == Some(errno), "{error}")
        }
        other => panic!("{other:?}"),
    }
}

/// An arena and a second mapping of its memory, as another process would have.
fn pair(capacity: usize) -> (SharedArena, SharedRegion) {
    let arena = SharedArena::sealed(capacity, c"test").unwrap();
    let other = SharedRegion::open(arena.descriptor().unwrap()).unwrap();
    (arena, other)
}

region::shareable! {
    /// Plain data of several sizes, without padding.
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Record { id: u64, name: Option<Offset<str>>, low: u16, high: u16, score: f32 }
}

region::concurrent! {
    /// A node that is linked and counted in place.
    struct Node { next: AtomicOffset<Node>, hits: AtomicU64 }
}

assert_impl_all!(SharedArena: Send, Sync, Debug, Display);
assert_impl_all!(SharedRegion: Send, Sync, Debug);
// A handle may go anywhere, whatever it leads to.
assert_impl_all!(Offset<std::cell::Cell<*const u8>>: Send, Sync, Copy, Eq, Hash);
assert_impl_all!(AtomicOffset<str>: Send, Sync, Default);
assert_impl_all!(Option<Offset<str>>: Shareable);
// Zero is no offset, and no peer can be kept from writing one.
assert_not_impl_any!(Offset<str>: Shareable);
assert_not_impl_any!(bool: Shareable);
assert_not_impl_any!(&'static str: Shareable);
assert_impl_all!([AtomicOffset<str>; 3]: Concurrent);
assert_not_impl_any!(u64: Concurrent);
assert_not_impl_any!(std::sync::atomic::AtomicU32: Concurrent);
assert_impl_all!(SharedError: std::error::Error, Send, Sync, Copy);
assert_impl_all!(OffsetError: std::error::Error, Send, Sync, Copy);

#[test]
fn what_goes_in_comes_out_at_any_address() {
    let (ours, _) = pair(1 << 16);
    let name = ours.alloc_str("Grüße").unwrap();
    let record = Record { id: u64::MAX, name: Some(name), low: 1, high: 2, score: -0.5 };
    let offset = ours.alloc(record).unwrap();
    ours.set_root(offset);

    let theirs = SharedArena::open(ours.descriptor().unwrap()).unwrap();
    assert_ne!(ours.region().as_ptr(), theirs.region().as_ptr());
    let root = theirs.root::<Record>().unwrap();
    let seen = theirs.read(root).unwrap();
    assert_eq!(seen, record);
    assert_eq!(theirs.read_str(seen.name.unwrap(), &mut [0; 32]).unwrap(), "Grüße");
    theirs.write(root, Record { id: 3, ..seen }).unwrap();
    assert_eq!(ours.read(offset).unwrap().id, 3);
    assert_eq!((ours.used(), ours.capacity()), (theirs.used(), theirs.capacity()));
}

#[test]
fn values_of_every_size_and_alignment_keep_apart() {
    #[repr(align(256))]
    #[derive(Clone, Copy)]
    struct Wide(#[allow(dead_code)] [u8; 256]);
    // SAFETY: an array of bytes that fills its alignment.
    unsafe impl region::shared::Shareable for Wide {}

    let arena = SharedArena::new(1 << 16).unwrap();
    let byte = arena.alloc(0xabu8).unwrap();
    let wide = arena.alloc(Wide([7; 256])).unwrap();
    let odd = arena.alloc([1u8, 2, 3]).unwrap();
    let pair = arena.alloc(u128::MAX).unwrap();
    let wides = arena.alloc_slice_copy(&[Wide([8; 256]); 2]).unwrap();
    let bytes = arena.alloc_slice_copy(&[9u8; 13]).unwrap();
    let none = arena.alloc_slice_copy(&[0u16; 0]).unwrap();
    assert_eq!(wide.raw() % 256, 0);
    assert_eq!(wides.raw() % 256, 0);
    assert_eq!(pair.raw() % 16, 0);
    assert_eq!(arena.read(byte).unwrap(), 0xab);
    assert_eq!(arena.read(wide).unwrap().0, [7; 256]);
    assert_eq!(arena.read(odd).unwrap(), [1, 2, 3]);
    assert_eq!(arena.read(pair).unwrap(), u128::MAX);
    assert_eq!(arena.read_at(wides, 1).unwrap().0, [8; 256]);
    assert_eq!(arena.read_slice(bytes, &mut [0; 20]).unwrap(), [9; 13]);
    assert_eq!(arena.slice_len(none).unwrap(), 0);
}

#[test]
fn references_and_addresses_are_aligned_wherever_the_memory_is_mapped() {
    region::concurrent! {
        #[repr(align(4096))]
        struct Page { words: [AtomicU64; 512] }
    }
    /// Whether its place is aligned is for each process to see: memory is mapped at any page.
    #[repr(align(16384))]
    struct Wide;

    // Of an odd number of pages, mapped side by side: some of them start where wide values are aligned, some do not.
    let arenas: Vec<SharedArena> = (0..16).map(|_| SharedArena::new((9 << 12) - HEADER).unwrap()).collect();
    for arena in &arenas {
        let page = arena.alloc_zeroed::<Page>().unwrap();
        let here = arena.get(page).unwrap();
        assert!(std::ptr::from_ref(here).is_aligned() && here.words[511].load(Ordering::Relaxed) == 0);
        // SAFETY: this process alone has the memory, and writes to it no more.
        assert!(unsafe { arena.borrow(page) }.is_ok_and(|page| std::ptr::from_ref(page).is_aligned()));
        match arena.address(Offset::<Wide>::from_raw(16384).unwrap(), 8) {
            Ok(place) => assert!(place.is_aligned(), "{place:p}"),
            Err(error) => assert_eq!(error.reason(), OffsetReason::Misaligned),
        }
    }
}

#[test]
fn elements_are_read_wherever_they_lie_in_their_words() {
    let arena = SharedArena::new(1 << 16).unwrap();
    let values: Vec<[u8; 3]> = (0..100).map(|n| [n, n + 1, n + 2]).collect();
    let slice = arena.alloc_slice_copy(&values).unwrap();
    for (index, value) in values.iter().enumerate() {
        assert_eq!(arena.read_at(slice, index).unwrap(), *value);
    }
    assert_eq!(arena.read_at(slice, 100).unwrap_err().reason(), OffsetReason::Count(100));
    assert_eq!(arena.read_slice(slice, &mut [[0; 3]; 99]).unwrap_err().reason(), OffsetReason::Count(100));
    // SAFETY: nobody writes to the slice any more.
    assert_eq!(unsafe { arena.borrow_slice(slice) }.unwrap(), values);
}

#[test]
fn values_without_bytes_take_none() {
    let arena = SharedArena::new(4096).unwrap();
    let rest = arena.alloc_layout(Layout::from_size_align(arena.capacity(), 1).unwrap()).unwrap();
    assert_eq!((arena.used(), rest.raw()), (arena.capacity(), HEADER as u64));
    let nothing = arena.alloc(()).unwrap();
    assert_eq!(arena.read(nothing), Ok(()));
    let aligned = arena.alloc_layout(Layout::from_size_align(0, 4096).unwrap()).unwrap();
    assert_eq!(aligned.raw() % 4096, 0);
    assert!(arena.address(aligned, 0).is_ok());
}

#[test]
fn figures_count_every_byte_and_a_refusal_changes_none() {
    let arena = SharedArena::new(10_000).unwrap();
    assert_eq!(arena.capacity(), (10_000 + HEADER).next_multiple_of(page_size()) - HEADER);
    assert_eq!(arena.used(), 0);
    arena.alloc(1u8).unwrap();
    assert_eq!(arena.used(), 8);
    arena.alloc_str("123456789").unwrap();
    assert_eq!(arena.used(), 8 + 8 + 16);
    let left = arena.capacity() - arena.used();
    let error = arena.alloc_layout(Layout::from_size_align(left + 1, 1).unwrap()).unwrap_err();
    assert_eq!((error.size(), error.reason()), (left + 1, AllocReason::Exhausted(arena.capacity())));
    assert_eq!(arena.used(), 32);
    arena.alloc_layout(Layout::from_size_align(left, 8).unwrap()).unwrap();
    assert_eq!(arena.used(), arena.capacity());
    assert!(arena.alloc(1u8).is_err() && arena.alloc_str("").is_err());
    let report = arena.to_string();
    // The header ends an eighth past a KiB.
    let first_line = format!("shared arena of {}.8 KiB\n  used", arena.capacity() >> 10);
    assert!(report.starts_with(&first_line), "{report}");
}

#[test]
fn sizes_near_the_top_are_refused_and_never_wrap() {
    let arena = SharedArena::new(1 << 16).unwrap();
    for len in [usize::MAX, usize::MAX - 3, isize::MAX as usize, isize::MAX as usize / 8, usize::MAX / 8 + 2] {
        let refused = arena.alloc_slice_zeroed::<u64>(len).unwrap_err();
        assert!(matches!(refused.reason(), AllocReason::TooLarge | AllocReason::Exhausted(_)), "{refused}");
    }
    let huge = Layout::from_size_align(isize::MAX as usize - 7, 8).unwrap();
    assert!(arena.alloc_layout(huge).is_err());
    let aligned = arena.alloc_layout(Layout::from_size_align(8, 8192).unwrap()).unwrap_err();
    assert_eq!(aligned.reason(), AllocReason::Alignment(4096));
    assert_eq!(arena.used(), 0);
    for capacity in [usize::MAX, usize::MAX - 200, isize::MAX as usize] {
        assert!(SharedArena::new(capacity).is_err());
        assert!(SharedArena::sealed(capacity, c"test").is_err());
    }
}

#[test]
fn zeroed_memory_is_zero_and_takes_no_ram() {
    let arena = SharedArena::new(64 << 20).unwrap();
    let before = arena.region().resident();
    let sparse = arena.alloc_slice_zeroed::<AtomicU64>(8_000_000).unwrap();
    let slots = arena.get_slice(sparse).unwrap();
    slots[7_000_000].store(1, Ordering::Relaxed);
    assert_eq!(slots[6_999_999].load(Ordering::Relaxed), 0);
    let grown = arena.region().resident() - before;
    // A huge page at most for the one touch, where the system gives shared memory those.
    assert!(grown <= 4 << 20, "{grown} bytes for one word");
}

#[test]
fn threads_allocate_and_link_at_once() {
    const EACH: u64 = 20_000;
    let arena = &SharedArena::new(4 << 20).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                for hits in 0..EACH {
                    let mut next = arena.root();
                    let node = arena.alloc(Node { next: AtomicOffset::default(), hits: hits.into() }).unwrap();
                    loop {
                        arena.get(node).unwrap().next.store(next);
                        match arena.root_link().compare_exchange(next, Some(node)) {
                            Ok(_) => break,
                            Err(now) => next = now,
                        }
                    }
                }
            });
        }
    });
    let (mut count, mut sum, mut at) = (0, 0, arena.root::<Node>());
    while let Some(node) = at {
        let node = arena.get(node).unwrap();
        (count, sum, at) = (count + 1, sum + node.hits.load(Ordering::Relaxed), node.next.load());
    }
    assert_eq!((count, sum), (4 * EACH, 4 * (EACH * (EACH - 1) / 2)));
    assert_eq!(arena.used(), 4 * EACH as usize * size_of::<Node>());
}

#[test]
fn what_is_no_memory_is_not_opened() {
    let (reader, writer) = std::io::pipe().unwrap();
    assert_eq!(reason(SharedArena::open(fd(&reader))), SharedReason::NotMemory);
    assert_eq!(reason(SharedArena::open(fd(&writer))), SharedReason::NotMemory);
    let directory = File::open(env!("CARGO_TARGET_TMPDIR")).unwrap();
    assert_eq!(reason(SharedArena::open(fd(&directory))), SharedReason::NotMemory);
    let null = File::open("/dev/null").unwrap();
    assert_eq!(reason(SharedArena::open(fd(&null))), SharedReason::NotMemory);
    // SAFETY: plain calls that make descriptors.
    let (events, (left, _right)) = unsafe {
        let mut ends = [0; 2];
        assert_eq!(libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, ends.as_mut_ptr()), 0);
        (owned(libc::eventfd(0, 0)), (owned(ends[0]), owned(ends[1])))
    };
    assert_eq!(reason(SharedArena::open(fd(&events))), SharedReason::NotMemory);
    assert_eq!(reason(SharedArena::open(fd(&left))), SharedReason::NotMemory);
    // A file with the very bytes of an arena can still be cut short. What a file system says to the question
    // differs: no seals, or none that help.
    let arena = SharedArena::new(4096).unwrap();
    // SAFETY: nobody else has this memory, and nothing writes to it meanwhile.
    let bytes = unsafe { std::slice::from_raw_parts(arena.region().as_ptr(), arena.region().len()) };
    let path = TempPath::with(bytes);
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let refused = reason(SharedArena::open(fd(&file)));
    assert!(matches!(refused, SharedReason::NotMemory | SharedReason::Unsealed), "{refused:?}");
}

#[test]
fn descriptors_that_are_closed_or_lack_access_are_refused() {
    // SAFETY: no file has this number, which is what is tested.
    refused_by_system(SharedArena::open(unsafe { region::input::Fd::from_raw(-1) }), "EBADF");
    // SAFETY: as above; a process has no such limit.
    refused_by_system(SharedArena::open(unsafe { region::input::Fd::from_raw(i32::MAX) }), "EBADF");

    let arena = SharedArena::sealed(4096, c"test").unwrap();
    let path = format!("/proc/self/fd/{}", arena.descriptor().unwrap().as_raw());
    let read_only = File::open(&path).unwrap();
    refused_by_system(SharedArena::open(fd(&read_only)), "EACCES");
    let c_path = std::ffi::CString::new(path).unwrap();
    // SAFETY: a plain call with a path that ends.
    let path_only: OwnedFd = owned(unsafe { libc::open(c_path.as_ptr(), libc::O_PATH) });
    refused_by_system(SharedArena::open(fd(&path_only)), "EBADF");

    let bytes = vec![0; 4096];
    let unwritable = memory(&bytes, 4096, 0, libc::F_SEAL_SHRINK | libc::F_SEAL_WRITE);
    refused_by_system(SharedArena::open(fd(&unwritable)), "EPERM");
}

#[test]
fn memory_that_may_shrink_is_not_opened() {
    let arena = SharedArena::sealed(4096, c"test").unwrap();
    let words: Vec<u8> =
        arena.region().words().iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
    for seals in [0, libc::F_SEAL_GROW, libc::F_SEAL_SEAL] {
        let memory = memory(&words, words.len() as u64, 0, seals);
        assert_eq!(reason(SharedArena::open(fd(&memory))), SharedReason::Unsealed);
        assert_eq!(SharedRegion::open(fd(&memory)).unwrap_err().reason(), SharedReason::Unsealed);
    }
    // The same bytes under the seal are an arena, and may grow behind it.
    let sealed = memory(&words, words.len() as u64, 0, libc::F_SEAL_SHRINK);
    let opened = SharedArena::open(fd(&sealed)).unwrap();
    sealed.set_len(1 << 20).unwrap();
    assert!(sealed.set_len(4096).is_err());
    assert_eq!(opened.capacity(), arena.capacity());
    assert_eq!(SharedArena::open(fd(&sealed)).unwrap().capacity(), arena.capacity());
}

#[test]
fn memory_made_here_can_neither_shrink_nor_be_shut() {
    let arena = SharedArena::sealed(1 << 16, c"test").unwrap();
    let memory = arena.descriptor().unwrap().as_raw();
    // SAFETY: plain calls on a descriptor that `arena` keeps open.
    unsafe {
        assert_eq!(libc::ftruncate(memory, 0), -1);
        assert_eq!(libc::ftruncate(memory, 1 << 20), -1);
        assert_eq!(libc::fcntl(memory, libc::F_ADD_SEALS, libc::F_SEAL_FUTURE_WRITE), -1);
        assert_ne!(libc::fcntl(memory, libc::F_GETFD) & libc::FD_CLOEXEC, 0);
    }
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(maps.contains("/memfd:test"), "the memory has its name");
}

/// Huge pages are taken from a pool, and what a hostile process punches out of them may be gone for good.
#[test]
fn memory_of_huge_pages_is_not_opened() {
    // SAFETY: a plain call with a name that ends.
    let huge = unsafe { libc::memfd_create(c"test".as_ptr(), libc::MFD_HUGETLB | libc::MFD_ALLOW_SEALING) };
    if huge < 0 {
        let error = std::io::Error::last_os_error();
        std::io::stderr().write_all(format!("\nSKIPPED: no huge-page memory here: {error}\n").as_bytes()).unwrap();
        return;
    }
    let huge = File::from(owned(huge));
    // Its length must be a multiple of its pages', and they are its blocks.
    huge.set_len(huge.metadata().unwrap().blksize()).unwrap();
    // SAFETY: a plain call on a descriptor of this function's.
    assert_eq!(unsafe { libc::fcntl(huge.as_raw_fd(), libc::F_ADD_SEALS, libc::F_SEAL_SHRINK) }, 0);
    assert_eq!(reason(SharedArena::open(fd(&huge))), SharedReason::HugePages);
}

#[test]
fn a_header_that_makes_no_sense_is_refused_by_name() {
    let (arena, other) = pair(1 << 16);
    let descriptor = arena.descriptor().unwrap();
    let len = arena.region().len() as u64;
    type Case = (usize, u64, fn(u64) -> SharedReason);
    let cases: &[Case] = &[
        (MAGIC, 0, |_| SharedReason::NoArena),
        (MAGIC, u64::MAX, |_| SharedReason::NoArena),
        (VERSION, 0, SharedReason::Version),
        (VERSION, 1 | 8 << 32, SharedReason::Version),
        (END, 0, SharedReason::End),
        (END, 4088, SharedReason::End),
        (END, len + 8, SharedReason::End),
        (END, len - 1, SharedReason::End),
        (END, u64::MAX, SharedReason::End),
        (CURSOR, 0, SharedReason::Cursor),
        (CURSOR, HEADER as u64 - 8, SharedReason::Cursor),
        (CURSOR, HEADER as u64 + 1, SharedReason::Cursor),
        (CURSOR, len + 8, SharedReason::Cursor),
        (CURSOR, u64::MAX - 7, SharedReason::Cursor),
    ];
    for &(word, value, expected) in cases {
        let before = other.words()[word].swap(value, Ordering::Relaxed);
        assert_eq!(reason(SharedArena::open(descriptor)), expected(value), "word {word}");
        other.words()[word].store(before, Ordering::Relaxed);
        assert!(SharedArena::open(descriptor).is_ok());
    }
}

#[test]
fn truncated_and_empty_memory_is_refused() {
    let arena = SharedArena::sealed(1 << 16, c"test").unwrap();
    let words: Vec<u8> =
        arena.region().words().iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
    let open = |size: usize| {
        let memory = memory(&words[..size], size as u64, 0, libc::F_SEAL_SHRINK);
        reason(SharedArena::open(fd(&memory)))
    };
    assert_eq!(open(0), SharedReason::TooSmall(0));
    assert_eq!(open(1), SharedReason::NoArena);
    assert_eq!(open(8), SharedReason::Version(0));
    for size in [16, 100, 4096, 8192, words.len() - 4096] {
        let refused = open(size);
        assert!(matches!(refused, SharedReason::End(_)), "{size}: {refused:?}");
    }
    let vast = memory(&words, i64::MAX as u64, 0, libc::F_SEAL_SHRINK);
    let refused = reason(SharedArena::open(fd(&vast)));
    assert!(matches!(refused, SharedReason::TooLarge(_) | SharedReason::Os(_)), "{refused:?}");
}

#[test]
fn forged_offsets_are_refused_or_stay_inside() {
    let (arena, other) = pair(1 << 16);
    let end = arena.region().len() as u64;
    let text = arena.alloc_str("abc").unwrap();
    for raw in [1, 7, 8, 120, end, end + 8, 1 << 40, u64::MAX, u64::MAX - 7, i64::MAX as u64 + 1] {
        let value = Offset::<u64>::from_raw(raw).unwrap();
        assert!(arena.read(value).is_err() && arena.write(value, 0).is_err(), "{raw:#x}");
        assert!(arena.get(value.cast::<AtomicU64>()).is_err());
        assert!(arena.address(value, 1).is_err());
        // An empty slice may lie at the very end.
        let slice = Offset::<[AtomicU64]>::from_raw(raw).unwrap();
        assert_eq!(arena.get_slice(slice).is_ok(), raw == end, "{raw:#x}");
        assert!(arena.read_at(slice, 0).is_err());
    }
    assert_eq!(arena.read(Offset::<u64>::from_raw(end - 8).unwrap()), Ok(0));
    assert!(arena.read(Offset::<u128>::from_raw(end - 8).unwrap()).is_err());

    let length = &other.words()[text.raw() as usize / 8 - 1];
    for forged in [end, end - text.raw() + 1, u64::MAX, i64::MAX as u64, i64::MAX as u64 + 1] {
        length.store(forged, Ordering::Relaxed);
        let error = arena.read_str(text, &mut [0; 1 << 17]).unwrap_err();
        assert_eq!((error.offset(), error.reason()), (text.raw(), OffsetReason::Length(forged)));
    }
    length.store(2, Ordering::Relaxed);
    assert_eq!(arena.read_str(text, &mut [0; 8]).unwrap(), "ab");
    other.words()[text.raw() as usize / 8].store(u64::MAX, Ordering::Relaxed);
    assert_eq!(arena.read_str(text, &mut [0; 8]).unwrap_err().reason(), OffsetReason::NotText);
    other.words()[ROOT].store(3, Ordering::Relaxed);
    assert_eq!(arena.read(arena.root::<u64>().unwrap()).unwrap_err().reason(), OffsetReason::Outside);
    other.words()[ROOT].store(0, Ordering::Relaxed);
    assert_eq!(arena.root::<u64>(), None);
}

#[test]
fn a_cursor_that_is_written_over_stops_allocation_and_nothing_else() {
    let (arena, other) = pair(1 << 16);
    let kept = arena.alloc(5u64).unwrap();
    let good = other.words()[CURSOR].load(Ordering::Relaxed);
    // What was claimed ahead still serves.
    let ahead = good as usize - HEADER - arena.used();
    if ahead != 0 {
        arena.alloc_layout(Layout::from_size_align(ahead, 8).unwrap()).unwrap();
    }
    for cursor in [0, 8, 120, 129, 1 << 16 | 4, 1 << 40, u64::MAX, u64::MAX - 7] {
        other.words()[CURSOR].store(cursor, Ordering::Relaxed);
        assert_eq!(arena.alloc(1u64).unwrap_err().reason(), AllocReason::Corrupt, "{cursor:#x}");
        assert_eq!(arena.alloc_str("x").unwrap_err().reason(), AllocReason::Corrupt);
        assert!(arena.used() <= arena.capacity());
        assert_eq!(arena.read(kept), Ok(5));
    }
    other.words()[CURSOR].store(good, Ordering::Relaxed);
    assert!(arena.alloc(1u64).is_ok());
}

#[test]
fn pages_that_a_peer_punches_out_come_back_as_zeroes() {
    let (arena, _) = pair(1 << 20);
    let text = arena.alloc_str("kept?").unwrap();
    let counts = arena.alloc_slice_zeroed::<AtomicU64>(10_000).unwrap();
    let slots = arena.get_slice(counts).unwrap();
    slots.iter().for_each(|slot| slot.store(1, Ordering::Relaxed));
    let hole = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    // SAFETY: a plain call on a descriptor that `arena` keeps open.
    let punched =
        unsafe { libc::fallocate(arena.descriptor().unwrap().as_raw(), hole, 0, arena.region().len() as libc::off_t) };
    assert_eq!(punched, 0);
    assert!(slots.iter().all(|slot| slot.load(Ordering::Relaxed) == 0));
    assert_eq!(arena.read_str(text, &mut [0; 8]).unwrap(), "");
    assert_eq!(arena.alloc(1u8).unwrap_err().reason(), AllocReason::Corrupt);
    assert_eq!(reason(SharedArena::open(arena.descriptor().unwrap())), SharedReason::NoArena);
    slots[9_999].store(2, Ordering::Relaxed);
    assert_eq!(slots[9_999].load(Ordering::Relaxed), 2);
}

/// A peer writes at random over header and content, all the time, while this process allocates and follows
/// what it finds. Whatever comes out, nothing panics and nothing outside is touched.
#[test]
fn a_hostile_peer_gets_errors_and_no_more() {
    let (arena, other) = pair(1 << 16);
    let len = arena.region().len() as u64;
    let done = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = 0x9e37_79b9_7f4a_7c15_u64;
            while done.load(Ordering::Relaxed) == 0 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let value = match random >> 61 {
                    0 => random,
                    1 => HEADER as u64,
                    2 => len,
                    _ => ((random >> 20) % len) & !7,
                };
                let at = match random >> 58 & 3 {
                    0 => CURSOR,
                    1 => ROOT,
                    _ => (random >> 7) as usize % other.words().len(),
                };
                other.words()[at].store(value, Ordering::Relaxed);
            }
        });
        let mut served = 0;
        let mut buffer = vec![0; 1 << 17];
        for round in 0..300_000u64 {
            if let Ok(offset) = arena.alloc([round; 3]) {
                assert!(offset.raw() >= HEADER as u64 && offset.raw() + 24 <= len && offset.raw() % 8 == 0);
                served += 1;
            }
            if let Some(text) = arena.root::<str>() {
                let _ = arena.read_str(text, &mut buffer);
                let _ = arena.read_at(text.as_bytes(), 5);
            }
            let mut at = arena.root::<Node>();
            for _ in 0..4 {
                let Some(Ok(node)) = at.map(|at| arena.get(at)) else { break };
                node.hits.fetch_add(1, Ordering::Relaxed);
                at = node.next.load();
            }
            assert!(arena.used() <= arena.capacity());
            let _ = (arena.alloc_str("text"), arena.alloc_slice_zeroed::<u32>(3));
        }
        done.store(1, Ordering::Relaxed);
        assert!(served > 0, "the peer left room now and then");
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Arbitrary bytes, some behind a header that begins well: refused, or used without a fault.
    #[test]
    fn arbitrary_bytes_are_refused_or_harmless(
        bytes in proptest::collection::vec(any::<u8>(), 0..6000),
        good in 0..=3usize,
        numbers in proptest::array::uniform4(prop_oneof![any::<u64>(), (0..1024u64).prop_map(|n| n * 8)]),
        size in prop_oneof![Just(None), (0..40_000u64).prop_map(Some)],
        offsets in proptest::collection::vec(prop_oneof![any::<u64>(), (0..1024u64).prop_map(|n| n * 8)], 0..8),
    ) {
        let mut bytes = bytes;
        let model = SharedArena::sealed(4096, c"test").unwrap();
        let mut put = |word: usize, value: u64| {
            if let Some(place) = bytes.get_mut(word * 8..word * 8 + 8) {
                place.copy_from_slice(&value.to_ne_bytes());
            }
        };
        for word in [MAGIC, VERSION].into_iter().take(good) {
            put(word, model.region().words()[word].load(Ordering::Relaxed));
        }
        if good == 3 {
            put(END, numbers[0]);
            put(CURSOR, numbers[1]);
            put(ROOT, numbers[2]);
        }
        let size = size.unwrap_or(bytes.len() as u64);
        let memory = memory(&bytes, size, 0, libc::F_SEAL_SHRINK);
        if let Ok(arena) = SharedArena::open(fd(&memory)) {
            prop_assert!(good >= 2 && arena.capacity() as u64 + HEADER as u64 <= size);
            prop_assert!(arena.used() <= arena.capacity());
            let mut buffer = vec![0; 1 << 16];
            for raw in offsets.into_iter().chain([numbers[3]]) {
                let Some(offset) = Offset::<u64>::from_raw(raw) else { continue };
                let inside = raw >= HEADER as u64 && raw % 8 == 0 && raw <= (arena.capacity() + HEADER - 8) as u64;
                prop_assert_eq!(arena.read(offset).is_ok(), inside);
                let _ = arena.read_str(Offset::from_raw(raw).unwrap(), &mut buffer);
                let _ = arena.read_at(Offset::<[[u8; 5]]>::from_raw(raw).unwrap(), 3);
            }
            while arena.alloc([1u64; 16]).is_ok() {}
            prop_assert!(arena.capacity() - arena.used() < 128);
        }
    }
}
