//! Sizes that decide when the kernel is asked and for how much: page sizes, size steps, reservations, what is kept.
//!
//! Only numbers, each with its reason and what goes wrong with another. Their users say how they apply.

// A build without a system has no use for most of them, and one for Windows for some.
#![cfg_attr(not(all(feature = "os", unix)), allow(dead_code))]

/// Bytes of a huge page: what one page-table entry of the second level maps.
///
/// 2 MiB wherever base pages are 4 KiB (x86-64, and the usual aarch64 and riscv64 kernels). On kernels
/// with 16 KiB or 64 KiB base pages a real huge page is 32 or 512 MiB (`sys::huge_page`); 2 MiB alignment is then
/// merely a larger alignment than needed.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// Bytes of the smallest page of any processor: what every mapping's start is a multiple of.
pub(crate) const SMALLEST_PAGE: usize = 4 << 10;

/// Bytes of the largest base page of any processor this crate builds for.
pub(crate) const LARGEST_PAGE: usize = 64 << 10;

/// Bytes of an arena's first block.
///
/// Most arenas of a compiler or a server stay below this. With larger first blocks each takes more addresses; with
/// smaller ones more arenas need a second block.
pub(crate) const FIRST_BLOCK: usize = 64 << 10;

/// Bytes between one first block and the next that were mapped with it. So their starts differ in more address bits,
/// and first blocks do not all meet in the same sets of the second-level cache. Never touched. Not on Windows, where
/// what is reserved are multiples of a first block.
pub(crate) const FIRST_GAP: usize = if cfg!(windows) { 0 } else { SMALLEST_PAGE };

/// Bytes of a line of the processor's caches, of most processors.
pub(crate) const LINE: usize = 64;

/// Most first blocks that are mapped by one call. One on Windows, which takes no part of a reservation back.
pub(crate) const FIRST_BLOCKS_AT_ONCE: usize = if cfg!(windows) {
    1
} else if cfg!(loom) {
    2
} else {
    16
};

/// Lengths of the blocks that follow the first, each tried when the one before is used up.
///
/// The first two are for arenas that stay small: a thousand of them take a thousand times that many addresses. From the
/// third on they are regions for arenas that are large already. Mapping 64 GiB costs what 64 KiB costs, so the only
/// hazard of a large one is a refusal. Regions are multiples of 2 MiB: otherwise the kernel does not align them for
/// huge pages.
#[cfg(target_pointer_width = "64")]
pub(crate) const BLOCK_SIZES: [usize; 5] = [1 << 20, 16 << 20, 4 << 30, 64 << 30, 1 << 40];
/// On 32 bits, shares of an address space of 2 to 4 GiB.
#[cfg(not(target_pointer_width = "64"))]
pub(crate) const BLOCK_SIZES: [usize; 5] = [1 << 20, 8 << 20, 32 << 20, 128 << 20, 512 << 20];

/// The largest values that begin a block of each of these lengths. A larger one goes to a longer block: it is perhaps a
/// vector that grows, and each block that it leaves is copied.
pub(crate) const BLOCK_FITS: [usize; 5] = [
    BLOCK_SIZES[0] / 2,
    BLOCK_SIZES[1] / 16,
    BLOCK_SIZES[2] - PLACING,
    BLOCK_SIZES[3] - PLACING,
    BLOCK_SIZES[4] - PLACING,
];

/// Blocks of less than this have no huge pages.
pub(crate) const REGION: usize = BLOCK_SIZES[2];

/// The kinds of blocks that the block cache keeps: first blocks, and those of the first four lengths.
pub(crate) const FIRST: usize = 0;
pub(crate) const KINDS: usize = BLOCK_SIZES.len();
/// Kinds from this one on go back to the system unless the process shows that it wants them again.
pub(crate) const LARGE: usize = 2;
/// Regions are of the kinds after it. Those of which a typed buffer used no more than a first block has are kept in lists
/// of their own, so many behind those of the kinds. The archive has no typed buffers.
pub(crate) const SMALL: usize = KINDS - 1 - LARGE;
pub(crate) const LISTS: usize = if cfg!(region_staticlib) { KINDS } else { KINDS + SMALL };

