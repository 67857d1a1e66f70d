//! Nothing is lost when the system refuses: the Nth call fails, once or from then on, for every N.
//!
//! A story is what a program does with one part of the library. It checks itself that every value it was given
//! stands, also after a refusal, and that what was refused can be asked for again. The sweep runs it with the
//! first call refused, then the second, until a run meets no refusal; before and after, the process has the same
//! mappings. Built with `--cfg region_faults` alone:
//!
//! ```sh
//! RUSTFLAGS="--cfg region_faults" cargo test --profile model --test faults --target-dir target/faults -- --test-threads=1
//! ```

#![cfg(all(region_faults, feature = "os", target_os = "linux"))]

use region::faults::{FaultPlan, plan_faults, refusals};
use region::{
    Access, Advice, AppendVec, Arena, ArenaPool, AtFork, Call, Errno, FileArena, FileRegion, Input, Mapped, PagePool,
    Pages, Region, RegionBacking, RegionVec, SharedArena, TypedArena,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

/// Refusals of a story are a matter of the sweep's end, so a story says what was refused and goes on.
type Story = fn() -> Result<(), String>;

const ENOMEM: Errno = Errno::new(libc::ENOMEM);
const EPERM: Errno = Errno::new(libc::EPERM);
const ENOSYS: Errno = Errno::new(libc::ENOSYS);
const EIO: Errno = Errno::new(libc::EIO);

/// Most calls that a story makes; more would mean that a sweep does not end.
const MOST: usize = 3_000;

/// The process's mappings that are not malloc's, the loader's or a stack's: anonymous ones, and files mapped now.
fn mappings() -> Vec<(usize, usize)> {
    region::trim();
    let maps = std::fs::read_to_string("/proc/thread-self/maps").unwrap();
    let ours =
        maps.lines().filter(|line| line.split_whitespace().nth(5).is_none_or(|name| name.contains("region-fault")));
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

/// One sweep at a time: the mappings are the whole process's.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs a story under every plan that refuses one of its calls.
fn sweep(name: &str, calls: &[Option<Call>], errnos: &[Errno], story: Story) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // Once undisturbed: what is remembered for good (page sizes, missing advice) is made now.
    plan_faults(None);
    story().unwrap_or_else(|refused| panic!("{name}: refused without a plan: {refused}"));
    let before = mappings();
    let (mut runs, mut refused_runs) = (0, 0);
    for &call in calls {
        for &errno in errnos {
            for lasting in [false, true] {
                for nth in 0.. {
                    assert!(nth < MOST, "{name}: the sweep does not end");
                    let plan = FaultPlan { call, nth, lasting, errno };
                    // What the last run left in the cache would spare this one its calls.
                    region::trim();
                    plan_faults(Some(plan));
                    let told = catch_unwind(AssertUnwindSafe(story));
                    let hit = refusals();
                    plan_faults(None);
                    runs += 1;
                    let told = told.unwrap_or_else(|_| panic!("{name}: panicked under {plan:?}"));
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
                }
            }
        }
    }
    println!("{name}: {runs} runs, {refused_runs} of them with an error for the caller");
    assert!(runs > calls.len() * errnos.len() * 2, "{name}: no call was ever refused");
}

const ALL: &[Option<Call>] = &[None];
const MEMORY: &[Option<Call>] = &[None, Some(Call::Map), Some(Call::Protect), Some(Call::Advise)];

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Fills an arena in steps past every boundary; each refused step is asked for once more, and all values are
/// checked at the end. The story's error is the last refusal that stood.
fn fill<const MIN_ALIGN: usize>(arena: &mut Arena<MIN_ALIGN>) -> Result<(), String> {
    let mut refused = None;
    for round in 0..2 {
        let mut values: Vec<&mut [u8]> = Vec::new();
        for (step, len) in [100, 5_000, 70_000, 700_000, 3 << 20, 10].into_iter().enumerate() {
            let byte = (round * 10 + step) as u8;
            let tries = [(); 2].map(|()| arena.try_alloc_slice_fill_copy(len, byte));
            for value in tries {
                match value {
                    Ok(value) => values.push(value),
                    Err(error) => refused = Some(said(error)),
                }
            }
        }
        for value in &values {
            assert!(value.iter().all(|&byte| byte == value[0]), "a value was written over");
        }
        let zeroes = arena.try_alloc_slice_zeroed::<u64>(9_000);
        assert!(zeroes.map_err(said).unwrap_or(&mut []).iter().all(|&word| word == 0));
        match round {
            0 => arena.reset(),
            _ => arena.reset_keeping(80_000),
        }
        assert_eq!(arena.used(), 0);
    }
    refused.map_or(Ok(()), Err)
}

#[test]
fn an_arena_keeps_what_it_gave() {
    sweep("arena", MEMORY, &[ENOMEM, EPERM, ENOSYS], || fill(&mut Arena::new()));
    sweep("arena, small alignment", ALL, &[ENOMEM], || fill(&mut Arena::<1>::with_min_align()));
    sweep("arena with capacity", ALL, &[ENOMEM], || fill(&mut Arena::try_with_capacity(1 << 20).map_err(said)?));
    sweep("paranoid arena", MEMORY, &[ENOMEM], || fill(&mut Arena::<8>::new_in(Mapped::new().paranoid())));
    sweep("arena in one reservation", ALL, &[ENOMEM], || {
        fill(&mut Arena::try_with_reservation(64 << 20).map_err(said)?)
    });
}

#[test]
fn scopes_and_growing_slices_give_back() {
    sweep("scopes", MEMORY, &[ENOMEM], || {
        let mut arena = Arena::new();
        let mut refused = Ok(());
        arena.scoped(|mut outer| {
            let kept = outer.try_alloc_slice_fill_copy(60_000, 7u8);
            for _ in 0..3 {
                outer.scoped(|inner| {
                    let row = inner.try_alloc_slice_fill_iter((0..100_000u32).filter(|i| i % 3 == 0));
                    match row {
                        Ok(row) => assert!(row.iter().copied().eq((0..100_000).step_by(3))),
                        Err(error) => refused = Err(said(error)),
                    }
                    let text = inner.try_alloc_fmt(format_args!("{:>60000}|", "text"));
                    assert!(text.map(|text| text.ends_with("text|")).unwrap_or(true));
                });
            }
            assert!(kept.map_err(said)?.iter().all(|&byte| byte == 7));
            Ok::<(), String>(())
        })?;
        assert_eq!(arena.used(), 0);
        refused
    });
}

#[test]
fn pools_go_on() {
    sweep("arena pool", ALL, &[ENOMEM], || {
        let pool = ArenaPool::new();
        let mut kept = Vec::new();
        let mut refused = Ok(());
        for i in 0..40u64 {
            match pool.try_get() {
                Ok(arena) => {
                    let value = arena.try_alloc_slice_fill_copy(20_000, i);
                    assert!(value.map(|row| row.iter().all(|&word| word == i)).unwrap_or(true));
                }
                Err(error) => refused = Err(said(error)),
            }
            match pool.try_member().map(|member| member.try_alloc([i; 500])) {
                Ok(Ok(value)) => kept.push((i, value)),
                Ok(Err(error)) => refused = Err(said(error)),
                Err(error) => refused = Err(said(error)),
            }
        }
        assert!(kept.iter().all(|(i, value)| value.iter().all(|word| word == i)));
        refused
    });
    sweep("page pool", MEMORY, &[ENOMEM, EPERM], || {
        let pool = PagePool::new(1 << 16, 64).map_err(said)?;
        let mut held = Vec::new();
        let mut refused = Ok(());
        for _ in 0..70 {
            match pool.take_zeroed() {
                Ok(mut page) => {
                    assert!(page.iter().all(|&byte| byte == 0));
                    page.fill(9);
                    held.push(page);
                }
                Err(error) if held.len() < 64 => refused = Err(said(error)),
                Err(_) => {}
            }
        }
        assert!(held.iter().all(|page| page.iter().all(|&byte| byte == 9)));
        held.truncate(3);
        let trimmed = pool.trim(0).map_err(said);
        assert!(held.iter().all(|page| page.iter().all(|&byte| byte == 9)));
        drop(held);
        assert_eq!(pool.taken(), 0);
        let several = pool.take_many(8).map_err(said);
        refused.and(trimmed.map(drop)).and(several.map(drop))
    });
}

/// Numbers from 0 on, in steps past every boundary; what is refused is asked for once more.
fn grow(values: &mut RegionVec<u64>) -> Result<(), String> {
    let mut refused = None;
    for more in [1, 100, 9_000, 90_000, 400_000, 1] {
        for _ in 0..2 {
            let len = values.len() as u64;
            if let Err(error) = values.try_extend(len..len + more) {
                // What came before the refusal is there.
                assert!(values.len() < (len + more) as usize);
                refused = Some(said(error));
            }
            let (len, row) = (values.len() as u64, [7; 5_000]);
            match values.try_extend_from_slice(&row) {
                Ok(()) => assert!(values.drain(len as usize..).eq(row)),
                Err(error) => refused = Some(said(error)),
            }
            assert!(values.iter().copied().eq(0..len), "values were lost");
        }
    }
    match values.try_split_off(values.len() / 2) {
        Ok(rest) => values.extend(rest),
        Err(error) => refused = Some(said(error)),
    }
    assert!(values.iter().copied().eq(0..values.len() as u64));
    values.truncate(10);
    values.shrink_to_fit();
    assert!(values.iter().copied().eq(0..values.len() as u64));
    refused.map_or(Ok(()), Err)
}

#[test]
fn vectors_keep_their_values_and_grow_on() {
    sweep("vector", MEMORY, &[ENOMEM, EPERM, ENOSYS], || grow(&mut RegionVec::new()));
    sweep("reserved vector", ALL, &[ENOMEM], || grow(&mut RegionVec::try_with_reservation(2_000_000).map_err(said)?));
    sweep("paranoid vector", MEMORY, &[ENOMEM], || {
        let mut values = RegionVec::new_in(Mapped::new().paranoid());
        let mut refused = Ok(());
        for len in [300_000, 10, 50_000, 0, 100] {
            if let Err(error) = values.try_resize(len, 9u64) {
                refused = Err(said(error));
            }
            assert!(values.iter().all(|&value| value == 9));
        }
        refused
    });
}

#[test]
fn typed_arenas_and_append_vectors_lose_no_value() {
    sweep("typed arena", MEMORY, &[ENOMEM, EPERM], || {
        let made = Cell::new(0);
        let dropped = Rc::new(Cell::new(0));
        let make = || {
            made.set(made.get() + 1);
            Counted([made.get(); 500], dropped.clone())
        };
        let mut refused = Ok(());
        let arena = TypedArena::new();
        let mut rows = Vec::new();
        for _ in 0..8 {
            match arena.try_alloc(make()) {
                Ok(value) => rows.push(std::slice::from_mut(value)),
                Err(error) => refused = Err(said(error)),
            }
            // Rows that come to be while values of their own arena come from within.
            let row = arena.try_alloc_extend((0..40).map(|_| {
                if let Err(error) = arena.try_alloc(make()) {
                    refused = Err(said(error));
                }
                make()
            }));
            match row {
                Ok(row) => rows.push(row),
                Err(error) => refused = Err(said(error)),
            }
        }
        for row in &rows {
            assert!(row.iter().all(|value| value.0.iter().all(|&word| word == value.0[0])), "a value was written over");
            assert!(row.windows(2).all(|pair| pair[0].0[0] < pair[1].0[0]), "a row is out of order");
        }
        assert!(arena.len() >= rows.iter().map(|row| row.len()).sum());
        drop(arena);
        assert_eq!(dropped.get(), made.get(), "values were lost, or dropped twice");
        refused
    });
    sweep("append vector", MEMORY, &[ENOMEM], || {
        let list = AppendVec::new();
        let mut refused = Ok(());
        let mut seen = Vec::new();
        for i in 0..60_000u64 {
            match list.try_push([i; 3]) {
                Ok(value) => seen.push(value),
                Err(error) => refused = Err(said(error)),
            }
        }
        assert!(seen.iter().copied().eq(&list), "a value is elsewhere");
        assert!(seen.windows(2).all(|pair| pair[0][2] < pair[1][2]));
        if let Err(error) = list.try_extend_from_slice(&[[1; 3]; 50_000]) {
            refused = Err(said(error));
        }
        assert_eq!(list.len() - seen.len(), if list.len() > seen.len() { 50_000 } else { 0 });
        refused
    });
}

/// A value that notes its end.
struct Counted([u64; 500], Rc<Cell<u64>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.set(self.1.get() + 1);
    }
}

