//! Huge pages: what is granted, what comes of it, and what a shortage says.
//!
//! Needs root for most: pages are set aside and settings changed for a while. What cannot be done is said aloud.

#![cfg(feature = "os")]

mod support;

use region::backing::RegionBacking;
use region::error::{Call, Errno};
use region::mapping::{Advice, AtFork, PageState, Pages};
use region::{Arena, PagePool, Region, page_size};
use support::hugetlb::{Setting, free_huge_pages, free_huge_pages_become, huge_pages_go_back, set_huge_pages_aside};
use support::{forked, mapping_flags};

const HUGE: usize = 2 << 20;
const THP: &str = "/sys/kernel/mm/transparent_hugepage/enabled";
const PR_SET_THP_DISABLE: i32 = 41;

fn holds(status: i32) -> bool {
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

#[test]
fn huge_pages_that_were_set_aside_are_granted_whole_and_come_back() {
    let Some(_setting) = set_huge_pages_aside(8, "a region of huge pages") else { return };
    let free = free_huge_pages();
    let mut region = Region::options().len(3 * HUGE + 1).pages(Pages::Huge2M).map().unwrap();
    assert_eq!((region.granted(), region.len()), (Pages::Huge2M, 4 * HUGE));
    assert_eq!(region.as_ptr().addr() % HUGE, 0);
    assert_eq!(free_huge_pages(), free - 4, "the pages are not reserved before the first touch");
    assert_eq!(region.page_stats(..).unwrap().resident(), 0);
    assert!(region.to_string().contains("huge"), "{region}");
    region.as_mut_slice()[HUGE..3 * HUGE].fill(1);
    let mut runs = Vec::new();
    region.page_runs(.., |run| runs.push((run.start, run.len, run.state))).unwrap();
    let expected = [
        (0, HUGE, PageState::Absent),
        (HUGE, HUGE, PageState::Huge),
        (2 * HUGE, HUGE, PageState::Huge),
        (3 * HUGE, HUGE, PageState::Absent),
    ];
    let joined = [(0, HUGE, PageState::Absent), (HUGE, 2 * HUGE, PageState::Huge), (3 * HUGE, HUGE, PageState::Absent)];
    assert!(runs == expected || runs == joined, "{runs:?}");
    // Whole huge pages are the unit of all ranges, and go back one by one.
    assert!(region.decommit(..page_size()).is_err());
    if huge_pages_go_back("decommitting huge pages") {
        region.decommit(HUGE..2 * HUGE).unwrap();
        assert_eq!(region.page_stats(..).unwrap().huge, HUGE);
        assert_eq!((region.as_slice()[HUGE], region.as_slice()[2 * HUGE]), (0, 1));
    } else {
        assert!(region.decommit(HUGE..2 * HUGE).unwrap_err().is(Errno::EINVAL));
        assert_eq!((region.as_slice()[HUGE], region.as_slice()[2 * HUGE]), (1, 1));
    }
    drop(region);
    assert!(free_huge_pages_become(free), "{} of {free} are free", free_huge_pages());
}

#[test]
fn shortage_is_an_error_at_map_and_the_next_wish_is_granted() {
    let Some(_setting) = set_huge_pages_aside(2, "a shortage of huge pages") else { return };
    let free = free_huge_pages();
    let options = Region::options().len((free + 1) * HUGE);
    let error = options.pages(Pages::Huge2M).map().unwrap_err();
    assert!(error.call() == Call::MapHuge && error.is(Errno::ENOMEM), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("cannot map huge pages for ") && text.contains("/sys/kernel/mm/hugepages"), "{text}");
    // Not even a region that says it needs no reservation is left to die at the touch.
    assert!(options.pages(Pages::Huge2M).uncharged().map().is_err());
    assert!(options.pages_in_order(&[Pages::Huge1G, Pages::Huge2M]).map().is_err(), "strict wishes were widened");
    let region = options.pages_in_order(Pages::HUGE_FIRST).map().unwrap();
    assert_eq!((region.granted(), free_huge_pages()), (Pages::Transparent, free));
    let first = Region::options().len(HUGE).pages_in_order(Pages::HUGE_FIRST).map().unwrap();
    assert_eq!((first.granted(), free_huge_pages()), (Pages::Huge2M, free - 1));
}

#[test]
fn pages_that_nobody_set_aside_are_refused_in_words() {
    let gigantic = Region::options().len(1 << 30).pages(Pages::Huge1G).map();
    let Err(error) = gigantic else {
        eprintln!("SKIPPED: pages of 1 GiB are set aside here; their refusal was NOT tested");
        return;
    };
    assert!(error.call() == Call::MapHuge && (error.is(Errno::ENOMEM) || error.is(Errno::EINVAL)), "{error:?}");
    assert_eq!(Region::options().len(1 << 20).pages_in_order(&[]).map().unwrap().granted(), Pages::Base);
}

#[test]
fn gigantic_page_is_one_run() {
    let path = "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages";
    let untested = "a page of 1 GiB";
    let Some(_setting) = Setting::change(path, "1", untested) else { return };
    if std::fs::read_to_string(path).unwrap().trim() == "0" {
        eprintln!("SKIPPED: no 1 GiB lies together here; {untested} was NOT tested");
        return;
    }
    let mut region = Region::options().len(1).pages_in_order(Pages::LARGEST_FIRST).map().unwrap();
    assert_eq!((region.granted(), region.len()), (Pages::Huge1G, 1 << 30));
    region.as_mut_slice()[(1 << 30) - 1] = 1;
    let mut runs = Vec::new();
    region.page_runs(.., |run| runs.push((run.start, run.len, run.state))).unwrap();
    assert_eq!(runs, [(0, 1 << 30, PageState::Huge)]);
}

#[test]
fn guards_and_alignment_hold_around_huge_pages() {
    let Some(_setting) = set_huge_pages_aside(12, "guards around huge pages") else { return };
    let free = free_huge_pages();
    let options = Region::options().len(HUGE).pages(Pages::Huge2M).guard_pages().align(4 * HUGE);
    let mut region = options.map().unwrap();
    assert_eq!((region.len(), region.as_ptr().addr() % (4 * HUGE)), (HUGE, 0));
    region.as_mut_slice().fill(7);
    let (before, behind) = (region.as_ptr().wrapping_sub(1), region.as_ptr().wrapping_add(HUGE));
    for guard in [before, behind] {
        let status = forked(|| {
            // SAFETY: the fault is what is asked about.
            unsafe { guard.read_volatile() };
            true
        });
        assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV, "{status:#x}");
    }
    drop(region);
    assert_eq!(free_huge_pages(), free);
}

