//! Nothing is lost when the system refuses: the Nth call fails, once or from then on, for every N.
//!
//! A story is what a program does with one part of the library. It checks itself that every value it was given
//! stands, also after a refusal, that what was refused can be asked for again, and that all works once the refusals
//! have ended. Here are stories of memory; faults/outside.rs has those of files, pipes and other processes,
//! faults/sweep.rs tells them. Built with `--cfg region_faults` alone:
//!
//! ```sh
//! RUSTFLAGS="--cfg region_faults" cargo test --profile model --test faults --target-dir target/faults -- --test-threads=1
//! ```

#![cfg(all(region_faults, feature = "os", target_os = "linux"))]

use region::backing::{Backing, Mapped, RegionBacking};
use region::cage::{Cage, Ref32};
use region::error::Call;
use region::faults::{FaultPlan, plan_faults};
use region::mapping::{Access, Advice, AtFork, Pages};
use region::{AppendVec, Arena, ArenaPool, PagePool, Region, RegionVec, TypedArena};
use std::alloc::Layout;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::rc::Rc;

#[path = "faults/complete.rs"]
mod complete;
#[path = "faults/outside.rs"]
mod outside;
mod support;
#[path = "faults/sweep.rs"]
mod sweep;

use sweep::{ENOMEM, ENOSYS, EPERM, refusals_end, refused_so_far, said, sweep};

/// Tells the same of one object twice, the second time without refusals.
fn twice<T>(object: &mut T, mut part: impl FnMut(&mut T) -> Result<(), String>) -> Result<(), String> {
    let told = part(object);
    refusals_end();
    part(object).expect("nothing is refused any more");
    told
}

/// Fills an arena twice.
fn fill<const MIN_ALIGN: usize, B: Backing>(arena: &mut Arena<MIN_ALIGN, B>) -> Result<(), String> {
    twice(arena, fill_once)
}

/// Fills an arena in steps past every boundary; each refused step is asked for once more, and all values are
/// checked at the end. The story's error is the last refusal that stood.
fn fill_once<const MIN_ALIGN: usize, B: Backing>(arena: &mut Arena<MIN_ALIGN, B>) -> Result<(), String> {
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
    sweep("arena", &[ENOMEM, EPERM, ENOSYS], || fill(&mut Arena::new()));
    sweep("arena, small alignment", &[ENOMEM], || fill(&mut Arena::<1>::with_min_align()));
    sweep("arena with capacity", &[ENOMEM], || fill(&mut Arena::try_with_capacity(1 << 20).map_err(said)?));
    sweep("paranoid arena", &[ENOMEM], || fill(&mut Arena::<8>::new_in(Mapped::new().paranoid())));
    sweep("arena in one reservation", &[ENOMEM], || fill(&mut Arena::try_with_reservation(64 << 20).map_err(said)?));
}

/// A cage is reserved once in a process, so each plan has a forked child of its own.
#[test]
fn a_cage_that_was_refused_is_had_later_and_leaves_nothing_behind() {
    region::cage! { struct Refused; }
    let (mut runs, mut refused_runs) = (0, 0);
    for call in [Some(Call::Map), Some(Call::Protect), Some(Call::Advise), Some(Call::Decommit), None] {
        for lasting in [false, true] {
            for nth in 0..200 {
                let status = support::forked_answering(|| {
                    let before = support::status("VmSize");
                    plan_faults(Some(FaultPlan { call, nth, lasting, errno: ENOMEM }));
                    let mut arena = Refused::arena();
                    let told = fill(&mut arena);
                    assert_eq!(*Ref32::<_, Refused>::new_in(7u64, &arena), 7);
                    drop(arena);
                    Refused::trim();
                    let hit = refused_so_far();
                    let fine = told.as_ref().map_or_else(|refused| hit != 0 && refused.contains("cannot "), |()| true);
                    assert!(fine, "{told:?}");
                    let stats = Refused::stats();
                    assert_eq!(stats.live, 0);
                    // The cage, and what malloc took meanwhile.
                    assert!(support::status("VmSize") - before <= stats.reserved + (64 << 20), "a mapping was left");
                    if hit == 0 { 3 } else { 4 + i32::from(told.is_err()) }
                });
                let code = libc::WEXITSTATUS(status);
                assert!(libc::WIFEXITED(status) && code >= 3, "{call:?} {nth} {lasting}: {status:#x}");
                runs += 1;
                refused_runs += i32::from(code == 5);
                if code == 3 {
                    break;
                }
            }
        }
    }
    println!("{runs} runs, {refused_runs} of them with an error for the caller");
    assert!(refused_runs != 0);
}