#[test]
fn regions_are_whole_or_not_there() {
    sweep(
        "region",
        &[None, Some(Call::Map), Some(Call::Protect), Some(Call::Advise), Some(Call::Resident), Some(Call::Name)],
        &[ENOMEM, EPERM],
        || {
            let mut region =
                Region::options().len(8 << 20).align(2 << 20).guard_pages().name(c"story").map().map_err(said)?;
            region.as_mut_slice().fill(3);
            let decommitted = region.decommit(1 << 20..2 << 20).map_err(said);
            let expected = if decommitted.is_ok() { 0 } else { 3 };
            assert!(region.as_slice()[1 << 20..2 << 20].iter().all(|&byte| byte == expected));
            assert!(region.as_slice()[..1 << 20].iter().all(|&byte| byte == 3));
            let advised = region.advise(.., Advice::Cold).map_err(said);
            let resident = region.resident_bytes().map_err(said);
            let protected = region.protect(0..1 << 20, Access::Read).map_err(said);
            assert!(region.as_slice()[..1 << 20].iter().all(|&byte| byte == 3));
            let reserved = Region::reserve(1 << 30).map_err(said).and_then(|mut region| {
                region.commit(..4096).map_err(said)?;
                region.as_mut_slice()[4095] = 1;
                Ok(())
            });
            decommitted.and(advised).and(resident.map(drop)).and(protected).and(reserved)
        },
    );
}

