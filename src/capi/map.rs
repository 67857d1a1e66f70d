//! Mapped regions in C: memory of the caller's own that knows its length.

use super::c_str::c_str;
use super::checked::{options, prepare, twins};
use super::error::{EINVAL, ENOSYS, answer, of_error};
use super::held::{Bytes, Shown, finish, free, holds, on_range, value};
use crate::region::{Access, Advice, AtFork, Pages, Region};
use crate::sys::Hint;
use core::ffi::{c_char, c_int, c_uint, c_void};

/// A range of mapped memory. All bytes zero (REGION_MAP_INIT) is an empty one, and so is one that was freed.
#[repr(C)]
pub struct region_map {
    /// The first byte; NULL of an empty one.
    pub base: *mut c_void,
    /// Bytes: what was asked for, rounded up to whole pages.
    pub len: usize,
    opaque_: [usize; 14],
}

/// How a map is to be. Begin with REGION_MAP_OPTIONS; zero is the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct region_map_options {
    /// sizeof(region_map_options).
    pub size: usize,
    /// The base is a multiple of this power of two; 0 for a page.
    pub align: usize,
    /// REGION_MAP_... flags, or-ed.
    pub flags: c_uint,
    /// Zero.
    pub reserved_: c_uint,
    /// A name in /proc/PID/maps, at most 79 characters; NULL for none.
    pub name: *const c_char,
}

/// Addresses only: region_map_commit before any touch.
pub const REGION_MAP_RESERVE: c_uint = 1;
/// All pages are in RAM when it returns.
pub const REGION_MAP_POPULATE: c_uint = 2;
/// 2 MiB pages wherever the kernel can, never refused.
pub const REGION_MAP_HUGE: c_uint = 4;
/// A page on either side that faults on any touch.
pub const REGION_MAP_GUARD: c_uint = 8;
/// Children forked later see the same bytes.
pub const REGION_MAP_SHARED: c_uint = 16;
/// Does not count against the system's commit limit until touched.
pub const REGION_MAP_UNCHARGED: c_uint = 32;

/// 2 MiB pages that were set aside, all of them now; -ENOMEM for too few.
pub const REGION_MAP_HUGETLB: c_uint = 64;
/// The same with pages of 1 GiB. region_map_init says what several mean.
pub const REGION_MAP_HUGETLB_1G: c_uint = 128;

/// All flags, which are the lowest bits.
const ALL_FLAGS: c_uint = 2 * REGION_MAP_HUGETLB_1G - 1;

/// The kinds of pages that flags ask for: from the largest that is asked for to the smallest, and all between.
fn kinds(flags: c_uint) -> &'static [Pages] {
    let has = |flag| flags & flag != 0;
    let (first, last) = match (has(REGION_MAP_HUGETLB_1G), has(REGION_MAP_HUGETLB), has(REGION_MAP_HUGE)) {
        (true, _, true) => (0, 3),
        (true, true, false) => (0, 2),
        (true, false, false) => (0, 1),
        (false, true, true) => (1, 3),
        (false, true, false) => (1, 2),
        (false, false, true) => (2, 3),
        (false, false, false) => (3, 3),
    };
    // Of no kinds, base pages are meant.
    Pages::LARGEST_FIRST.get(first..last).unwrap_or_default()
}

/// For region_map_protect: any touch faults.
pub const REGION_ACCESS_NONE: c_uint = 0;
/// For region_map_protect: reading only.
pub const REGION_ACCESS_READ: c_uint = 1;
/// For region_map_protect: reading and writing.
pub const REGION_ACCESS_WRITE: c_uint = 2;

