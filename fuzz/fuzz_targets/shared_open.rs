//! Memory that anybody wrote, opened as a shared arena; offsets that anybody made up, resolved in it.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use region::SharedArena;
use region::input::Fd;
use region::shared::{Offset, SharedReason};
use std::alloc::Layout;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::atomic::AtomicU64;

/// Bytes of the header, which no value may reach into.
const HEADER: usize = 1152;

/// What the first words say, so that most cases get past them: as the layout of `src/shared/header.rs` has it.
#[derive(Arbitrary, Debug)]
struct Header {
    /// Whether the first two words are those of an arena.
    known: bool,
    version: Option<u64>,
    /// What the arena claims, in words past the least; as it is if large.
    end: u16,
    odd_end: Option<u64>,
    cursor: u16,
    odd_cursor: Option<u64>,
    root: u64,
}

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    header: Header,
    /// Past the header.
    bytes: &'a [u8],
    /// Bytes of the memory beyond what is written.
    more: u16,
    offsets: Vec<u16>,
    odd_offsets: Vec<u64>,
    text: &'a str,
}

/// A sealed memory of these bytes, sized as said.
fn memory(bytes: &[u8], size: u64) -> File {
    // SAFETY: a plain call with a name that ends.
    let raw = unsafe { libc::memfd_create(c"fuzz".as_ptr(), libc::MFD_ALLOW_SEALING) };
    assert!(raw >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the descriptor is new, so nobody else owns it.
    let mut memory = unsafe { File::from_raw_fd(raw) };
    memory.write_all(bytes).unwrap();
    memory.set_len(size).unwrap();
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW;
    // SAFETY: a plain call on a descriptor of this function's.
    assert_eq!(unsafe { libc::fcntl(raw, libc::F_ADD_SEALS, seals) }, 0);
    memory
}

/// Looks at one offset in every way; what is said to lie there must lie inside the arena.
fn resolve(arena: &SharedArena, raw: u64) {
    let Some(offset) = Offset::<u64>::from_raw(raw) else { return };
    let base = arena.region().as_ptr().addr();
    let inside = |start: usize, len: usize| {
        assert!(start >= base + HEADER && start + len <= base + HEADER + arena.capacity(), "{start:#x} and {len} more");
    };
    if let Ok(value) = arena.get(offset.cast::<AtomicU64>()) {
        inside(std::ptr::from_ref(value).addr(), 8);
        assert!(raw.is_multiple_of(8));
    }
    let read = arena.read(offset);
    assert_eq!(read.is_ok(), arena.get(offset.cast::<AtomicU64>()).is_ok());
    if let Ok(value) = read {
        arena.write(offset, !value).unwrap();
        assert_eq!(arena.read(offset).unwrap(), !value);
        arena.write(offset, value).unwrap();
    }
    _ = arena.read(offset.cast::<[u8; 100]>());
    if let Ok(start) = arena.address(offset, 40) {
        inside(start.addr().get(), 40);
    }
}

/// As [`resolve`], for slices and text.
fn resolve_slice(arena: &SharedArena, raw: u64) {
    let Some(offset) = Offset::<[u16]>::from_raw(raw) else { return };
    if let Ok(len) = arena.slice_len(offset) {
        assert!(len * 2 <= arena.capacity());
        let mut copy = vec![0; len];
        assert_eq!(arena.read_slice(offset, &mut copy).unwrap().len(), len);
        assert!(arena.read_at(offset, len).is_err());
        if let Some(last) = len.checked_sub(1) {
            assert_eq!(arena.read_at(offset, last).unwrap(), copy[last]);
            assert!(arena.read_slice(offset, &mut copy[..last]).is_err());
        }
    }
    let Some(text) = Offset::<str>::from_raw(raw) else { return };
    let mut copy = vec![0; arena.slice_len(text.as_bytes()).unwrap_or(0)];
    _ = arena.read_str(text, &mut copy);
    if let Some(Ok(row)) = Offset::<[AtomicU64]>::from_raw(raw).map(|offset| arena.get_slice(offset)) {
        assert!(size_of_val(row) <= arena.capacity());
    }
}

fuzz_target!(|case: Case<'_>| {
    let header = &case.header;
    let mut words = [0u64; 16];
    if header.known {
        let arena = SharedArena::new(4096).unwrap();
        for (word, theirs) in words.iter_mut().zip(arena.region().words()).take(2) {
            *word = theirs.load(std::sync::atomic::Ordering::Relaxed);
        }
    }
    words[1] = header.version.unwrap_or(words[1]);
    words[2] = header.odd_end.unwrap_or(4096 + 8 * u64::from(header.end));
    words[3] = header.root;
    words[8] = header.odd_cursor.unwrap_or(HEADER as u64 + 8 * u64::from(header.cursor));
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    bytes.extend(case.bytes);
    let size = bytes.len() as u64 + u64::from(case.more);
    let file = memory(&bytes, size);
    // SAFETY: the file outlives the borrow.
    let arena = match SharedArena::open(unsafe { Fd::from_raw(file.as_raw_fd()) }) {
        Ok(arena) => arena,
        Err(error) => {
            assert!(error.to_string().starts_with("cannot open shared memory: "), "{error}");
            assert!(!matches!(error.reason(), SharedReason::Os(_) | SharedReason::NotMemory), "{error}");
            return;
        }
    };
    assert!(header.known, "{arena:?}");
    let end = HEADER + arena.capacity();
    assert!(end as u64 <= size && arena.used() <= arena.capacity(), "{arena:?}");
    // What the slots say is left is not used, and need not be true.
    assert!(words[2] == end as u64 && words[8] >= (HEADER + arena.used()) as u64);
    let mut offsets: Vec<u64> = case.offsets.iter().map(|&offset| offset.into()).collect();
    offsets.extend(&case.odd_offsets);
    offsets.extend(arena.root::<u64>().map(Offset::raw));
    for &raw in offsets.iter().take(20) {
        resolve(&arena, raw);
        resolve_slice(&arena, raw);
    }
    // What is handed out now is inside, and kept.
    let text = arena.alloc_str(case.text).ok();
    let block = arena.alloc_layout(Layout::from_size_align(24, 64).unwrap()).ok();
    for offset in block.into_iter().map(Offset::raw).chain(text.map(Offset::raw)) {
        assert!(offset >= HEADER as u64 && offset <= end as u64);
    }
    if let Some(text) = text {
        assert_eq!(arena.read_str(text, &mut vec![0; case.text.len()]).unwrap(), case.text);
    }
});
