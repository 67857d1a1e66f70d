//! Windows: what may be done with an address of this process, by what the system says of its page; and handles.

use region::input::Fd;
use std::ffi::c_void;
use std::os::windows::io::AsRawHandle;

/// What an owner of a handle lends.
pub fn fd<T: AsRawHandle>(owner: &T) -> Fd<'_> {
    // SAFETY: the result borrows the owner, which keeps the handle open as long as it lives.
    unsafe { Fd::from_raw(owner.as_raw_handle()) }
}

/// `MEMORY_BASIC_INFORMATION`.
#[repr(C)]
struct Info {
    start: *mut c_void,
    allocation: *mut c_void,
    allocation_access: u32,
    #[cfg(target_pointer_width = "64")]
    partition: u16,
    len: usize,
    state: u32,
    access: u32,
    kind: u32,
}

#[link(name = "kernel32")]
unsafe extern "system" {
    fn VirtualQuery(at: *const c_void, info: *mut Info, bytes: usize) -> usize;
}

fn info(address: usize) -> Info {
    // SAFETY: plain data, of which all zero is valid; the call fills it, and touches no page.
    unsafe {
        let mut info: Info = std::mem::zeroed();
        assert_ne!(VirtualQuery(address as *const c_void, &mut info, size_of::<Info>()), 0);
        info
    }
}

/// Whether an address belongs to something.
pub fn is_mapped(address: usize) -> bool {
    const MEM_FREE: u32 = 0x1_0000;
    info(address).state != MEM_FREE
}

/// Whether a read there faults: nothing is committed, or there is no access.
pub fn faults(address: *const u8) -> bool {
    const MEM_COMMIT: u32 = 0x1000;
    const PAGE_NOACCESS: u32 = 1;
    let info = info(address.addr());
    info.state != MEM_COMMIT || info.access & PAGE_NOACCESS != 0
}

/// Whether a write there faults.
pub fn write_faults(address: *const u8) -> bool {
    const PAGE_READWRITE: u32 = 4;
    faults(address) || info(address.addr()).access & PAGE_READWRITE == 0
}