/// For region_map_advise: no particular use.
pub const REGION_ADVICE_NORMAL: c_uint = 0;
/// Read from low addresses to high.
pub const REGION_ADVICE_SEQUENTIAL: c_uint = 1;
/// Read in no order.
pub const REGION_ADVICE_RANDOM: c_uint = 2;
/// Needed soon.
pub const REGION_ADVICE_WILLNEED: c_uint = 3;
/// Prefer 2 MiB pages; success means asked, not got.
pub const REGION_ADVICE_HUGE: c_uint = 4;
/// No 2 MiB pages.
pub const REGION_ADVICE_NOHUGE: c_uint = 5;
/// Bring every page in now, for writing (Linux 5.14).
pub const REGION_ADVICE_POPULATE: c_uint = 6;
/// Make huge pages of what is resident now (Linux 6.1).
pub const REGION_ADVICE_COLLAPSE: c_uint = 7;
/// Not needed for a while.
pub const REGION_ADVICE_COLD: c_uint = 8;
/// Not needed for long: swap it out now.
pub const REGION_ADVICE_PAGEOUT: c_uint = 9;
/// Leave it out of core dumps.
pub const REGION_ADVICE_DONTDUMP: c_uint = 10;
/// A forked child does not have it.
pub const REGION_ADVICE_DONTFORK: c_uint = 11;
/// A forked child sees zeroes in its place: for keys and random states.
pub const REGION_ADVICE_WIPEONFORK: c_uint = 12;

holds!(region_map: Shown<Region>);

impl Bytes for Region {
    fn bytes(&mut self) -> (*mut c_void, usize) {
        (self.as_mut_ptr().cast(), self.len())
    }
}

/// The region's options as C says them.
///
/// # Safety
/// `chosen.name` is NULL or NUL-terminated, and stays.
pub(super) unsafe fn region_options<'n>(
    flags: c_uint,
    name: *const c_char,
) -> Result<crate::region::RegionOptions<'n>, c_int> {
    if flags & !ALL_FLAGS != 0 {
        return Err(-EINVAL);
    }
    let has = |flag| flags & flag != 0;
    let mut request = Region::options().pages_in_order(kinds(flags));
    if has(REGION_MAP_RESERVE) {
        request = request.reserve_only();
    }
    if has(REGION_MAP_POPULATE) {
        request = request.populate();
    }
    if has(REGION_MAP_GUARD) {
        request = request.guard_pages();
    }
    if has(REGION_MAP_SHARED) {
        request = request.shared();
    }
    if has(REGION_MAP_UNCHARGED) {
        request = request.uncharged();
    }
    if !name.is_null() {
        // SAFETY: the caller's promise, passed on.
        request = request.name(unsafe { c_str(name) });
    }
    Ok(request)
}

/// What region_map_init calls.
///
/// # Safety
/// `map` is NULL or may be written; `chosen` is NULL or points to options that lead with their size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_init_(
    map: *mut region_map,
    len: usize,
    chosen: *const region_map_options,
    abi: usize,
) -> c_int {
    let request = || {
        // SAFETY: the caller's promise about the map, the options and their name, passed on.
        let (chosen, region) = unsafe {
            prepare(map, abi)?;
            let chosen = options(chosen)?;
            if chosen.reserved_ != 0 {
                return Err(-EINVAL);
            }
            (chosen, region_options(chosen.flags, chosen.name)?)
        };
        region.len(len).align(chosen.align.max(1)).map().map_err(|error| -of_error(&error))
    };
    // SAFETY: if there is a region, the map was prepared.
    unsafe { finish(map, request()) }
}

twins! {
    region_map_init(map: *mut region_map, len: usize, chosen: *const region_map_options)
        => region_map_init_(map, len, chosen);
}

/// Returns the memory to the system and leaves an empty map; nothing happens to an empty one.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map, and nothing uses its memory afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_free(map: *mut region_map) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { free(map) }
}

/// Makes the `len` bytes at offset `at`, whole pages, readable and writable. RAM still comes as touched.
///
/// # Safety
/// As [`region_map_free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_commit(map: *mut region_map, at: usize, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { on_range(map, at, len, 0, |region, range, _| region.commit(range).map_err(|error| of_error(&error))) }
}

/// Gives the RAM of those bytes back at once; they are zero at the next touch, in every process that shares the map.
///
/// # Safety
/// As [`region_map_free`], for those bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_decommit(map: *mut region_map, at: usize, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        on_range(map, at, len, 0, |region, range, _| region.decommit_shared(range).map_err(|error| of_error(&error)))
    }
}