/// The length to try first for a value of `need` bytes after a block of `previous`: the next longer one in which the
/// value has enough space, the last one again when all were used, or more when the value itself is longer. An `eager`
/// arena goes on in a region at once.
#[inline(never)]
pub(crate) fn size_after(previous: usize, need: usize, eager: bool) -> usize {
    let mut longest = 0;
    for (size, fits) in BLOCK_SIZES.into_iter().zip(BLOCK_FITS) {
        // A region whose start was moved is shorter than its size, by less than a huge page.
        let used = previous > if size < REGION { size - 1 } else { size - HUGE_PAGE };
        if !used && need <= fits && !(eager && size < REGION) {
            return size;
        }
        longest = size;
    }
    longest.max(need.saturating_add(2 * HUGE_PAGE)).min(isize::MAX as usize & !(LARGEST_PAGE - 1))
}

/// A reservation that is refused is divided by this and tried again, down to what is needed.
pub(crate) const SMALLER: usize = 4;

/// Bytes of an eager region or an input before its first huge page. Smaller ones use base pages only.
///
/// One 2 MiB fault costs about as much as populating 300 KiB of base pages, so a huge page pays only for arenas that
/// are at least that large. A longer prefix wastes less RAM on arenas that end just past it, and costs more small
/// faults in those that go on. docs/measurements.md ("The kernel") has the numbers.
pub(crate) const SMALL_PAGE_PREFIX: usize = 512 << 10;

/// Bytes more of base pages in a region that an arena begins when it is not large yet: RAM ahead of the cursor, a huge
/// page included, is at most an eighth of what the arena holds. As many times more as this kernel's huge pages are longer.
pub(crate) const LATE_PREFIX: usize = 8 * HUGE_PAGE;

/// The step by which RAM is brought in ahead of the cursor on base pages is an eighth of what the block holds, and the
/// second of these at most. In a region with early huge pages it is a quarter, and the first of these at least.
///
/// Smaller steps cost more system calls, larger ones zero lines that leave the cache before they are used. 64–256 KiB are
/// 1.04 to 1.37 times as fast as page-by-page faults, by the machine; larger steps are no better (docs/measurements.md).
pub(crate) const STEP_LEAST: usize = 64 << 10;
pub(crate) const STEP_MOST: usize = 256 << 10;

/// Least bytes by which a region that commits through `mprotect` grows: each step costs 0.36 µs, whatever
/// its size, and takes no RAM.
pub(crate) const PROTECT_STEP: usize = 1 << 20;

/// Whether the block cache has all that it can have. The archive that is built for size keeps first blocks alone, at most
/// 127 of them, in one list for all threads: with that it lacks two thirds of the cache's code.
pub(crate) const WHOLE_CACHE: bool = cfg!(not(region_small));

/// Most RAM of the blocks that are kept for the next arenas, together: as much as glibc's malloc keeps.
pub(crate) const BUDGET: usize = 64 << 20;

/// Most RAM of a large block that is kept although the process has not shown that it wants it again.
pub(crate) const KEPT_UNASKED: usize = 5 << 18;

/// Small lives of a thread in which nobody uses a large block, and after which the large blocks that are kept go back to
/// the system. They are counted in rounds of so many, so that it is up to twice as many since the last use. Doubled, up to
/// `MOST_PATIENCE`, each time that one was wanted after all.
pub(crate) const PATIENCE: usize = 32;
pub(crate) const MOST_PATIENCE: usize = 1 << 20;
const _: () = assert!(PATIENCE.is_power_of_two() && MOST_PATIENCE.is_power_of_two());

/// Bytes that a mapped region needs beside its values, to move its start. A request for a
/// round number less this many bytes is served by a region of that round number.
// (`.back.huge-threshold`)
const PLACING: usize = 2 * HUGE_PAGE;

