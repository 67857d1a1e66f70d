//! Tells a story under every plan that refuses one of its calls, and looks for what it left behind.

use region::error::Call;
use region::error::Errno;
use region::faults::{FaultPlan, plan_faults, refusals};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// Refusals of a story are a matter of the sweep's end, so a story says what was refused and goes on.
pub type Story = fn() -> Result<(), String>;

pub const ENOMEM: Errno = Errno::new(libc::ENOMEM);
pub const EPERM: Errno = Errno::new(libc::EPERM);
pub const ENOSYS: Errno = Errno::new(libc::ENOSYS);
pub const EIO: Errno = Errno::new(libc::EIO);

/// Every kind of call that is refused by itself; all together are one more. `munmap` is the kernel's to refuse where a
/// mapping would be split, and the crate returns whole ones: what cannot be returned is lost.
const KINDS: [Call; 23] = [
    Call::Map,
    Call::MapHuge,
    Call::MapFile,
    Call::Protect,
    Call::Advise,
    Call::Decommit,
    Call::Collapse,
    Call::Lock,
    Call::Unlock,
    Call::Remap,
    Call::Sync,
    Call::Resident,
    Call::Name,
    Call::Open,
    Call::OpenWritable,
    Call::Create,
    Call::Stat,
    Call::Seek,
    Call::Read,
    Call::Resize,
    Call::Allocate,
    Call::MakeMemory,
    Call::Seal,
];

/// Most calls that a story makes; more would mean that a sweep does not end.
const MOST: usize = 3_000;

thread_local! {
    /// Refusals of the run before they ended.
    static BEFORE: Cell<usize> = const { Cell::new(0) };
}

/// From here on nothing is refused: what a story does now must succeed.
pub fn refusals_end() {
    BEFORE.set(BEFORE.get() + refusals());
    plan_faults(None);
}

/// How many calls were refused so far.
pub fn refused_so_far() -> usize {
    BEFORE.get() + refusals()
}

/// The process's mappings that are not malloc's, the loader's or a stack's: anonymous ones, and files mapped now.
fn mappings() -> Vec<(usize, usize)> {
    region::trim();
    let maps = std::fs::read_to_string("/proc/thread-self/maps").unwrap();
    // Files of stories, and memory with a descriptor, go by this name.
    let ours = maps.lines().filter(|line| line.split_whitespace().nth(5).is_none_or(|name| name.contains("story-")));
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for line in ours {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| usize::from_str_radix(text, 16).unwrap());
        // Neighbours may be one entry or two, as the kernel likes.
        match ranges.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ => ranges.push((from, to)),
        }
    }
    ranges
}

/// Whether a range was mapped before. What is gone since may be another thread's.
fn covered(now: &(usize, usize), before: &[(usize, usize)]) -> bool {
    before.iter().any(|was| was.0 <= now.0 && now.1 <= was.1)
}

/// One sweep at a time: the mappings and descriptors are the whole process's.
static ALONE: Mutex<()> = Mutex::new(());

/// Tells a story once under a plan: what it says was refused, and how many calls were.
fn tell(name: &str, story: Story, plan: FaultPlan) -> (Result<(), String>, usize) {
    // What the last run left in the cache would spare this one its calls.
    region::trim();
    BEFORE.set(0);
    plan_faults(Some(plan));
    let told = catch_unwind(AssertUnwindSafe(story));
    let hit = BEFORE.get() + refusals();
    plan_faults(None);
    (told.unwrap_or_else(|_| panic!("{name}: panicked under {plan:?}")), hit)
}

/// Runs a story with its first call of a kind refused, then its second, until a run meets no refusal: for every kind
/// that it makes and for all together, once and from then on.
pub fn sweep(name: &str, errnos: &[Errno], story: Story) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // Once undisturbed: what is remembered for good (page sizes, missing advice) is made now.
    plan_faults(None);
    story().unwrap_or_else(|refused| panic!("{name}: refused without a plan: {refused}"));
    let before = mappings();
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let open = descriptors();
    let used =
        |call: &Call| tell(name, story, FaultPlan { call: Some(*call), nth: 0, lasting: false, errno: ENOMEM }).1 != 0;
    let kinds: Vec<Call> = KINDS.into_iter().filter(used).collect();
    let (mut runs, mut refused_runs) = (0, 0);
    for call in kinds.iter().copied().map(Some).chain([None]) {
        for &errno in errnos {
            for lasting in [false, true] {
                for nth in 0.. {
                    assert!(nth < MOST, "{name}: the sweep does not end");
                    let plan = FaultPlan { call, nth, lasting, errno };
                    let (told, hit) = tell(name, story, plan);
                    runs += 1;
                    if let Err(refused) = told {
                        refused_runs += 1;
                        assert!(hit != 0, "{name}: an error without a refusal: {refused}");
                        assert!(refused.contains("cannot "), "{name}: {refused:?} says nothing");
                    }
                    if hit == 0 {
                        break;
                    }
                    let leaked: Vec<_> = mappings().into_iter().filter(|now| !covered(now, &before)).collect();
                    assert_eq!(leaked, [], "{name}: mappings that were not there before, under {plan:?}");
                    assert_eq!(descriptors(), open, "{name}: descriptors that were not open before, under {plan:?}");
                }
            }
        }
    }
    println!("{name}: {runs} runs, {refused_runs} of them with an error for the caller; {kinds:?}");
    assert!(refused_runs != 0, "{name}: no call was ever refused");
}

pub fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
