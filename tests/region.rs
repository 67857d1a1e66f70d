//! Regions: what they promise about their bytes, their length and their end.

#![cfg(feature = "os")]

mod support;

use asked::{faults, holds_alone, is_mapped, write_faults};
use region::error::{Call, Reason};
use region::mapping::{Access, Advice, Pages};
use region::{Region, page_size};

/// What a fault and a mapping are is asked of forked children and of the process's map.
#[cfg(unix)]
mod asked {
    use super::{read, support::forked};

    /// Whether an address is mapped in this process.
    pub fn is_mapped(address: usize) -> bool {
        std::fs::read_to_string("/proc/self/maps").unwrap().lines().any(|line| {
            let (range, _) = line.split_once(' ').unwrap();
            let (from, to) = range.split_once('-').unwrap();
            let bound = |text| usize::from_str_radix(text, 16).unwrap();
            (bound(from)..bound(to)).contains(&address)
        })
    }

    /// Whether `work` is true in a child of its own.
    pub fn holds_alone(work: impl FnOnce() -> bool) -> bool {
        let status = forked(work);
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }

    /// Whether reading the byte at `address` raises SIGSEGV.
    pub fn faults(address: *const u8) -> bool {
        let status = forked(|| {
            read(address);
            true
        });
        libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV
    }

    /// Whether writing the byte at `address` raises a signal.
    pub fn write_faults(address: *const u8) -> bool {
        let status = forked(|| {
            // SAFETY: the fault that this write may cause is what is asked about.
            unsafe { address.cast_mut().write_volatile(1) };
            true
        });
        libc::WIFSIGNALED(status)
    }
}

/// Windows says what its pages are. The tests run one by one there (`.ci/windows`), so no other thread maps anything.
#[cfg(windows)]
mod asked {
    pub use super::support::{faults, is_mapped, write_faults};

    pub fn holds_alone(work: impl FnOnce() -> bool) -> bool {
        work()
    }
}

/// Reads one byte that the compiler may not skip.
fn read(address: *const u8) -> u8 {
    // SAFETY: only called on addresses of a region; a fault is what the caller asks about.
    unsafe { address.read_volatile() }
}

