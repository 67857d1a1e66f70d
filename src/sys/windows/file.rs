//! Files and streams: open, kind, position, read, map.
//!
//! A file opened here is closed here ([`OpenFile`]); handles of others are only borrowed ([`Fd`]). Nothing is written.
//! What to do with each kind of file is decided in [`input`](crate::input).

use super::call::*;
use super::handle::{BorrowedFd, Fd};
use crate::error::{Call, Errno, Error, Reason, number};
use crate::sys::{Access, Kind, PATH_MAX, Sharing, fault};
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null, null_mut};

/// A file opened by this crate, closed at drop.
pub(crate) struct OpenFile(Handle);

// SAFETY: a handle is a number, which all threads of the process may use.
unsafe impl Send for OpenFile {}
// SAFETY: behind a reference the handle is only read, and every call on it may be made from several threads.
unsafe impl Sync for OpenFile {}

impl OpenFile {
    pub(crate) fn borrow(&self) -> BorrowedFd<'_> {
        // SAFETY: the file belongs to this value, which closes it when it is dropped and not before.
        unsafe { BorrowedFd::new(self.0) }
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        // SAFETY: the handle belongs to this value alone, and is not used after it.
        unsafe { CloseHandle(self.0) };
    }
}

/// Opens a file for reading. `CreateFileW`.
///
/// The path is UTF-8 and goes to the system as UTF-16, NUL-terminated on the stack (8 KiB of it).
pub(crate) fn open(path: &[u8]) -> Result<OpenFile, Error> {
    let bad = Error::new(Call::Open, Reason::BadPath, path.len());
    fault::may(Call::Open, 0)?;
    if path.len() >= PATH_MAX {
        return Err(bad);
    }
    // A character has at most as many units as bytes, so all of them and the NUL fit.
    let mut wide = [0; PATH_MAX];
    widen(path, &mut wide).ok_or(bad)?;
    let (flags, none) = (FILE_FLAG_BACKUP_SEMANTICS, null_mut());
    // SAFETY: the system reads the NUL-terminated path; no memory changes.
    let file = unsafe { CreateFileW(wide.as_ptr(), GENERIC_READ, FILE_SHARE_ALL, null(), OPEN_EXISTING, flags, none) };
    if file == INVALID_HANDLE { Err(failed(Call::Open, 0)) } else { Ok(OpenFile(file)) }
}

/// Writes a path's UTF-16 in front of the zeroes of `wide`, which are at least one more than the path has bytes.
/// `None`: it holds a NUL, or is no UTF-8.
///
/// Half a surrogate pair is taken as the three bytes that such a number would have: `std` has a path so that the system
/// does not hold for text.
fn widen(path: &[u8], wide: &mut [u16]) -> Option<()> {
    let mut bytes = path.iter().copied();
    let mut units = wide.iter_mut();
    let mut put = |unit: u32| units.next().map(|to| *to = unit as u16);
    while let Some(first) = bytes.next() {
        let (more, least) = match first {
            0 => return None,
            0x01..=0x7f => (0, 0),
            0xc2..=0xdf => (1, 0x80),
            0xe0..=0xef => (2, 0x800),
            0xf0..=0xf4 => (3, 0x1_0000),
            _ => return None,
        };
        let mut code = u32::from(first) & if more == 0 { 0x7f } else { 0x3f >> more };
        for _ in 0..more {
            let next = bytes.next().filter(|next| next & 0xc0 == 0x80)?;
            code = code << 6 | u32::from(next & 0x3f);
        }
        match code {
            _ if code < least => return None,
            0..=0xffff => put(code)?,
            0x1_0000..=0x10_ffff => {
                put(0xd800 + ((code - 0x1_0000) >> 10))?;
                put(0xdc00 + (code & 0x3ff))?;
            }
            _ => return None,
        }
    }
    Some(())
}

/// The file of a handle; `ERROR_INVALID_HANDLE` of `call` where there is none.
pub(crate) fn descriptor<'f>(fd: Fd<'f>, call: Call) -> Result<BorrowedFd<'f>, Error> {
    let raw = fd.as_raw();
    if raw.is_null() || raw == INVALID_HANDLE {
        return Err(Error::new(call, Reason::Os(Errno::new(number::ERROR_INVALID_HANDLE)), 0));
    }
    // SAFETY: the maker of the `Fd` keeps its file open for `'f`.
    Ok(unsafe { BorrowedFd::new(raw) })
}

/// What kind of file it is. `GetFileType`, `GetFileInformationByHandle`. Sockets count as pipes.
pub(crate) fn kind(fd: BorrowedFd<'_>) -> Result<Kind, Error> {
    fault::may(Call::Stat, 0)?;
    // SAFETY: the call reads and writes no memory of this process.
    match unsafe { GetFileType(fd.raw) } {
        FILE_TYPE_DISK => {}
        FILE_TYPE_PIPE => return Ok(Kind::Pipe),
        FILE_TYPE_CHAR => return Ok(Kind::CharacterDevice),
        FILE_TYPE_UNKNOWN if GetLastError() != 0 => return Err(failed(Call::Stat, 0)),
        _ => return Ok(Kind::Other),
    }
    let mut info = MaybeUninit::<FileInfo>::uninit();
    // SAFETY: the call writes its structure, which is as long, all of it if it succeeds. Every bit pattern is one.
    let info = unsafe {
        if GetFileInformationByHandle(fd.raw, info.as_mut_ptr()) == 0 {
            return Err(failed(Call::Stat, 0));
        }
        info.assume_init()
    };
    let [high, low] = info.size.map(u64::from);
    Ok(if info.attributes & FILE_ATTRIBUTE_DIRECTORY != 0 { Kind::Directory } else { Kind::Regular(high << 32 | low) })
}