/// Bytes of addresses that a typed buffer reserves when its user did not say how long it may become: the first while
/// the arenas and buffers of this process hold no more than `MANY_ADDRESSES` together, then the second. Each is at most
/// such a share of the process's address space.
///
/// Mapping either costs as much as mapping 64 KiB. Fewer would end buffers for which the machine still has RAM. But a
/// process has 128 TiB of addresses. Two thousand reservations of the first size would take all of them. With two sizes
/// there are enough for about as many as the kernel's limit on mappings allows.
#[cfg(target_pointer_width = "64")]
pub(crate) const RESERVATIONS: [(usize, usize); 2] = [(64 << 30, 32), (4 << 30, 512)];
#[cfg(target_pointer_width = "64")]
pub(crate) const MANY_ADDRESSES: (usize, usize) = (16 << 40, 8);
/// On smaller systems, shares of 2 to 4 GiB or less.
#[cfg(not(target_pointer_width = "64"))]
pub(crate) const RESERVATIONS: [(usize, usize); 2] = [(128 << 20, 32), (32 << 20, 128)];
#[cfg(not(target_pointer_width = "64"))]
pub(crate) const MANY_ADDRESSES: (usize, usize) = (1 << 30, 4);

/// Bytes that a typed buffer reserves, in a process that has `space` bytes of addresses and holds `held` of them.
pub(crate) fn reservation(space: usize, held: usize) -> usize {
    let within = |(most, share): (usize, usize)| most.min(space / share);
    within(RESERVATIONS[usize::from(held > within(MANY_ADDRESSES))]) - PLACING
}

/// Bytes of one `read`, where the length of the input is not known.
///
/// Each call and each wake-up of the reader costs: with 64 KiB it takes twice the CPU time. Unprivileged users cannot
/// have a larger pipe (`/proc/sys/fs/pipe-max-size`), and a larger step would fall out of the second-level cache
/// between the writer's copy and the reader's.
pub(crate) const READ_STEP: usize = 1 << 20;

/// Most bytes of one `read`, where the length of the file is known. Some systems take no more than an `int` holds.
pub(crate) const LONGEST_READ: usize = 1 << 30;

/// Address space that a longer input reserves at first: more than most machines have RAM.
///
/// Costs about as much as 64 KiB (2.3 against 1.7 µs). Valgrind refuses it, and so does a processor with 39 bits
/// of address when several are wanted; the input then grows step by step. A multiple of [`HUGE_PAGE`], or the
/// kernel would not align it.
pub(crate) const INPUT_RESERVATION: usize = if cfg!(miri) {
    4 << 20 // its memory is real at once
} else if usize::BITS >= 64 {
    (64u64 << 30) as usize
} else {
    256 << 20
};

/// Bytes of the first mapping where the length of the input is not known: what a pipe holds by default.
///
/// Most inputs that are read that way are short (`/proc`, the output of a command), and a large reservation with one
/// page in it takes 19 µs to make and return, against 8. A larger one would copy more when the input outgrows it.
pub(crate) const SHORT_INPUT: usize = 64 << 10;

/// Bytes of the first chunk that a heap makes in a block that is longer. A chunk's records are a 60th of it, and are
/// addresses without RAM until they are used. Each further chunk of the block is three times as long as those before, so
/// that a heap of a terabyte has about ten.
pub(crate) const HEAP_CHUNK: usize = 64 << 20;

/// Bytes of free pages whose RAM a heap keeps for the next ones, beside an eighth of what is in use.
///
/// Less, and a heap whose load goes up and down gives pages back that it touches again; a page costs 0.25 µs to give back
/// and as much to touch.
pub(crate) const HEAP_IDLE: usize = 1 << 20;