#[test]
fn arena_on_huge_pages_uses_them_and_reports_them() {
    let Some(_setting) = set_huge_pages_aside(8, "an arena on huge pages") else { return };
    let free = free_huge_pages();
    let options = Region::options().len(8 * HUGE).pages(Pages::Huge2M).name(c"region: test");
    let mut arena: Arena<8, _> = Arena::new_in(RegionBacking::map(options).unwrap());
    let values: Vec<&mut [u64; 8]> = (0..65_536).map(|i| arena.alloc([i; 8])).collect();
    assert!(values.iter().enumerate().all(|(i, value)| **value == [i as u64; 8]));
    let figures = arena.backing().page_stats().unwrap();
    assert_eq!((arena.backing().granted(), figures.huge, figures.base), (Pages::Huge2M, 2 * HUGE, 0));
    assert_eq!(arena.resident(), 2 * HUGE);
    arena.reset_keeping(HUGE);
    let kept = if huge_pages_go_back("giving back what an arena has in huge pages") { HUGE } else { 2 * HUGE };
    assert_eq!(arena.backing().page_stats().unwrap().huge, kept);
    let zeroes = arena.alloc_slice_zeroed::<u64>(7 * HUGE / 8);
    assert!(zeroes.iter().all(|&word| word == 0));
    assert!(arena.try_alloc_slice_fill_copy(2 * HUGE, 0u8).is_err(), "the region has no room for that");
    drop(arena);
    assert_eq!(free_huge_pages(), free);
}

#[test]
fn arena_over_a_used_region_clears_what_it_calls_zero() {
    let mut region = Region::new(1 << 20).unwrap();
    region.as_mut_slice().fill(0xff);
    let mut arena = Arena::over(region);
    assert!(arena.alloc_slice_zeroed::<u8>(1 << 19).iter().all(|&byte| byte == 0));
    arena.reset_keeping(0);
    assert!(arena.alloc_slice_zeroed::<u8>(1 << 20).iter().all(|&byte| byte == 0));
    assert!(arena.try_alloc(1u8).is_err());
    arena.reset();
    assert_eq!(*arena.alloc(1u8), 1);
    // What has no access from the start on is not the arena's.
    let mut partly = Region::reserve(1 << 20).unwrap();
    partly.commit(..1 << 16).unwrap();
    let arena = Arena::over(partly);
    assert!(arena.try_alloc([1u8; 1 << 16]).is_ok() && arena.try_alloc(1u8).is_err());
}