#[test]
fn knobs_that_are_refused_change_nothing() {
    sweep(
        "knobs",
        &[None, Some(Call::Advise), Some(Call::Lock), Some(Call::Collapse), Some(Call::Resident), Some(Call::Open)],
        &[ENOMEM, EPERM, ENOSYS],
        || {
            let options = Region::options().len(4 << 20).pages_in_order(Pages::LARGEST_FIRST);
            let mut region = options.at_fork(AtFork::Wipe).not_dumped().map().map_err(said)?;
            region.as_mut_slice().fill(3);
            let locked = region.lock(..).and_then(|()| region.unlock(..)).map_err(said);
            let collapsed = region.collapse(..).map_err(said);
            let figures = region.page_figures(..).map_err(said);
            if let Ok(figures) = &figures {
                assert_eq!((figures.resident(), figures.absent), (region.len(), 0));
            }
            assert!(region.as_slice().iter().all(|&byte| byte == 3));
            let story = locked.and(figures.map(drop));
            // A kernel may have no huge page to give, plan or no plan.
            if collapsed.as_ref().is_err_and(|refused| refused.contains("ENOSYS") || refused.contains("EPERM")) {
                return story.and(collapsed);
            }
            story
        },
    );
    sweep("arena over a region", MEMORY, &[ENOMEM, EPERM], || {
        let backing = RegionBacking::map(Region::options().len(4 << 20)).map_err(said)?;
        let mut arena: Arena<8, _> = Arena::new_in(backing);
        for round in 0..2 {
            let rows: Vec<_> = (0..30).filter_map(|_| arena.try_alloc_slice_fill_copy(100_000, 7u8).ok()).collect();
            assert_eq!(rows.len(), 30);
            assert!(rows.iter().all(|row| row.iter().all(|&byte| byte == 7)));
            arena.reset_keeping(if round == 0 { 0 } else { 1 << 20 });
            let zeroes = arena.try_alloc_slice_zeroed::<u8>(1 << 20).map_err(said)?;
            assert!(zeroes.iter().all(|&byte| byte == 0));
            arena.reset();
        }
        Ok(())
    });
}