/// Sets what may be done with those bytes: one of REGION_ACCESS_...
///
/// # Safety
/// As [`region_map_free`], for those bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_protect(map: *mut region_map, at: usize, len: usize, access: c_uint) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        on_range(map, at, len, access, |region, range, access| {
            let access = match access {
                REGION_ACCESS_NONE => Access::None,
                REGION_ACCESS_READ => Access::Read,
                REGION_ACCESS_WRITE => Access::ReadWrite,
                _ => return Err(EINVAL),
            };
            region.protect(range, access).map_err(|error| of_error(&error))
        })
    }
}

/// What a number of REGION_ADVICE_... means.
#[inline(never)]
pub(super) fn advice_of(number: c_uint) -> Option<Hint> {
    Some(Hint::Use(match number {
        REGION_ADVICE_NORMAL => Advice::Normal,
        REGION_ADVICE_SEQUENTIAL => Advice::Sequential,
        REGION_ADVICE_RANDOM => Advice::Random,
        REGION_ADVICE_WILLNEED => Advice::WillNeed,
        REGION_ADVICE_HUGE => Advice::HugePage,
        REGION_ADVICE_NOHUGE => Advice::NoHugePage,
        REGION_ADVICE_POPULATE => Advice::PopulateWrite,
        REGION_ADVICE_COLLAPSE => Advice::Collapse,
        REGION_ADVICE_COLD => Advice::Cold,
        REGION_ADVICE_PAGEOUT => Advice::PageOut,
        REGION_ADVICE_DONTDUMP => Advice::DontDump,
        REGION_ADVICE_DONTFORK => return Some(Hint::AtFork(AtFork::Drop)),
        REGION_ADVICE_WIPEONFORK => return Some(Hint::AtFork(AtFork::Wipe)),
        _ => return None,
    }))
}

/// Advises the kernel how those bytes are going to be used: one of REGION_ADVICE_... Never changes content but in
/// children that are forked later, and there only if it says so.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_advise(map: *mut region_map, at: usize, len: usize, advice: c_uint) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        on_range(map, at, len, advice, |region, range, advice| {
            region.hint(range, advice_of(advice).ok_or(EINVAL)?).map_err(|error| of_error(&error))
        })
    }
}

/// Brings those bytes into RAM and keeps them there until they are unlocked or the map is freed: they are not swapped
/// out. -ENOMEM or -EPERM beyond what `ulimit -l` allows. Locked bytes cannot be decommitted (-EINVAL).
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_lock(map: *mut region_map, at: usize, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { on_range(map, at, len, 0, |region, range, _| region.lock(range).map_err(|error| of_error(&error))) }
}

/// Lets those bytes go out of RAM again.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_unlock(map: *mut region_map, at: usize, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { on_range(map, at, len, 0, |region, range, _| region.unlock(range).map_err(|error| of_error(&error))) }
}

/// Bytes of a page of the map, of which its offsets and lengths are multiples: 2 MiB or 1 GiB if it was got from pages
/// that were set aside, else region_page_size(), whatever REGION_MAP_HUGE makes of them. 0 for an empty map.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_page_size(map: *const region_map) -> usize {
    // SAFETY: the caller's promise, passed on.
    unsafe { value(map) }.map_or(0, |region| region.granted().grain())
}

/// How many bytes are in RAM now in huge pages of any kind, in `bytes`, as the kernel says. -ENOSYS where it does not:
/// before Linux 6.7 it knows only of those that were set aside.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map; `bytes` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_huge(map: *const region_map, bytes: *mut usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { count(map, bytes, |region| region.huge_bytes().ok_or(ENOSYS)) }
}

/// How many bytes are in RAM now, in `bytes`: mincore(2), one call per 4 MiB.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map; `bytes` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_resident(map: *const region_map, bytes: *mut usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { count(map, bytes, |region| region.try_resident().map_err(|error| of_error(&error))) }
}

/// Asks for a number of bytes and puts it where C wants it.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map; `bytes` is NULL or may be written.
unsafe fn count(map: *const region_map, bytes: *mut usize, ask: impl FnOnce(&Region) -> Result<usize, c_int>) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(region), Some(bytes)) = (unsafe { (value(map), bytes.as_mut()) }) else { return -EINVAL };
    answer(ask(region).map(|number| *bytes = number))
}
