//! Files: opening, kind, size, position, disk blocks, seals. One call each.

use super::fd::{BorrowedFd, Made};
use super::{MaybeUninit, call, done, flags, io, number};
use core::ffi::CStr;

flags! {
    /// How a file is opened.
    OFlags {
        RDONLY = 0,
        RDWR = 2,
        CREATE = 0o100,
        NOCTTY = 0o400,
        TRUNC = 0o1000,
        NONBLOCK = 0o4000,
        CLOEXEC = 0o2_000_000,
    }
}

flags! {
    /// What memory with a descriptor is made to be.
    MemfdFlags {
        CLOEXEC = 1,
        ALLOW_SEALING = 2,
        NOEXEC_SEAL = 8,
    }
}

flags! {
    /// What can never be done again with memory that has a descriptor.
    SealFlags {
        SEAL = 1,
        SHRINK = 2,
        GROW = 4,
        WRITE = 8,
    }
}

flags! {
    /// How disk blocks are set aside.
    FallocateFlags {
        KEEP_SIZE = 1,
    }
}

/// What a new file may be used for.
#[derive(Clone, Copy)]
pub(crate) struct Mode(u32);

impl Mode {
    pub(crate) const fn from_raw_mode(mode: u32) -> Self {
        Mode(mode)
    }
}

/// `openat(2)` of a path from the working directory.
pub(crate) fn open(path: &CStr, flags: OFlags, mode: Mode) -> io::Result<Made> {
    /// `AT_FDCWD`.
    const WORKING_DIRECTORY: usize = 100_usize.wrapping_neg();
    let path = path.as_ptr().expose_provenance();
    // SAFETY: the kernel reads the NUL-terminated path; no memory changes.
    unsafe { call(number::OPENAT, [WORKING_DIRECTORY, path, flags.bits() as usize, mode.0 as usize]) }.map(Made::new)
}

/// `memfd_create(2)`.
pub(crate) fn memfd_create(name: &CStr, flags: MemfdFlags) -> io::Result<Made> {
    let name = name.as_ptr().expose_provenance();
    // SAFETY: the kernel reads the NUL-terminated name; no memory changes.
    unsafe { call(number::MEMFD_CREATE, [name, flags.bits() as usize]) }.map(Made::new)
}

/// The kinds of files, as `st_mode` has them.
pub(crate) enum FileType {
    RegularFile,
    Directory,
    Fifo,
    Socket,
    CharacterDevice,
    BlockDevice,
    Unknown,
}

impl FileType {
    pub(crate) const fn from_raw_mode(mode: u32) -> Self {
        /// `S_IFMT`.
        const KIND: u32 = 0o170_000;
        match mode & KIND {
            0o100_000 => FileType::RegularFile,
            0o040_000 => FileType::Directory,
            0o010_000 => FileType::Fifo,
            0o140_000 => FileType::Socket,
            0o020_000 => FileType::CharacterDevice,
            0o060_000 => FileType::BlockDevice,
            _ => FileType::Unknown,
        }
    }
}

/// `struct stat` of x86-64, up to its size and as long as the kernel writes.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Stat {
    _before: [u64; 3],
    pub(crate) st_mode: u32,
    _between: [u32; 5],
    pub(crate) st_size: i64,
    _after: [u64; 11],
}

/// `struct stat` of `asm-generic/stat.h`, up to its size and as long as the kernel writes.
#[cfg(not(target_arch = "x86_64"))]
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Stat {
    _before: [u64; 2],
    pub(crate) st_mode: u32,
    _between: [u32; 7],
    pub(crate) st_size: i64,
    _after: [u64; 9],
}

const _: () = assert!(size_of::<Stat>() == if cfg!(target_arch = "x86_64") { 144 } else { 128 });
const _: () = assert!(core::mem::offset_of!(Stat, st_size) == 48);

/// `fstat(2)`.
pub(crate) fn fstat(fd: BorrowedFd<'_>) -> io::Result<Stat> {
    let mut stat = MaybeUninit::<Stat>::uninit();
    // SAFETY: the kernel writes its structure, which is as long as `Stat`, and nothing else; all of it when it reports
    // success. Every bit pattern is a `Stat`.
    unsafe {
        done(number::FSTAT, [fd.argument(), stat.as_mut_ptr().expose_provenance()])?;
        Ok(stat.assume_init())
    }
}

/// `struct statfs` of 64-bit processors.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct StatFs {
    pub(crate) f_type: i64,
    _after: [u64; 14],
}

const _: () = assert!(size_of::<StatFs>() == 120);

/// `fstatfs(2)`.
pub(crate) fn fstatfs(fd: BorrowedFd<'_>) -> io::Result<StatFs> {
    let mut system = MaybeUninit::<StatFs>::uninit();
    // SAFETY: the kernel writes its structure, which is as long as `StatFs`, and nothing else; all of it when it
    // reports success. Every bit pattern is a `StatFs`.
    unsafe {
        done(number::FSTATFS, [fd.argument(), system.as_mut_ptr().expose_provenance()])?;
        Ok(system.assume_init())
    }
}

/// A position in a file to go to.
pub(crate) enum SeekFrom {
    /// So many bytes from the present position.
    Current(i64),
}

/// `lseek(2)`.
pub(crate) fn seek(fd: BorrowedFd<'_>, to: SeekFrom) -> io::Result<u64> {
    const SEEK_CUR: usize = 1;
    let SeekFrom::Current(offset) = to;
    // SAFETY: the call reads and writes no memory of this process.
    unsafe { call(number::LSEEK, [fd.argument(), offset as usize, SEEK_CUR]) }.map(|position| position as u64)
}

/// `ftruncate(2)`.
pub(crate) fn ftruncate(fd: BorrowedFd<'_>, size: u64) -> io::Result<()> {
    // SAFETY: the call reads and writes no memory of this process but mappings of the file. The makers of those answer
    // for accesses beyond the file's new end.
    unsafe { done(number::FTRUNCATE, [fd.argument(), size as usize]) }
}

/// `fallocate(2)`.
pub(crate) fn fallocate(fd: BorrowedFd<'_>, flags: FallocateFlags, offset: u64, len: u64) -> io::Result<()> {
    // SAFETY: the call sets blocks aside, and changes no byte of a file or of memory.
    unsafe { done(number::FALLOCATE, [fd.argument(), flags.bits() as usize, offset as usize, len as usize]) }
}

pub(super) const F_ADD_SEALS: usize = 1033;
pub(super) const F_GET_SEALS: usize = 1034;

/// `fcntl(F_ADD_SEALS)`.
pub(crate) fn fcntl_add_seals(fd: BorrowedFd<'_>, seals: SealFlags) -> io::Result<()> {
    // SAFETY: the call reads and writes no memory of this process.
    unsafe { done(number::FCNTL, [fd.argument(), F_ADD_SEALS, seals.bits() as usize]) }
}

/// `fcntl(F_GET_SEALS)`.
pub(crate) fn fcntl_get_seals(fd: BorrowedFd<'_>) -> io::Result<SealFlags> {
    // SAFETY: the call reads and writes no memory of this process.
    unsafe { call(number::FCNTL, [fd.argument(), F_GET_SEALS]) }.map(|seals| SealFlags::from_bits(seals as u32))
}