#[test]
fn files_are_as_long_as_they_say_and_keep_their_bytes() {
    const CALLS: &[Option<Call>] = &[
        None,
        Some(Call::Open),
        Some(Call::Stat),
        Some(Call::Resize),
        Some(Call::MapFile),
        Some(Call::Remap),
        Some(Call::Sync),
        Some(Call::Allocate),
    ];
    fn path() -> String {
        format!("{}/region-fault-file-{}", std::env::temp_dir().display(), std::process::id())
    }
    sweep("file region", CALLS, &[EIO, ENOMEM], || {
        let path = path();
        // SAFETY: nobody else knows the file, here and below.
        let mut file = unsafe { FileRegion::create(path.as_str(), 10_000) }.map_err(said)?;
        file.as_mut_slice().fill(4);
        let mut refused = Ok(());
        for len in [20_000, 300_000, 12_288, 10_000] {
            let before = file.len();
            if let Err(error) = file.resize(len) {
                refused = Err(said(error));
                assert!(file.len() == before || file.len() < before && len < before, "{before} to {len}");
            }
            assert!(file.as_slice()[..10_000].iter().all(|&byte| byte == 4));
            // Every byte can be touched: the file reaches as far as the region.
            assert!(file.as_slice()[10_000..].iter().all(|&byte| byte == 0));
            assert!(std::fs::metadata(&path).unwrap().len() >= file.len() as u64);
        }
        let flushed = file.flush().and(file.allocate()).map_err(said);
        drop(file);
        // SAFETY: as above.
        let copy = unsafe { FileRegion::open_private(path.as_str()) }.map_err(said);
        if let Ok(copy) = &copy {
            assert!(copy.as_slice()[..10_000].iter().all(|&byte| byte == 4));
        }
        refused.and(flushed).and(copy.map(drop))
    });
    sweep("file arena", CALLS, &[EIO, ENOMEM], || {
        let path = path();
        // SAFETY: as above.
        let mut arena = unsafe { FileArena::create(path.as_str(), 1 << 20) }.map_err(said)?;
        let root = arena.offset_of(arena.alloc(77u64));
        arena.set_root(root);
        let flushed = arena.flush().map_err(said);
        drop(arena);
        // SAFETY: as above, and the root is the number.
        let opened = unsafe { FileArena::open(path.as_str(), 1 << 16) }.map_err(said);
        if let Ok(opened) = &opened {
            // SAFETY: as above.
            assert_eq!(unsafe { opened.get(opened.root::<u64>().unwrap()) }, Some(&77));
            opened.alloc([1u8; 1000]);
        }
        flushed.and(opened.map(drop))
    });
    let _ = std::fs::remove_file(path());
}

