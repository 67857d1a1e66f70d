//! Backings that break their contract in ways that can be seen: debug builds panic before a byte is used by it.

#![cfg(debug_assertions)]

use region::backing::{Backing, Block};
use region::error::AllocReason;
use region::{AllocError, Arena, RegionVec};
use std::alloc::Layout;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

/// Bytes of the memory that is handed out, and what a block says that it has: less, so that a lie reaches no stranger.
const MEMORY: usize = 128 << 10;
const LEN: usize = 16 << 10;

/// What a backing does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    Honest,
    TooShort,
    LongerThanObjectsMayBe,
    AtTheLastAddress,
    MoreReadyThanThere,
    MoreDirtyThanThere,
    TheSameBytesTwice,
    NotZeroed,
    CommitsTooLittle,
    CommitsTooMuch,
    CommitMoves,
    CommitCleans,
    RefusedAndChanged,
    RetiresWhatIsKept,
    RetireRaises,
    RetireCleans,
    GivesBackWhatIsKept,
    GiveBackDirties,
}
use Lie::*;

#[repr(align(4096))]
struct Memory(UnsafeCell<[u8; MEMORY]>);

struct Bad {
    memory: Box<Memory>,
    lie: Lie,
    blocks: Cell<usize>,
}

impl Bad {
    fn new(lie: Lie) -> Self {
        // SAFETY: bytes are as good when they are zero.
        let memory: Box<Memory> = unsafe { Box::new(std::mem::zeroed()) };
        Bad { memory, lie, blocks: Cell::new(0) }
    }

    fn start(&self, at: usize) -> NonNull<u8> {
        // SAFETY: within the memory.
        unsafe { NonNull::new(self.memory.0.get().cast::<u8>()).unwrap().add(at) }
    }
}

// SAFETY: none: it lies, which is the point. Whatever it says, the bytes that it hands out are its own, and lies of
// more are noticed before they are touched.
unsafe impl Backing for Bad {
    fn acquire(&self, layout: Layout, _: usize) -> Result<Block, AllocError> {
        let at = self.blocks.replace(self.blocks.get() + 1) * 2 * LEN;
        let start = self.start(if self.lie == TheSameBytesTwice { 0 } else { at });
        let mut block = Block { start, len: LEN, ready: 4096, dirty: 0, tag: 0 };
        match self.lie {
            TooShort => block.len = layout.size() - 1,
            LongerThanObjectsMayBe => block.len = isize::MAX as usize + 1,
            AtTheLastAddress => block.start = start.with_addr(std::num::NonZero::new(usize::MAX - 4000).unwrap()),
            MoreReadyThanThere => block.ready = LEN + 1,
            MoreDirtyThanThere => block.dirty = LEN + 1,
            // SAFETY: the memory is this backing's.
            NotZeroed => unsafe { start.write_bytes(1, LEN) },
            _ => {}
        }
        Ok(block)
    }

    unsafe fn commit(&self, block: &mut Block, need: usize) -> Result<(), AllocError> {
        block.ready = match self.lie {
            CommitsTooLittle => need - 1,
            CommitsTooMuch => block.len + 1,
            _ => need,
        };
        match self.lie {
            CommitMoves => block.start = self.start(LEN),
            CommitCleans => block.dirty = 0,
            RefusedAndChanged => return Err(AllocError::new(need, AllocReason::Refused)),
            _ => {}
        }
        Ok(())
    }

    unsafe fn decommit(&self, block: &mut Block, keep: usize) {
        match self.lie {
            GivesBackWhatIsKept => block.ready = keep - 1,
            GiveBackDirties => block.dirty += 1,
            _ => {}
        }
    }

    fn protects(&self) -> bool {
        true
    }

    unsafe fn protect(&self, block: &mut Block, keep: usize) {
        match self.lie {
            RetiresWhatIsKept if keep != 0 => block.ready = keep - 1,
            RetireRaises => block.ready = block.len,
            RetireCleans => block.dirty = 0,
            _ => {}
        }
    }

    unsafe fn release(&self, _: &Block) {}
}

/// Uses every method of a backing, in an arena and in a row.
fn live(lie: Lie, row: bool) {
    if row {
        let mut values = RegionVec::<u64, Bad>::try_with_reservation_in(1000, Bad::new(lie)).unwrap();
        values.extend_from_slice(&[7; 1000]);
        values.truncate(100);
        values.shrink_to_fit();
        return;
    }
    let mut arena = Arena::<8, Bad>::new_in(Bad::new(lie));
    assert!(arena.alloc_slice_zeroed::<u8>(100).iter().all(|&byte| byte == 0));
    let _ = arena.try_alloc_slice_fill_copy(6000, 1u8);
    let mark = arena.mark();
    arena.alloc_slice_fill_copy(1000, 2u8);
    // SAFETY: the values above are not used any more.
    unsafe { arena.rewind(mark) };
    arena.alloc_slice_fill_copy(4000, 3u8);
    arena.alloc_slice_fill_copy(12_000, 4u8);
    arena.reset();
    arena.reset_keeping(1000);
}

#[test]
fn what_a_backing_breaks_of_its_contract_is_seen_before_it_does_harm() {
    std::panic::set_hook(Box::new(|_| ()));
    let said = |lie, row| match catch_unwind(AssertUnwindSafe(|| live(lie, row))) {
        Ok(()) => None,
        Err(panic) => Some(
            panic
                .downcast_ref::<&str>()
                .map_or_else(|| panic.downcast_ref::<String>().cloned().unwrap(), |&said| said.to_owned()),
        ),
    };
    let of_both = [
        TooShort,
        LongerThanObjectsMayBe,
        AtTheLastAddress,
        MoreReadyThanThere,
        MoreDirtyThanThere,
        CommitsTooLittle,
        CommitsTooMuch,
        CommitMoves,
        RefusedAndChanged,
        RetiresWhatIsKept,
        RetireRaises,
        GivesBackWhatIsKept,
        GiveBackDirties,
    ];
    // Rows count all that is ready as written, and have one block.
    let of_arenas = [TheSameBytesTwice, NotZeroed, CommitCleans, RetireCleans];
    let seen = |lie, row| said(lie, row).is_some_and(|said| said.starts_with("a backing"));
    let unseen = of_both.map(|lie| (lie, false)).into_iter().chain(of_both.map(|lie| (lie, true)));
    let unseen: Vec<_> =
        unseen.chain(of_arenas.map(|lie| (lie, false))).filter(|&(lie, row)| !seen(lie, row)).collect();
    let honest = (said(Honest, false), said(Honest, true));
    drop(std::panic::take_hook());
    assert_eq!(honest, (None, None));
    assert!(unseen.is_empty(), "unseen, with a row or without: {unseen:?}");
}
