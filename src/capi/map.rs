//! Mapped regions in C: memory of the caller's own that knows its length.

use super::checked::{Held, abi_of, c_str, options, prepare};
use super::error::{EINVAL, EOVERFLOW, of_error, status};
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
/// 2 MiB pages where the kernel can: asked, not guaranteed.
pub const REGION_MAP_HUGE: c_uint = 4;
/// A page on either side that faults on any touch.
pub const REGION_MAP_GUARD: c_uint = 8;
/// Children forked later see the same bytes.
pub const REGION_MAP_SHARED: c_uint = 16;
/// Does not count against the system's commit limit until touched.
pub const REGION_MAP_UNCHARGED: c_uint = 32;

const ALL_FLAGS: c_uint = REGION_MAP_RESERVE
    | REGION_MAP_POPULATE
    | REGION_MAP_HUGE
    | REGION_MAP_GUARD
    | REGION_MAP_SHARED
    | REGION_MAP_UNCHARGED;

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
    let mut wish = Region::options();
    if has(REGION_MAP_RESERVE) {
        wish = wish.reserve_only();
    }
    if has(REGION_MAP_POPULATE) {
        wish = wish.populate();
    }
    if has(REGION_MAP_HUGE) {
        wish = wish.pages(Pages::Transparent);
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

/// Does something to a range of a map.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map, in no other use meanwhile.
unsafe fn on_range(
    map: *mut region_map,
    at: usize,
    len: usize,
    act: impl FnOnce(&mut Region, Range<usize>) -> Result<(), crate::Error>,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(region) = (unsafe { region(map) }) else { return -EINVAL };
    match at.checked_add(len) {
        Some(end) => status(act(region, at..end)),
        None => -EOVERFLOW,
    }
}

/// Makes the `len` bytes at offset `at`, whole pages, readable and writable. RAM still comes as touched.
///
/// # Safety
/// As [`region_map_free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_commit(map: *mut region_map, at: usize, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { on_range(map, at, len, |region, range| region.commit(range)) }
}

/// Gives the RAM of those bytes back at once; they are zero at the next touch.
///
/// # Safety
/// As [`region_map_free`], for those bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_decommit(map: *mut region_map, at: usize, len: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { on_range(map, at, len, |region, range| region.decommit(range)) }
}

/// Sets what may be done with those bytes: one of REGION_ACCESS_...
///
/// # Safety
/// As [`region_map_free`], for those bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_protect(map: *mut region_map, at: usize, len: usize, access: c_uint) -> c_int {
    let access = match access {
        REGION_ACCESS_NONE => Access::None,
        REGION_ACCESS_READ => Access::Read,
        REGION_ACCESS_WRITE => Access::ReadWrite,
        _ => return -EINVAL,
    };
    // SAFETY: the caller's promise, passed on.
    unsafe { on_range(map, at, len, |region, range| region.protect(range, access)) }
}

/// Tells the kernel how those bytes are going to be used: one of REGION_ADVICE_... Never changes content.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_advise(map: *mut region_map, at: usize, len: usize, advice: c_uint) -> c_int {
    let advice = match advice {
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
        _ => return -EINVAL,
    };
    // SAFETY: the caller's promise, passed on.
    unsafe { on_range(map, at, len, |region, range| region.advise(range, advice)) }
}

/// How many bytes are in RAM now, in `bytes`: mincore(2), one call per 4 MiB.
///
/// # Safety
/// `map` is NULL or a zeroed or initialized map; `bytes` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_map_resident(map: *mut region_map, bytes: *mut usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(region), false) = (unsafe { region(map) }, bytes.is_null()) else { return -EINVAL };
    match region.resident_bytes() {
        Ok(resident) => {
            // SAFETY: the caller lets it be written.
            unsafe { bytes.write(resident) };
            0
        }
        Err(error) => -of_error(&error),
    }
}