/// The position in bytes from the file's start. `SetFilePointerEx`.
pub(crate) fn position(fd: BorrowedFd<'_>) -> Result<u64, Error> {
    fault::may(Call::Seek, 0)?;
    let mut position = 0;
    // SAFETY: the call writes the position, and no other memory of this process.
    match unsafe { SetFilePointerEx(fd.raw, 0, &raw mut position, FILE_CURRENT) } {
        0 => Err(failed(Call::Seek, 0)),
        _ => Ok(position as u64),
    }
}

/// Reads up to `buffer.len()` bytes to its start; 0 only at the end (or when `buffer` is empty). `ReadFile`.
pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut [MaybeUninit<u8>]) -> Result<usize, Error> {
    fault::may(Call::Read, buffer.len())?;
    let (len, mut read) = (u32::try_from(buffer.len()).unwrap_or(u32::MAX), 0);
    // SAFETY: the call writes at most `len` bytes to the start of the buffer, which has as many, and how many it wrote.
    if unsafe { ReadFile(fd.raw, buffer.as_mut_ptr().cast(), len, &raw mut read, null_mut()) } == 0 {
        let refused = failed(Call::Read, buffer.len());
        let is = |errno| refused.is(errno);
        // The last one who wrote to a pipe is gone; a file ends here; a message of a pipe goes on.
        if is(Errno::ERROR_BROKEN_PIPE) || is(Errno::ERROR_HANDLE_EOF) {
            return Ok(0);
        }
        if !is(Errno::ERROR_MORE_DATA) {
            return Err(refused);
        }
    }
    Ok(read as usize)
}

/// A pipe has the length that its maker gave it.
pub(crate) fn enlarge_pipe(_: BorrowedFd<'_>, _: usize) {}

/// Maps a file from `offset` on, a multiple of [`FILE_GRAIN`](crate::sys::file_grain), to its end, for reading.
/// `CreateFileMappingW`, `MapViewOfFile`. Refused where the file ended before `len` bytes, in whole pages, were
/// reached.
pub(crate) fn map_file(
    fd: BorrowedFd<'_>,
    offset: u64,
    len: usize,
    access: Access,
    sharing: Sharing,
) -> Result<NonNull<u8>, Error> {
    fault::may(Call::MapFile, len)?;
    if (access, sharing) != (Access::Read, Sharing::Private) {
        return Err(missing(Call::MapFile, len));
    }
    // SAFETY: no memory of this process changes; the section is as long as the file.
    let section = unsafe { CreateFileMappingW(fd.raw, null(), PAGE_READONLY, 0, 0, null()) };
    if section.is_null() {
        return Err(failed(Call::MapFile, len));
    }
    let (high, low) = ((offset >> 32) as u32, offset as u32);
    // SAFETY: the view lies at addresses of the system's choice. The code that reads it says what the file's owner may
    // do to the bytes later. The view keeps the section, whose handle is not used any more.
    let start = unsafe {
        let start = NonNull::new(MapViewOfFile(section, FILE_MAP_READ, high, low, 0).cast::<u8>());
        let start = start.ok_or_else(|| failed(Call::MapFile, len));
        CloseHandle(section);
        start?
    };
    let mut info = MaybeUninit::<PagesInfo>::uninit();
    // SAFETY: the call writes what it knows of the view into a structure of this size, all of it if it succeeds.
    let seen = unsafe {
        match VirtualQuery(start.as_ptr().cast(), info.as_mut_ptr(), size_of::<PagesInfo>()) {
            0 => 0,
            _ => info.assume_init().len,
        }
    };
    if seen < len {
        // SAFETY: the view was made above, and nothing refers into it.
        unsafe { UnmapViewOfFile(start.as_ptr().cast()) };
        return Err(Error::new(Call::MapFile, Reason::OutsideFile, len));
    }
    Ok(start)
}

/// Whether a file that cannot be mapped may have bytes to read all the same: its file system or device maps nothing, or
/// not this file.
pub(crate) fn can_still_be_read(error: &Error) -> bool {
    use Errno as E;
    [E::ERROR_ACCESS_DENIED, E::ERROR_INVALID_FUNCTION, E::ERROR_NOT_SUPPORTED, E::ERROR_INVALID_PARAMETER]
        .into_iter()
        .any(|known| error.is(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn wide(path: &[u8]) -> Option<Vec<u16>> {
        let mut units = [0; PATH_MAX];
        widen(path, &mut units)?;
        Some(units.iter().copied().take_while(|&unit| unit != 0).collect())
    }

    #[test]
    fn a_path_becomes_the_units_that_std_makes_of_it() {
        let all = (1..=0x10_ffff).filter_map(char::from_u32);
        for chars in all.collect::<Vec<_>>().chunks(500) {
            let text: String = chars.iter().collect();
            assert!(wide(text.as_bytes()).unwrap().iter().copied().eq(text.encode_utf16()), "from {:?}", chars[0]);
        }
        assert_eq!(wide(b""), Some(Vec::new()));
        assert_eq!(wide(&[b'a'; PATH_MAX - 1]).unwrap().len(), PATH_MAX - 1);
    }

    #[test]
    fn half_a_pair_is_taken_and_what_is_no_text_is_not() {
        assert_eq!(wide(b"a\xed\xa0\x80"), Some(std::vec![u16::from(b'a'), 0xd800]));
        for bad in [
            &b"a\0b"[..],
            b"\x80",
            b"\xc1\x81",
            b"\xc3",
            b"\xc3a",
            b"\xe0\x80\x80",
            b"\xf0\x80\x80\x80",
            b"\xf4\x90\x80\x80",
            b"\xff",
        ] {
            assert_eq!(wide(bad), None, "{bad:?}");
        }
    }
}