/// Bytes that an arena's next block in WebAssembly has at most, unless a value needs more. Up to there each is twice as long
/// as the one before. Longer ones would take much of a memory that has 4 GiB and never shrinks.
#[allow(dead_code)] // where there is WebAssembly, it is used
pub(crate) const LINEAR_STEP_MOST: usize = 16 << 20;

/// Bytes of the units in which arenas take blocks from a cage: an arena's first block. Smaller ones would take more
/// words and searches, larger ones more addresses for each small arena.
pub(crate) const CAGE_UNIT: usize = FIRST_BLOCK;

/// Least bytes of a cage. Where not even that much can be reserved there is none.
#[cfg_attr(region_staticlib, allow(dead_code))]
pub(crate) const CAGE_LEAST: usize = 4 << 20;

/// A cage is at most such a share of a process's addresses: on 32 bits, and on processors with 39 bits of address, other
/// memory needs some, too.
#[cfg_attr(region_staticlib, allow(dead_code))]
pub(crate) const CAGE_SHARE: usize = 4;

/// Most bytes of an arena's block in a cage, unless one value needs more. Each block is twice as long as the one before, so
/// that an arena has few and wastes at most as much as it uses; from here on it wastes less.
pub(crate) const CAGE_BLOCK: usize = 64 << 20;

/// Blocks of a cage from so many bytes on have huge pages: an arena with such a block holds about as much already.
pub(crate) const CAGE_HUGE: usize = 16 << 20;

/// Most RAM of a cage's free units that is kept for the next arenas.
#[cfg_attr(region_staticlib, allow(dead_code))]
pub(crate) const CAGE_BUDGET: usize = BUDGET;

/// Words of freed blocks that wait in a shard before a thread that frees one more there takes them over.
///
/// Mostly the shard's own threads take them over when they need memory. Fewer, and those that free would often hold the
/// shard when its threads want it; more, and what ended threads have left is of no use for longer.
pub(crate) const HEAP_WAITING: usize = 32;

/// From so many pages on, one call for all costs less than a fault for each.
pub(crate) const WORTH_POPULATING: usize = 4;

/// Bytes up to which an iterator's least size hint is reserved in advance.
///
/// Larger wastes memory on iterators whose hint is wrong. Smaller costs long iterators a copy for each doubling that
/// cannot be done in place.
// (`.bump.iter`)
pub(crate) const LARGEST_HINT: usize = 1 << 30;

const _: () = assert!(CAGE_UNIT >= LARGEST_PAGE && CAGE_HUGE >= 8 * HUGE_PAGE && CAGE_BLOCK >= CAGE_HUGE);
const _: () = assert!(SMALLEST_PAGE <= LARGEST_PAGE && LARGEST_PAGE <= HUGE_PAGE);
const _: () = assert!(SMALL_PAGE_PREFIX < HUGE_PAGE && SMALL_PAGE_PREFIX.is_power_of_two());
const _: () = assert!(SMALL_PAGE_PREFIX % STEP_MOST == 0 && STEP_LEAST <= STEP_MOST);
const _: () = assert!(FIRST_BLOCK <= SMALL_PAGE_PREFIX && SHORT_INPUT <= SMALL_PAGE_PREFIX);
const _: () = assert!(SMALL_PAGE_PREFIX <= READ_STEP);
const _: () = assert!(INPUT_RESERVATION % HUGE_PAGE == 0 && INPUT_RESERVATION >= 2 * HUGE_PAGE);
const _: () = {
    let mut at = 0;
    while at < BLOCK_SIZES.len() {
        assert!(at == 0 || BLOCK_SIZES[at - 1] < BLOCK_SIZES[at]);
        assert!(at < LARGE || BLOCK_SIZES[at] % HUGE_PAGE == 0);
        assert!(BLOCK_FITS[at] >= FIRST_BLOCK && BLOCK_FITS[at] < BLOCK_SIZES[at]);
        at += 1;
    }
    // A region that follows the longest short block may begin with huge pages at once.
    assert!(REGION > BLOCK_SIZES[1] && FIRST_GAP < FIRST_BLOCK);
};