/// Values of every shape that do not fit into what an arena has; what was refused leaves the cursor where it was.
fn shapes(arena: &mut Arena) -> Result<(), String> {
    let mut refused = Ok(());
    let strings = ["one", "two"].map(|text| text.repeat(40_000));
    let layout = Layout::from_size_align(90_000, 1 << 16).unwrap();
    {
        let mut kept: Vec<&[u8]> = Vec::new();
        macro_rules! keep {
            ($value:expr) => {{
                let used = arena.used();
                match $value {
                    Ok(value) => kept.push(value),
                    Err(error) => {
                        assert_eq!(arena.used(), used, "room was lost");
                        refused = Err(said(error));
                    }
                }
            }};
        }
        for _ in 0..4 {
            keep!(arena.try_alloc_slice_copy(&[7; 80_000]).map(|row| &*row));
            keep!(arena.try_alloc_slice_clone(&[7; 80_000]).map(|row| &*row));
            keep!(arena.try_alloc_slice_fill_with(80_000, |_| 7).map(|row| &*row));
            keep!(arena.try_alloc_slice_fill_clone(80_000, &7).map(|row| &*row));
            keep!(arena.try_alloc_with(|| [7; 80_000]).map(|row| &row[..]));
            keep!(arena.try_alloc_str(&strings[0]).map(|text| &text.as_bytes()[..0]));
            let zeroes = arena.try_alloc_zeroed::<[u8; 80_000]>().map(|row| &*row);
            assert!(zeroes.is_err() || zeroes == Ok(&[0; 80_000]));
            let block = arena.try_alloc_layout(layout);
            let aligned = block.map_or(0, |block| block.addr().get()) % layout.align();
            assert_eq!(aligned, 0);
            if let Ok(block) = block {
                // SAFETY: the block was just handed out with this layout, and nobody else knows of it.
                unsafe {
                    block.write_bytes(7, layout.size());
                    let larger = Layout::from_size_align(300_000, 1 << 16).unwrap();
                    let grown = arena.try_grow(block, layout, larger).unwrap_or(block);
                    kept.push(std::slice::from_raw_parts(grown.as_ptr(), layout.size()));
                }
            }
        }
        assert!(kept.iter().all(|row| row.iter().all(|&byte| byte == 7)), "a value was written over");
    }
    arena.reset();
    refused
}

#[test]
fn values_of_every_shape_leave_nothing_behind_when_they_are_refused() {
    sweep("shapes", &[ENOMEM, EPERM], || twice(&mut Arena::new(), shapes));
    sweep("shapes, page by page", &[ENOMEM], || {
        let mut arena = Arena::new();
        let _ = arena.try_alloc_slice_zeroed::<u8>(5 << 20);
        twice(&mut arena, shapes)
    });
}