#[test]
fn inputs_keep_what_they_read() {
    sweep(
        "input",
        &[
            None,
            Some(Call::Open),
            Some(Call::Stat),
            Some(Call::Read),
            Some(Call::MapFile),
            Some(Call::Map),
            Some(Call::Remap),
        ],
        &[EIO, ENOMEM],
        || {
            let path = std::env::temp_dir().join(format!("region-fault-{}", std::process::id()));
            let text = "a line of text\n".repeat(40_000);
            if !path.exists() {
                std::fs::write(&path, &text).unwrap();
            }
            let bytes = path.to_str().unwrap().as_bytes();
            // SAFETY: nobody else knows the file.
            let mapped = unsafe { Input::open(bytes) }.map_err(said);
            if let Ok(input) = &mapped {
                assert_eq!(input.as_slice(), text.as_bytes());
                assert_eq!(input.lines().count(), 40_000);
            }
            let read = Input::read(bytes).map_err(|error| {
                let part = error.input().as_slice().len();
                assert!(part <= text.len());
                said(error)
            });
            if let Ok(input) = &read {
                assert_eq!(input.as_slice(), text.as_bytes());
            }
            mapped.map(drop).and(read.map(drop))
        },
    );
    let _ = std::fs::remove_file(std::env::temp_dir().join(format!("region-fault-{}", std::process::id())));
}

#[test]
fn shared_arenas_are_whole_or_not_there() {
    sweep(
        "shared arena",
        &[None, Some(Call::Map), Some(Call::MapFile), Some(Call::Resize), Some(Call::Seal)],
        &[ENOMEM, EPERM],
        || {
            let anonymous = SharedArena::new(1 << 20).map_err(said).and_then(|arena| {
                let word = arena.alloc(7u64).map_err(said)?;
                assert_eq!(arena.read(word).map_err(said)?, 7);
                Ok(())
            });
            let arena = SharedArena::sealed(1 << 20, c"region-fault").map_err(said)?;
            let row = arena.alloc_slice_copy(&[5u64; 100]).map_err(said)?;
            let opened = SharedArena::open(arena.descriptor().expect("sealed memory has one")).map_err(said);
            if let Ok(opened) = &opened {
                assert_eq!(opened.read_at(row, 99).map_err(said)?, 5);
            }
            assert_eq!(arena.read_at(row, 0).map_err(said)?, 5);
            anonymous.and(opened.map(drop))
        },
    );
}