#[test]
fn pool_on_huge_pages_gives_them_out_and_trims_them() {
    let Some(_setting) = set_huge_pages_aside(4, "a pool on huge pages") else { return };
    let go_back = huge_pages_go_back("trimming a pool on huge pages");
    let region = Region::options().pages(Pages::Huge2M);
    let pool = PagePool::options().block_size(HUGE).capacity(4).region(region).map().unwrap();
    let mut pages: Vec<_> = (0..4).map(|_| pool.take().unwrap()).collect();
    assert!(pool.take().is_err());
    for page in &mut pages {
        page.fill(std::mem::MaybeUninit::new(1));
    }
    drop(pages);
    if go_back {
        assert_eq!(pool.trim(1).unwrap(), 3 * HUGE);
    } else {
        assert!(pool.trim(1).unwrap_err().is(Errno::EINVAL));
    }
    assert_eq!((0..4).map(|_| pool.take_zeroed().unwrap()).filter(|page| page[HUGE - 1] == 0).count(), 4);
}

#[test]
fn blocks_smaller_than_a_huge_page_are_never_called_zero_untouched() {
    let Some(_setting) = set_huge_pages_aside(1, "small blocks on huge pages") else { return };
    let region = Region::options().pages(Pages::Huge2M);
    let pool = PagePool::options().block_size(64 << 10).capacity(32).region(region).map().unwrap();
    let mut page = pool.take().unwrap();
    page.fill(std::mem::MaybeUninit::new(1));
    drop(page);
    assert!(pool.trim(0).is_err(), "a part of a huge page cannot go back");
    assert!((0..32).all(|_| pool.take_zeroed().unwrap().iter().all(|&byte| byte == 0)));
}

#[test]
fn huge_pages_are_shared_with_children_or_kept_from_them() {
    let Some(_setting) = set_huge_pages_aside(2, "huge pages and fork") else { return };
    let options = Region::options().len(HUGE).pages(Pages::Huge2M);
    let mut shared = options.shared().map().unwrap();
    let byte = shared.as_mut_ptr();
    // SAFETY: the child is the only one that writes, and the parent reads when it is gone.
    assert!(holds(forked(|| unsafe {
        byte.write(7);
        true
    })));
    // SAFETY: the byte is the region's, and the child is gone.
    assert_eq!(unsafe { byte.read() }, 7);
    // SAFETY: what the child below does to the region is its end.
    let alone = unsafe { options.at_fork(AtFork::Drop) }.map().unwrap();
    let byte = alone.as_ptr();
    let status = forked(|| {
        // SAFETY: the fault is what is asked about.
        unsafe { byte.read_volatile() };
        std::mem::forget(alone);
        true
    });
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV, "{status:#x}");
}

/// What 4 MiB that ask for transparent huge pages, all written, are made of, and whether they can be collapsed.
fn transparent() -> (region::mapping::PageStats, Result<(), region::Error>, region::mapping::PageStats) {
    let mut region = Region::options().len(2 * HUGE).pages(Pages::Transparent).map().unwrap();
    assert_eq!((region.granted(), region.as_ptr().addr() % HUGE), (Pages::Transparent, 0));
    region.as_mut_slice().fill(1);
    let figures = region.page_stats(..).unwrap();
    assert_eq!(figures.resident(), 2 * HUGE);
    let collapsed = region.collapse(..);
    assert!(region.as_slice().iter().all(|&byte| byte == 1));
    (figures, collapsed, region.page_stats(..).unwrap())
}

#[test]
fn what_came_of_the_wish_is_reported_under_every_setting() {
    for mode in ["always", "madvise", "never"] {
        let untested = format!("transparent huge pages under `{mode}`");
        let Some(_setting) = Setting::change(THP, mode, &untested) else { return };
        let (figures, collapsed, after) = transparent();
        if figures.unknown > 0 {
            eprintln!("SKIPPED: this kernel does not tell the size of pages; {untested} were NOT tested");
            return;
        }
        match mode {
            "never" => assert_eq!((figures.huge, figures.base), (0, 2 * HUGE)),
            _ if figures.huge == 2 * HUGE => {}
            _ => eprintln!("the kernel found no huge pages under `{mode}`: {figures}"),
        }
        match collapsed {
            Ok(()) => assert_eq!(after.huge, 2 * HUGE, "{mode}"),
            Err(error) => eprintln!("collapse under `{mode}`: {error}"),
        }
        eprintln!("{mode}: {figures}; collapsed: {after}");
    }
}