#[test]
fn memory_is_zero_writable_and_a_whole_number_of_pages() {
    let mut region = Region::new(3 * page_size() - 5).unwrap();
    assert_eq!(region.len(), 3 * page_size());
    assert_eq!(region.as_slice().len(), region.len());
    assert!(region.as_slice().iter().all(|&byte| byte == 0));
    region.as_mut_slice().fill(7);
    assert!(region.as_slice().iter().all(|&byte| byte == 7));
    assert!(!region.is_empty());
    assert_eq!(region.as_ptr().addr() % page_size(), 0);
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn an_alignment_takes_no_memory_and_keeps_no_addresses() {
    // Far more than any machine promises, and a quarter of the addresses that a process has.
    const FAR: usize = 1 << 45;
    if let Err(error) = Region::reserve(FAR) {
        return support::skip(&format!("alignment to {FAR} bytes: {error}"));
    }
    let len = 1 << 20;
    for (options, guards) in [
        (Region::options(), 0),
        (Region::options().shared(), 0),
        (Region::options().guard_pages().populate(), 2),
        (Region::options().reserve_only().guard_pages(), 2),
    ] {
        assert!(holds_alone(|| {
            let before = support::status("VmSize");
            let region = options.len(len).align(FAR).map().unwrap();
            let taken = support::status("VmSize") - before;
            let (start, end) = (region.as_ptr(), region.as_ptr().wrapping_add(len));
            assert_eq!(start.addr() % FAR, 0);
            assert!(taken <= len + guards * page_size(), "{taken}");
            assert!(guards == 0 || faults(start.wrapping_sub(1)) && faults(end));
            drop(region);
            support::status("VmSize") == before
        }));
    }
}

#[test]
fn drop_unmaps_all_of_it_and_only_it() {
    let neighbours: Vec<Region> = (0..8).map(|_| Region::new(64 << 10).unwrap()).collect();
    let options = Region::options().len(1 << 20).align(1 << 21).guard_pages();
    let region = options.map().unwrap();
    let (first, last) = (region.as_ptr().addr(), region.as_ptr().addr() + region.len() - 1);
    assert!(is_mapped(first) && is_mapped(last));
    assert!(holds_alone(move || {
        drop(region);
        !is_mapped(first) && !is_mapped(last)
    }));
    for neighbour in &neighbours {
        assert_eq!(read(neighbour.as_ptr()), 0);
    }
}

#[test]
fn a_reservation_takes_no_ram_and_faults_until_committed() {
    let page = page_size();
    let mut region = Region::reserve(1 << if usize::BITS == 64 { 36 } else { 30 }).unwrap();
    assert_eq!(region.as_slice(), b"");
    let base = region.as_ptr();
    assert!(faults(base));
    region.commit(page..2 * page).unwrap();
    assert_eq!(region.as_slice(), b"", "what was committed does not begin at the start");
    assert_eq!(read(base.wrapping_add(page)), 0);
    region.commit(..page).unwrap();
    assert_eq!(region.as_slice().len(), page);
    region.commit(page..3 * page).unwrap();
    assert_eq!(region.as_mut_slice().len(), 3 * page);
    region.as_mut_slice().fill(1);
}

#[test]
fn decommit_gives_the_ram_back_and_zeroes() {
    let page = page_size();
    let mut region = Region::new(64 * page).unwrap();
    region.as_mut_slice().fill(0xaa);
    assert_eq!(region.resident(), 64 * page);
    region.decommit(page..63 * page).unwrap();
    assert_eq!(region.resident(), 2 * page);
    assert_eq!((region.as_slice()[0], region.as_slice()[page], region.as_slice()[63 * page]), (0xaa, 0, 0xaa));
}

#[test]
fn slices_shrink_with_the_access_and_grow_back() {
    let page = page_size();
    let mut region = Region::new(8 * page).unwrap();
    region.protect(4 * page.., Access::Read).unwrap();
    assert_eq!((region.as_slice().len(), region.as_mut_slice().len()), (8 * page, 4 * page));
    region.protect(2 * page..3 * page, Access::None).unwrap();
    assert_eq!((region.as_slice().len(), region.as_mut_slice().len()), (2 * page, 2 * page));
    let base = region.as_ptr();
    assert!(faults(base.wrapping_add(2 * page)));
    assert!(write_faults(base.wrapping_add(5 * page)));
    region.protect(.., Access::ReadWrite).unwrap();
    assert_eq!(region.as_mut_slice().len(), 8 * page);
    region.as_mut_slice().fill(3);
}

#[test]
fn guard_pages_fault_on_either_side() {
    let region = Region::options().len(4 * page_size()).guard_pages().map().unwrap();
    let base = region.as_ptr();
    assert!(!faults(base));
    assert!(faults(base.wrapping_sub(1)));
    assert!(faults(base.wrapping_add(region.len())));
}

#[test]
fn an_aligned_region_between_guards_is_usable_to_its_last_byte() {
    for shift in [0, 12, 13, 16, 17, 21, 25] {
        let mut region = Region::options().len(1 << 20).align(1 << shift).guard_pages().populate().map().unwrap();
        let base = region.as_ptr();
        assert_eq!((base.addr() % (1 << shift), region.len()), (0, 1 << 20));
        region.as_mut_slice().fill(1);
        assert!(faults(base.wrapping_sub(1)) && faults(base.wrapping_add(1 << 20)), "{shift}");
    }
}

#[test]
fn alignment_is_kept_up_to_a_gibibyte() {
    for shift in [0, 3, 12, 16, 21, 25, 30] {
        let region = Region::options().len(1).align(1 << shift).reserve_only().map().unwrap();
        assert_eq!(region.as_ptr().addr() % (1 << shift), 0);
    }
}

#[test]
fn populated_memory_is_resident_at_once() {
    for pages in [Pages::Base, Pages::Transparent] {
        for align in [1, 1 << 22] {
            let options = Region::options().len(4 << 20).pages(pages).align(align).populate();
            for options in [options, options.guard_pages()] {
                let region = options.map().unwrap();
                assert_eq!(region.resident(), region.len(), "{options:?}");
            }
        }
    }
    assert_eq!(Region::new(4 << 20).unwrap().resident(), 0);
}

#[cfg(unix)]
#[test]
fn a_name_shows_in_the_map_where_the_kernel_has_names() {
    const PR_SET_VMA: i32 = 0x5356_4d41;
    let mut region = Region::options().len(1 << 20).name(c"libregion test").map().unwrap();
    let (base, name) = (region.as_mut_ptr(), c"libregion probe".as_ptr());
    // SAFETY: naming a range changes no content, and the name is NUL-terminated.
    let named = unsafe { libc::prctl(PR_SET_VMA, 0, base.add(1 << 19), 1usize << 19, name) } == 0;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert_eq!(maps.contains("libregion test"), named);
    if !named {
        println!("SKIPPED: names of anonymous memory: this kernel is built without them");
    }
    region.as_mut_slice().fill(1);
}

/// Every advice there is, with its name.
macro_rules! every_advice {
    ($($name:ident)*) => { [$((stringify!($name), Advice::$name)),*] };
}
const EVERY_ADVICE: [(&str, Advice); 13] = every_advice!(
    Normal Sequential Random WillNeed HugePage NoHugePage PopulateRead PopulateWrite Collapse Cold PageOut DontDump DoDump
);

/// Advice is safe to give, so it must take nothing from anybody: what a forked child gets is said in `unsafe` code.
#[test]
fn no_advice_changes_a_byte_here_or_in_a_forked_child() {
    let source = include_str!("../src/sys/kinds.rs");
    let (_, rest) = source.split_once("pub enum Advice {").unwrap();
    let variants = rest.lines().map(str::trim).take_while(|line| *line != "}");
    let variants = variants.filter_map(|line| line.strip_suffix(',').filter(|name| !name.contains(' ')));
    let names = EVERY_ADVICE.map(|(name, _)| name);
    assert!(variants.eq(names), "the list of this test is not that of the source");
    let mut region = Region::new(4 << 20).unwrap();
    region.as_mut_slice().fill(9);
    for (name, advice) in EVERY_ADVICE {
        if let Err(error) = region.advise(.., advice) {
            assert_eq!(error.call(), if advice == Advice::Collapse { Call::Collapse } else { Call::Advise });
            println!("this kernel does not follow {name}: {error}");
        }
        assert!(support::all(region.as_slice(), 9), "{name}");
        assert!(holds_alone(|| support::all(region.as_slice(), 9)), "{name}");
    }
}

#[test]
fn absurd_requests_are_refused_with_the_reason() {
    let reason = |options: region::mapping::RegionOptions<'_>| options.map().unwrap_err().reason();
    assert_eq!(reason(Region::options()), Reason::Empty);
    assert_eq!(reason(Region::options().len(usize::MAX)), Reason::TooLarge);
    assert_eq!(reason(Region::options().len(isize::MAX as usize + 1)), Reason::TooLarge);
    assert_eq!(reason(Region::options().len(isize::MAX as usize)), Reason::TooLarge);
    assert_eq!(
        reason(Region::options().len(isize::MAX as usize - (1 << 20)).guard_pages().align(1 << 30)),
        Reason::TooLarge
    );
    assert_eq!(reason(Region::options().len(4096).align(0)), Reason::BadAlignment);
    assert_eq!(reason(Region::options().len(4096).align(3)), Reason::BadAlignment);
    #[cfg(target_pointer_width = "64")]
    {
        let error = Region::options().len(1 << 62).reserve_only().map().unwrap_err();
        #[cfg(unix)]
        assert!(error.is(region::error::Errno::ENOMEM), "{error:?}");
        let by = if cfg!(windows) { "ERROR_INVALID_PARAMETER (VirtualAlloc)" } else { "ENOMEM (mmap)" };
        assert!(error.to_string().starts_with(&format!("cannot map 4096 PiB: {by}.")), "{error}");
    }
}

#[test]
fn ranges_outside_or_between_pages_are_refused_and_change_nothing() {
    let page = page_size();
    let mut region = Region::new(4 * page).unwrap();
    region.as_mut_slice().fill(5);
    for (from, to) in [(1, page), (0, page - 1), (0, 5 * page), (2 * page, page), (usize::MAX, usize::MAX)] {
        assert_eq!(region.decommit(from..to).unwrap_err().reason(), Reason::BadRange);
        assert_eq!(region.protect(from..to, Access::None).unwrap_err().reason(), Reason::BadRange);
        assert_eq!(region.advise(from..to, Advice::Cold).unwrap_err().reason(), Reason::BadRange);
    }
    assert_eq!(region.decommit(..=usize::MAX).unwrap_err().reason(), Reason::BadRange);
    region.decommit(page..page).unwrap();
    assert_eq!(region.as_mut_slice().len(), 4 * page);
    assert!(region.as_slice().iter().all(|&byte| byte == 5));
}

#[test]
fn a_region_may_be_used_and_dropped_by_another_thread() {
    static_assertions::assert_impl_all!(Region: Send, Sync);
    let mut region = Region::new(1 << 16).unwrap();
    region.as_mut_slice()[0] = 1;
    let sum = std::thread::spawn(move || {
        region.as_mut_slice()[1] = 1;
        region.as_slice().iter().map(|&byte| u32::from(byte)).sum::<u32>()
    });
    assert_eq!(sum.join().unwrap(), 2);
}