#[test]
fn scopes_and_growing_slices_give_back() {
    sweep("scopes", &[ENOMEM], || {
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
    sweep("arena pool", &[ENOMEM], || {
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
        refusals_end();
        let lent: Vec<_> = (0..20).map(|_| pool.try_get().expect("nothing is refused any more")).collect();
        assert!(lent.iter().all(|arena| *arena.alloc([7; 3_000]) == [7; 3_000]));
        assert!(kept.iter().all(|(i, value)| value.iter().all(|word| word == i)));
        refused
    });
    sweep("page pool", &[ENOMEM, EPERM], || {
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
        let several = pool.take_many_zeroed(8).map_err(said);
        assert!(several.as_ref().map_or(&[][..], |pages| pages).iter().all(|&byte| byte == 0));
        let resident = pool.try_resident().map_err(said);
        let told = refused.and(trimmed.map(drop)).and(several.map(drop)).and(resident.map(drop));
        refusals_end();
        assert_eq!(pool.taken(), 0);
        let all: Vec<_> = (0..64).map(|_| pool.take_zeroed().expect("nothing is refused any more")).collect();
        assert!(all.iter().all(|page| page.iter().all(|&byte| byte == 0)) && pool.take().is_err());
        told
    });
    sweep("page pool over a region", &[ENOMEM, EPERM], || {
        let region = Region::options().len(1 << 20).guard_pages().name(c"story").map().map_err(said)?;
        let pool = PagePool::over(region, 1 << 14).map_err(said)?;
        let mut pages = pool.take_many(20).map_err(said)?;
        pages.fill(MaybeUninit::new(7));
        // SAFETY: every byte was written just now.
        let pages = unsafe { pages.assume_init() };
        let trimmed = pool.trim(0).map_err(said);
        assert!(pages.iter().all(|&byte| byte == 7));
        drop(pages);
        refusals_end();
        pool.trim(0).expect("nothing is refused any more");
        assert_eq!((pool.taken(), pool.warm(), pool.try_resident()), (0, 0, Ok(0)));
        trimmed.map(drop)
    });
}

/// A vector that is filled twice.
fn grow(values: &mut RegionVec<u64>) -> Result<(), String> {
    twice(values, |values| {
        values.clear();
        grow_once(values)
    })
}

/// Numbers from 0 on, in steps past every boundary; what is refused is asked for once more.
fn grow_once(values: &mut RegionVec<u64>) -> Result<(), String> {
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
    sweep("vector", &[ENOMEM, EPERM, ENOSYS], || grow(&mut RegionVec::new()));
    sweep("reserved vector", &[ENOMEM], || grow(&mut RegionVec::try_with_reservation(2_000_000).map_err(said)?));
    sweep("paranoid vector", &[ENOMEM], || {
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
    sweep("typed arena", &[ENOMEM, EPERM], || {
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
    sweep("append vector", &[ENOMEM], || {
        let list = AppendVec::new();
        let mut refused = Ok(());
        let mut seen = Vec::new();
        for i in 0..60_000u64 {
            match list.try_push([i; 3]) {
                Ok(value) => seen.push(value),
                Err(error) => refused = Err(said(error)),
            }
        }
        let reserved = list.try_reserve(100_000).map_err(said);
        assert!(seen.iter().copied().eq(&list), "a value is elsewhere");
        assert!(seen.windows(2).all(|pair| pair[0][2] < pair[1][2]));
        if let Err(error) = list.try_extend_from_slice(&[[1; 3]; 50_000]) {
            refused = Err(said(error));
        }
        assert_eq!(list.len() - seen.len(), if list.len() > seen.len() { 50_000 } else { 0 });
        refusals_end();
        list.try_extend((0..50_000).map(|i| [i; 3])).expect("nothing is refused any more");
        assert_eq!(list[list.len() - 1], [49_999; 3]);
        refused.and(reserved)
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
    sweep("region", &[ENOMEM, EPERM], || {
        let mut region =
            Region::options().len(8 << 20).align(2 << 20).guard_pages().name(c"story").map().map_err(said)?;
        region.as_mut_slice().fill(3);
        let decommitted = region.decommit(1 << 20..2 << 20).map_err(said);
        let expected = if decommitted.is_ok() { 0 } else { 3 };
        assert!(region.as_slice()[1 << 20..2 << 20].iter().all(|&byte| byte == expected));
        assert!(region.as_slice()[..1 << 20].iter().all(|&byte| byte == 3));
        let advised = region.advise(.., Advice::Cold).map_err(said);
        let resident = region.try_resident().map_err(said);
        // A kernel may be built without names, plan or no plan.
        let named = region.set_name(c"another").map_err(said);
        let named = if named.as_ref().is_err_and(|refused| refused.contains("EINVAL")) { Ok(()) } else { named };
        let mut runs = 0;
        let walked = region.page_runs(.., |run| runs += run.len).map_err(said);
        assert!(walked.is_err() || runs == region.len());
        let protected = region.protect(0..1 << 20, Access::Read).map_err(said);
        assert!(region.as_slice()[..1 << 20].iter().all(|&byte| byte == 3));
        let reserved = Region::reserve(1 << 30).map_err(said).and_then(|mut region| {
            region.commit(..4096).map_err(said)?;
            region.as_mut_slice()[4095] = 1;
            Ok(())
        });
        refusals_end();
        region.protect(.., Access::ReadWrite).expect("nothing is refused any more");
        region.decommit(..).expect("nothing is refused any more");
        assert!(region.as_slice().iter().all(|&byte| byte == 0));
        decommitted.and(advised).and(resident.map(drop)).and(protected).and(reserved).and(named).and(walked)
    });
}

#[test]
fn controls_that_are_refused_change_nothing() {
    sweep("controls", &[ENOMEM, EPERM, ENOSYS], || {
        let options = Region::options().len(4 << 20).pages_in_order(Pages::LARGEST_FIRST);
        // SAFETY: no child is forked.
        let mut region = unsafe { options.at_fork(AtFork::Wipe) }.not_dumped().map().map_err(said)?;
        region.as_mut_slice().fill(3);
        let locked = region.lock(..).and_then(|()| region.unlock(..)).map_err(said);
        let collapsed = region.collapse(..).map_err(said);
        let figures = region.page_stats(..).map_err(said);
        if let Ok(figures) = &figures {
            assert_eq!((figures.resident(), figures.absent), (region.len(), 0));
        }
        assert!(region.as_slice().iter().all(|&byte| byte == 3));
        // SAFETY: no child is forked.
        let kept = unsafe { region.set_at_fork(.., AtFork::Keep) }.map_err(said);
        let shared = Region::options().len(1 << 20).shared().map().map_err(said);
        // SAFETY: nobody else has the region, and nothing is in it.
        let shared = shared.and_then(|shared| unsafe { shared.decommit_shared(..) }.map_err(said));
        let story = locked.and(figures.map(drop)).and(kept).and(shared);
        // A kernel may have no huge page to give, plan or no plan.
        if collapsed.as_ref().is_err_and(|refused| refused.contains("ENOSYS") || refused.contains("EPERM")) {
            return story.and(collapsed);
        }
        story
    });
    sweep("arena over a region", &[ENOMEM, EPERM], || {
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
