//! Bytes that anybody wrote, opened as a saved tree: those of a tree with changes, or any behind its header.
#![no_main]

#[path = "../../tests/model/saved.rs"]
mod model;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Change<'a> {
    /// Bytes from a place behind the header on.
    Bytes(u16, &'a [u8]),
    /// A number of another place.
    Copied(u16, u16),
    /// A number that is a little more or less.
    Moved(u16, i8),
    /// The file's length, and the end of its values, as the header has them.
    Cut(u16),
    /// How many shared values the header says that there are.
    Shared(u8),
    /// What is behind a place.
    Tail(u16, &'a [u8]),
}

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    seed: u8,
    changes: Vec<Change<'a>>,
}

/// Where the header has the number of shared values, the end of values, the file's length.
const SHARED: usize = 36;
const END: usize = 40;
const LEN: usize = 48;
const HEADER: usize = 64;

fn apply(bytes: &mut Vec<u8>, change: &Change<'_>) {
    let behind = |at: u16, bytes: &[u8]| HEADER + usize::from(at) % (bytes.len() - HEADER);
    let word = |at: u16, bytes: &[u8]| (behind(at, bytes) & !3).min(bytes.len() - 4);
    let read = |bytes: &[u8], at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    match *change {
        Change::Bytes(at, new) => {
            let at = behind(at, bytes);
            let count = new.len().min(bytes.len() - at);
            bytes[at..at + count].copy_from_slice(&new[..count]);
        }
        Change::Copied(from, to) => {
            let number = read(bytes, word(from, bytes));
            let to = word(to, bytes);
            bytes[to..to + 4].copy_from_slice(&number.to_ne_bytes());
        }
        Change::Moved(at, by) => {
            let at = word(at, bytes);
            let number = read(bytes, at).wrapping_add_signed(by.into());
            bytes[at..at + 4].copy_from_slice(&number.to_ne_bytes());
        }
        Change::Cut(len) => bytes.truncate((HEADER + usize::from(len)).max(HEADER + 8) & !7),
        Change::Shared(count) => bytes[SHARED] = count,
        Change::Tail(at, new) => {
            let at = behind(at, bytes) & !7;
            bytes.truncate(at);
            bytes.extend_from_slice(new);
            bytes.resize(bytes.len().max(HEADER + 8).next_multiple_of(4), 0);
        }
    }
}

fuzz_target!(|case: Case<'_>| {
    let original = model::image(case.seed.into());
    let mut bytes = original.to_vec();
    case.changes.iter().take(20).for_each(|change| apply(&mut bytes, change));
    // Lengths that are possible, so that most cases get past the header.
    let shared = model::number(&bytes, SHARED);
    let (list, len) = (4 * u64::from(shared), bytes.len() as u64);
    if bytes.len() != original.len() || shared != model::number(&original, SHARED) {
        bytes[LEN..LEN + 8].copy_from_slice(&len.to_ne_bytes());
        bytes[END..END + 8].copy_from_slice(&len.saturating_sub(list).to_ne_bytes());
    }
    _ = model::open(&bytes);
});
