//! What to do about a refusal of Windows, by call and number, and which of its functions each call is.
//!
//! A sentence is here only if it is true of every case in which Windows says that number to that call as this crate
//! makes it.

use super::{Call, Errno};

/// The function that does what a call asks for; `None` for what Windows has not.
pub(super) const fn function(call: Call) -> Option<&'static str> {
    Some(match call {
        Call::Map | Call::MapHuge => "VirtualAlloc",
        Call::MapFile => "MapViewOfFile",
        Call::Unmap | Call::Decommit => "VirtualFree",
        Call::Protect => "VirtualProtect",
        Call::Lock => "VirtualLock",
        Call::Unlock => "VirtualUnlock",
        Call::Resident => "QueryWorkingSetEx",
        Call::Open | Call::OpenWritable | Call::Create => "CreateFileW",
        Call::Stat => "GetFileInformationByHandle",
        Call::Seek => "SetFilePointerEx",
        Call::Read => "ReadFile",
        Call::Write => "WriteFile",
        Call::Resize => "SetEndOfFile",
        Call::Sync => "FlushViewOfFile",
        Call::Advise | Call::Collapse | Call::Remap | Call::Name | Call::Allocate | Call::MakeMemory | Call::Seal => {
            return None;
        }
    })
}

/// What to do about `errno` of `call`, if there is advice.
pub(super) fn advice(call: Call, errno: Errno) -> Option<&'static str> {
    let name = errno.name()?;
    by_call(call, name).or_else(|| anywhere(name))
}

/// Advice that depends on the call.
fn by_call(call: Call, name: &str) -> Option<&'static str> {
    Some(match (call, name) {
        (Call::MapHuge, "ERROR_PRIVILEGE_NOT_HELD") => {
            "The process may not lock pages in memory (SeLockMemoryPrivilege), without which there are no large pages; give \
             the user that right, enable it in the program, or name ordinary pages as a further choice."
        }
        (Call::MapHuge, "ERROR_NO_SYSTEM_RESOURCES" | "ERROR_NOT_ENOUGH_MEMORY" | "ERROR_COMMITMENT_LIMIT") => {
            "Too little memory is free in pieces as large; try it early after the system started, or name ordinary pages as \
             a further choice."
        }
        (Call::MapHuge, "ERROR_NOT_SUPPORTED") => {
            "Windows has large pages of 2 MiB alone, and neither reserves nor shares them; name another choice."
        }
        (Call::Map, "ERROR_NOT_SUPPORTED") => {
            "Windows forks no processes that could share the memory with this one; leave `shared` out there."
        }
        (Call::MapHuge, "ERROR_INVALID_PARAMETER") => {
            "The system has no large pages like that, or no process so many addresses; name ordinary pages as a further choice."
        }
        (Call::Map, "ERROR_INVALID_PARAMETER") => "No process has so many addresses; ask for less.",
        (Call::Advise, "ERROR_NOT_SUPPORTED") => {
            "Windows follows no such advice, and forks no processes; leave it out there."
        }
        (Call::Collapse, "ERROR_NOT_SUPPORTED") => {
            "Windows makes no large pages of what is there; ask for them when the region is mapped."
        }
        (Call::Name, "ERROR_NOT_SUPPORTED") => "Windows does not name memory.",
        (Call::Decommit, "ERROR_INVALID_PARAMETER" | "ERROR_INVALID_ADDRESS") => {
            "Large pages stay as long as their region."
        }
        (Call::Lock, "ERROR_WORKING_SET_QUOTA") => {
            "The process may lock little more than its least working set; raise that with SetProcessWorkingSetSize, or lock \
             less."
        }
        (Call::Lock, "ERROR_NOACCESS" | "ERROR_INVALID_ADDRESS") => {
            "A part of the range has no access; commit it first."
        }
        (Call::Open, "ERROR_ACCESS_DENIED") => "The permissions of the file do not let this user read it.",
        (Call::Open, "ERROR_SHARING_VIOLATION") => "Another program has it open, and lets nobody read it meanwhile.",
        (Call::Open, "ERROR_FILE_NOT_FOUND") => "There is no such file; check the path.",
        (Call::Open, "ERROR_PATH_NOT_FOUND") => "A directory on the way to it does not exist; check the path.",
        (Call::Open, "ERROR_INVALID_NAME" | "ERROR_BAD_PATHNAME") => {
            "It is no path of Windows; characters such as * ? < > | and \" are in no name."
        }
        (Call::Open, "ERROR_FILENAME_EXCED_RANGE") => {
            "The path is too long; begin it with \\\\?\\ and give all of it, or allow long paths in the program's manifest."
        }
        (Call::Stat | Call::Read | Call::Seek, "ERROR_INVALID_HANDLE") => {
            "The handle is closed, or the process has no such standard stream."
        }
        (Call::Read, "ERROR_ACCESS_DENIED") => "The handle is not open for reading.",
        (Call::Read, "ERROR_NO_DATA") => "The pipe does not wait and has no bytes yet; wait for it, then go on.",
        (Call::Read, "ERROR_PIPE_NOT_CONNECTED") => "The other side is gone; the bytes read so far are kept.",
        (Call::Read, "ERROR_LOCK_VIOLATION") => "Another program has locked a part of the file.",
        (Call::Read, "ERROR_IO_DEVICE") => "The device failed; the bytes read so far are kept.",
        _ => return None,
    })
}

/// Advice that holds for every call.
fn anywhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "ERROR_COMMITMENT_LIMIT" => {
            "The system commits no more memory; ask for less, close other programs, or give it a larger paging file."
        }
        "ERROR_NOT_ENOUGH_MEMORY" | "ERROR_OUTOFMEMORY" | "ERROR_NO_SYSTEM_RESOURCES" => {
            "The system has no memory or no addresses left for this process; ask for less, or free some."
        }
        "ERROR_TOO_MANY_OPEN_FILES" => "Too many files are open; close some.",
        _ => return None,
    })
}
