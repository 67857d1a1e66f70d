//! The functions of kernel32 that this crate calls, which every program has, and their numbers.
//!
//! Declared and not taken from a crate, as they are few. What is done with them is in the files beside this one.

use crate::error::{Call, Errno, Error, Reason, number};
use core::ffi::c_void;

/// A file, a pipe, a device, a section: what Windows has for a descriptor.
pub(super) type Handle = *mut c_void;

pub(super) const INVALID_HANDLE: Handle = usize::MAX as Handle;
pub(super) const STD_INPUT_HANDLE: u32 = -10i32 as u32;

pub(super) const MEM_COMMIT: u32 = 0x1000;
pub(super) const MEM_RESERVE: u32 = 0x2000;
pub(super) const MEM_DECOMMIT: u32 = 0x4000;
pub(super) const MEM_RELEASE: u32 = 0x8000;
pub(super) const MEM_LARGE_PAGES: u32 = 0x2000_0000;

pub(super) const PAGE_NOACCESS: u32 = 1;
pub(super) const PAGE_READONLY: u32 = 2;
pub(super) const PAGE_READWRITE: u32 = 4;

pub(super) const FILE_MAP_READ: u32 = 4;

pub(super) const GENERIC_READ: u32 = 0x8000_0000;
/// Reading, writing, and removing or renaming: what others may do to an open file. As in `std`.
pub(super) const FILE_SHARE_ALL: u32 = 7;
pub(super) const OPEN_EXISTING: u32 = 3;
/// With it directories can be opened, and are refused by what they are.
pub(super) const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
pub(super) const FILE_ATTRIBUTE_DIRECTORY: u32 = 0x10;
pub(super) const FILE_CURRENT: u32 = 1;

pub(super) const FILE_TYPE_UNKNOWN: u32 = 0;
pub(super) const FILE_TYPE_DISK: u32 = 1;
pub(super) const FILE_TYPE_CHAR: u32 = 2;
pub(super) const FILE_TYPE_PIPE: u32 = 3;

/// `MEMORY_BASIC_INFORMATION`: what a run of pages is.
#[repr(C)]
pub(super) struct PagesInfo {
    pub(super) start: *mut c_void,
    allocation: *mut c_void,
    allocation_access: u32,
    #[cfg(target_pointer_width = "64")]
    partition: u16,
    pub(super) len: usize,
    pub(super) state: u32,
    access: u32,
    kind: u32,
}

/// `BY_HANDLE_FILE_INFORMATION`.
#[repr(C)]
pub(super) struct FileInfo {
    pub(super) attributes: u32,
    times: [u32; 6],
    volume: u32,
    pub(super) size: [u32; 2],
    links: u32,
    index: [u32; 2],
}

/// `PSAPI_WORKING_SET_EX_INFORMATION`: a page's address, and what it is.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct WorkingSetPage {
    pub(super) address: *const c_void,
    pub(super) is: usize,
}

const _: () = assert!(size_of::<PagesInfo>() == if usize::BITS == 64 { 48 } else { 28 });
const _: () = assert!(size_of::<FileInfo>() == 52 && size_of::<WorkingSetPage>() == 2 * size_of::<usize>());

#[link(name = "kernel32")]
unsafe extern "system" {
    pub(super) safe fn GetLastError() -> u32;
    pub(super) safe fn GetCurrentProcess() -> Handle;
    pub(super) safe fn GetCurrentProcessId() -> u32;
    pub(super) safe fn GetLargePageMinimum() -> usize;
    pub(super) safe fn GetStdHandle(which: u32) -> Handle;

    pub(super) fn VirtualAlloc(start: *mut c_void, bytes: usize, what: u32, access: u32) -> *mut c_void;
    pub(super) fn VirtualFree(start: *mut c_void, bytes: usize, what: u32) -> i32;
    pub(super) fn VirtualProtect(start: *mut c_void, bytes: usize, access: u32, before: *mut u32) -> i32;
    pub(super) fn VirtualQuery(at: *const c_void, info: *mut PagesInfo, bytes: usize) -> usize;
    pub(super) fn VirtualLock(start: *mut c_void, bytes: usize) -> i32;
    pub(super) fn VirtualUnlock(start: *mut c_void, bytes: usize) -> i32;
    pub(super) fn K32QueryWorkingSetEx(process: Handle, pages: *mut WorkingSetPage, bytes: u32) -> i32;

    pub(super) fn CreateFileMappingW(
        file: Handle,
        security: *const c_void,
        access: u32,
        size_high: u32,
        size_low: u32,
        name: *const u16,
    ) -> Handle;
    pub(super) fn MapViewOfFile(
        section: Handle,
        access: u32,
        from_high: u32,
        from_low: u32,
        bytes: usize,
    ) -> *mut c_void;
    pub(super) fn UnmapViewOfFile(start: *const c_void) -> i32;

    pub(super) fn CreateFileW(
        path: *const u16,
        access: u32,
        others: u32,
        security: *const c_void,
        creation: u32,
        flags: u32,
        template: Handle,
    ) -> Handle;
    pub(super) fn CloseHandle(handle: Handle) -> i32;
    pub(super) fn GetFileType(file: Handle) -> u32;
    pub(super) fn GetFileInformationByHandle(file: Handle, info: *mut FileInfo) -> i32;
    pub(super) fn SetFilePointerEx(file: Handle, to: i64, position: *mut i64, from: u32) -> i32;
    pub(super) fn ReadFile(file: Handle, to: *mut c_void, bytes: u32, read: *mut u32, overlapped: *mut c_void) -> i32;
}

/// Why this thread's last call was refused. Numbers of Windows have 16 bits; what others say with more, a driver of a
/// file system perhaps, is one number.
pub(super) fn last_error() -> Errno {
    Errno::new(GetLastError().min(0xffff) as i32)
}

/// An error of `call` on `size` bytes, which the system has just refused.
#[cold]
pub(super) fn failed(call: Call, size: usize) -> Error {
    Error::new(call, Reason::Os(last_error()), size)
}

/// An error of `call`, which Windows has nothing for.
#[cold]
pub(super) fn missing(call: Call, size: usize) -> Error {
    Error::new(call, Reason::Os(Errno::new(number::ERROR_NOT_SUPPORTED)), size)
}