#[test]
fn collapse_refused_to_the_process_says_why() {
    let Some(_setting) = Setting::change(THP, "madvise", "collapse in a process without huge pages") else { return };
    let status = forked(|| {
        // SAFETY: changes a flag of this process, which is a child of the test's own.
        assert_eq!(unsafe { libc::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) }, 0);
        let (figures, collapsed, after) = transparent();
        let error = collapsed.unwrap_err();
        let text = error.to_string();
        let said = error.call() == Call::Collapse && error.is(Errno::EINVAL) && text.contains("PR_SET_THP_DISABLE");
        said && figures.huge == 0 && after.huge == 0
    });
    assert!(holds(status), "{status:#x}");
    let small = Region::new(page_size()).unwrap();
    assert!(small.collapse(..).unwrap_err().is(Errno::EINVAL), "there is no whole huge page in a small one");
}

#[test]
fn locked_pages_stay_and_the_limit_is_named() {
    let page = page_size();
    let mut region = Region::new(4 * page).unwrap();
    region.lock(page..3 * page).unwrap();
    assert_eq!(region.page_stats(..).unwrap().resident(), 2 * page);
    assert!(region.decommit(..).unwrap_err().is(Errno::EINVAL));
    region.unlock(..).unwrap();
    region.decommit(..).unwrap();
    assert_eq!(region.page_stats(..).unwrap().absent, 4 * page);
    assert!(
        holds(forked(|| {
            support::limit(libc::RLIMIT_MEMLOCK, page as u64);
            // SAFETY: root may lock what it likes, and somebody else may not.
            assert_eq!(unsafe { libc::setuid(65_534) }, 0);
            let error = region.lock(..).unwrap_err();
            error.call() == Call::Lock && error.to_string().contains("ulimit -l")
        })) || unprivileged()
    );
}

/// Whether the test above could not give up root, as it has none.
fn unprivileged() -> bool {
    // SAFETY: asks for a number.
    let unprivileged = unsafe { libc::geteuid() } != 0;
    if unprivileged {
        eprintln!("SKIPPED: not root; the refusal of locks was NOT tested");
    }
    unprivileged
}

#[test]
fn options_that_are_set_before_mapping_hold_from_the_start() {
    let options = Region::options().len(1 << 16).guard_pages();
    // SAFETY: bytes are as good when they are zero; here and below.
    let mut wiped = unsafe { options.at_fork(AtFork::Wipe) }.not_dumped().map().unwrap();
    let flags = mapping_flags(wiped.as_ptr().addr());
    assert!(flags.contains(" wf ") && flags.contains(" dd "), "{flags}");
    wiped.as_mut_slice().fill(9);
    assert!(holds(forked(|| wiped.as_slice().iter().all(|&byte| byte == 0))));
    assert_eq!(wiped.as_slice()[0], 9);
    // SAFETY: no child is forked before the region is kept again.
    let gone = unsafe { options.at_fork(AtFork::Drop) }.map().unwrap();
    assert!(mapping_flags(gone.as_ptr().addr()).contains(" dc "));
    // SAFETY: a child has all of it again.
    unsafe { gone.set_at_fork(.., AtFork::Keep).unwrap() };
    assert!(holds(forked(|| gone.as_slice()[0] == 0)));
    // The kernel wipes private memory alone, and says so before anything relies on it.
    // SAFETY: nothing is mapped.
    assert!(unsafe { options.at_fork(AtFork::Wipe) }.shared().map().is_err());
}

#[test]
fn runs_tell_what_was_touched_page_by_page() {
    let page = page_size();
    let mut region = Region::new(64 * page).unwrap();
    region.advise(.., Advice::NoHugePage).unwrap();
    for touched in [0, 1, 10, 63] {
        region.as_mut_slice()[touched * page] = 1;
    }
    // Reading brings in the kernel's page of zeroes and takes no RAM.
    std::hint::black_box(region.as_slice()[20 * page]);
    let mut resident = [false; 64];
    let mut end = 0;
    region
        .page_runs(.., |run| {
            assert_eq!(run.start, end, "a gap between runs");
            end = run.start + run.len;
            resident[run.start / page..end / page].fill(run.state != PageState::Absent);
        })
        .unwrap();
    assert_eq!(end, region.len());
    let touched: Vec<usize> = (0..64).filter(|&at| resident[at]).collect();
    assert!(touched == [0, 1, 10, 63] || touched == [0, 1, 10, 20, 63], "{touched:?}");
    assert_eq!(region.page_stats(2 * page..20 * page).unwrap().resident(), page);
    assert_eq!(region.page_stats(page..page).unwrap().resident(), 0);
}
