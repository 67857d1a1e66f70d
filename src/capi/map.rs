//! Mapped regions in C: memory of the caller's own that knows its length.

use super::checked::{Held, abi_of, c_str, options, prepare};
use super::error::{EINVAL, ENOSYS, EOVERFLOW, of_error};
use crate::region::{Access, Advice, Pages, Region};
use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ops::Range;
use core::ptr::null_mut;

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

/// The Rust side of a `region_map`.
#[repr(C)]
pub(super) struct Mapping {
    base: *mut c_void,
    len: usize,
    region: Held<Region>,
}

const _: () = assert!(size_of::<Mapping>() <= size_of::<region_map>());
const _: () = assert!(align_of::<Mapping>() <= align_of::<region_map>());

/// The Rust side of a map that C hands in; `None` for NULL and for an empty one.
///
/// # Safety
/// `map` is NULL or points to a `region_map` that is zeroed or initialized and in no other use meanwhile.
unsafe fn region<'a>(map: *mut region_map) -> Option<&'a mut Region> {
    // SAFETY: size and alignment are those of a `region_map` (asserted), whose bytes are zero, which is a
    // `Mapping` without a region, or what this library put there.
    unsafe { map.cast::<Mapping>().as_mut() }.and_then(|mapping| mapping.region.get_mut())
}

/// The same for functions that only look.
///
/// # Safety
/// `map` is NULL or points to a `region_map` that is zeroed or initialized, and is not changed meanwhile.
unsafe fn seen<'a>(map: *const region_map) -> Option<&'a Region> {
    // SAFETY: as in `region`.
    unsafe { map.cast::<Mapping>().as_ref() }.and_then(|mapping| mapping.region.get())
}

/// Takes a map's region out and leaves an empty map.
///
/// # Safety
/// As [`region`].
pub(super) unsafe fn take(map: *mut region_map) -> Option<Region> {
    // SAFETY: as in `region`.
    let mapping = unsafe { map.cast::<Mapping>().as_mut() }?;
    (mapping.base, mapping.len) = (null_mut(), 0);
    mapping.region.take()
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
    let mut wish = Region::options().pages_in_order(kinds(flags));
    if has(REGION_MAP_RESERVE) {
        wish = wish.reserve_only();
    }
    if has(REGION_MAP_POPULATE) {
        wish = wish.populate();
    }
    if has(REGION_MAP_GUARD) {
        wish = wish.guard_pages();
    }
    if has(REGION_MAP_SHARED) {
        wish = wish.shared();
    }
    if has(REGION_MAP_UNCHARGED) {
        wish = wish.uncharged();
    }
    if !name.is_null() {
        // SAFETY: the caller's promise, passed on.
        wish = wish.name(unsafe { c_str(name) });
    }
    Ok(wish)
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
    let wish = || {
        // SAFETY: the caller's promise about the map, the options and their name, passed on.
        let (chosen, wish) = unsafe {
            prepare(map, abi)?;
            let chosen = options(chosen)?;
            (chosen, region_options(chosen.flags, chosen.name)?)
        };
        wish.len(len).align(chosen.align.max(1)).map().map_err(|error| -of_error(&error))
    };
    match wish() {
        Ok(mut region) => {
            // SAFETY: as above, and a `Mapping` fits (asserted).
            unsafe {
                let mapping = map.cast::<Mapping>();
                ((*mapping).base, (*mapping).len) = (region.as_mut_ptr().cast(), region.len());
                Held::put(&raw mut (*mapping).region, region);
            }
            0
        }
        Err(error) => error,
    }
}

/// Maps `len` bytes, for callers that do not read the header. As `region_map_init` there.
///
/// cbindgen:ignore
///
/// # Safety
/// As [`region_map_init_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_init(map: *mut region_map, len: usize, chosen: *const region_map_options) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_map_init_(map, len, chosen, abi_of::<region_map>()) }
}

/// Returns the memory to the system and leaves an empty map; nothing happens to an empty one.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map, and nothing uses its memory afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_free(map: *mut region_map) -> c_int {
    if map.is_null() {
        return -EINVAL;
    }
    // SAFETY: the caller's promise, passed on.
    drop(unsafe { take(map) });
    0
}

/// What is done to a range of a map, with a number from C that says how.
type Deed = fn(&mut Region, Range<usize>, c_uint) -> Result<(), c_int>;

/// Does something to a range of a map.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map, in no other use meanwhile.
#[inline(never)]
unsafe fn on_range(map: *mut region_map, at: usize, len: usize, how: c_uint, act: Deed) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(region) = (unsafe { region(map) }) else { return -EINVAL };
    match at.checked_add(len).ok_or(EOVERFLOW).and_then(|end| act(region, at..end, how)) {
        Ok(()) => 0,
        Err(error) => -error,
    }
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

/// Gives the RAM of those bytes back at once; they are zero at the next touch.
///
/// # Safety
/// As [`region_map_free`], for those bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_decommit(map: *mut region_map, at: usize, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { on_range(map, at, len, 0, |region, range, _| region.decommit(range).map_err(|error| of_error(&error))) }
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
pub(super) fn advice_of(number: c_uint) -> Option<Advice> {
    Some(match number {
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
        REGION_ADVICE_DONTFORK => Advice::DontFork,
        REGION_ADVICE_WIPEONFORK => Advice::WipeOnFork,
        _ => return None,
    })
}

/// Tells the kernel how those bytes are going to be used: one of REGION_ADVICE_... Never changes content.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_advise(map: *mut region_map, at: usize, len: usize, advice: c_uint) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        on_range(map, at, len, advice, |region, range, advice| {
            region.advise(range, advice_of(advice).ok_or(EINVAL)?).map_err(|error| of_error(&error))
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
    unsafe { seen(map) }.map_or(0, |region| region.granted().grain())
}

/// How many bytes are in RAM now in huge pages of any kind, in `bytes`, as the kernel says. -ENOSYS where it does not:
/// before Linux 6.7 it knows only of those that were set aside.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map; `bytes` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_huge(map: *const region_map, bytes: *mut usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { figure(map, bytes, |region| region.huge_bytes().ok_or(ENOSYS)) }
}

/// How many bytes are in RAM now, in `bytes`: mincore(2), one call per 4 MiB.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map; `bytes` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_resident(map: *const region_map, bytes: *mut usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { figure(map, bytes, |region| region.resident_bytes().map_err(|error| of_error(&error))) }
}

/// Asks for a number of bytes and puts it where C wants it.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map; `bytes` is NULL or may be written.
unsafe fn figure(
    map: *const region_map,
    bytes: *mut usize,
    ask: impl FnOnce(&Region) -> Result<usize, c_int>,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(region), Some(bytes)) = (unsafe { (seen(map), bytes.as_mut()) }) else { return -EINVAL };
    match ask(region) {
        Ok(answer) => {
            *bytes = answer;
            0
        }
        Err(error) => -error,
    }
}
