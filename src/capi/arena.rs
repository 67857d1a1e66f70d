//! Arenas in C: making, freeing, limits and stats. `alloc` takes memory, `marks` rewinds, `oom` says what happens
//! without memory, and `inside` has an arena's contents.

use super::c_str::length;
use super::checked::{options, prepare, twins};
use super::error::{self, EINVAL, EOPNOTSUPP, EOVERFLOW};
use super::inside::{ALIGN, Inside, inside, region_arena, region_oom_fn};
use super::line::Line;
use crate::arena::{Block, Mapped};
use crate::error::AllocReason;
use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr::NonNull;

/// What an arena holds, in bytes. Filled by region_arena_stats.
#[repr(C)]
pub struct region_stats {
    /// Handed out since the last reset, with what rounds blocks up to 16.
    pub used: usize,
    /// Usable without asking the system again; RAM is at most this.
    pub committed: usize,
    /// Address space that belongs to the arena.
    pub reserved: usize,
    /// Most that `used` may reach; SIZE_MAX for no limit.
    pub limit: usize,
    /// Ranges of memory that hold blocks.
    pub ranges: usize,
    /// The most bytes that were in use at once, since the arena was made.
    pub peak: usize,
    /// For stats to come; zero.
    pub spare_: [usize; 10],
}

/// Options of an arena, for region_arena_init. Begin with REGION_ARENA_OPTIONS; zero is the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct region_arena_options {
    /// sizeof(region_arena_options).
    pub size: usize,
    /// Most bytes that may be in use; 0 for no limit.
    pub limit: usize,
    /// Bytes of address space reserved now, in one piece, with nothing after it; 0 to grow without end. Exact:
    /// less is not tried. RAM comes as touched.
    pub reserve: usize,
    /// Bytes that fit before addresses are asked for again; 0 for the usual. -ENOSPC for more than `reserve`.
    pub capacity: usize,
    /// What to do when memory cannot be had; NULL to return NULL.
    pub on_oom: region_oom_fn,
    /// Passed to `on_oom`.
    pub oom_context: *mut c_void,
    /// Memory of yours to use first, on the stack, static, of a map or a file, at any address, whatever it holds
    /// (region_calloc clears it); NULL for none. It stays where it is, and is the arena's until that is freed. Too
    /// little of it to hold a block is passed over. Not with `reserve` or `capacity`.
    pub buffer: *mut c_void,
    /// Bytes of the buffer.
    pub buffer_size: usize,
    /// REGION_ARENA_FIXED, or 0.
    pub flags: c_uint,
    /// Zero.
    pub reserved_: c_uint,
    /// What region_arena_print_stats calls the arena; NULL for no name. Stays where it is until the arena is freed.
    pub name: *const c_char,
}

/// Nothing beyond the buffer: allocating, resetting and freeing make no system call, and when the buffer is used up,
/// allocations return NULL (-ENOSPC). -EINVAL for one that cannot hold a block.
pub const REGION_ARENA_FIXED: c_uint = 1;

/// What region_arena_init calls.
///
/// # Safety
/// `arena` is NULL or may be written; `chosen` is NULL or points to options that lead with their size, whose buffer
/// nobody else uses, and whose name stays, until the arena was freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_init_(
    arena: *mut region_arena,
    chosen: *const region_arena_options,
    abi: usize,
) -> c_int {
    // SAFETY: the caller's promise, passed on; options are plain words of which zero is the default.
    match unsafe { init(arena, chosen, abi) } {
        Ok(()) => 0,
        Err(error) => error,
    }
}

/// # Safety
/// As [`region_arena_init_`].
unsafe fn init(arena: *mut region_arena, chosen: *const region_arena_options, abi: usize) -> Result<(), c_int> {
    // SAFETY: the caller's promise about the arena and its options. Whatever fails below, what is left is the empty
    // arena that is made here.
    let chosen = unsafe {
        prepare(arena, abi)?;
        options(chosen)?
    };
    // SAFETY: the caller's promise about the buffer, passed on.
    let external = unsafe { external(&chosen)? };
    // SAFETY: `prepare` zeroed the arena, and all bytes zero is an `Inside` (asserted), which nobody else knows yet.
    let new = unsafe { &mut *arena.cast::<Inside>() };
    let exactly = if chosen.flags == 0 { chosen.reserve } else { chosen.buffer_size };
    if exactly != 0 {
        new.arena_mut().set_backing(Mapped::exactly(exactly));
    }
    let first = chosen.capacity.max(usize::from(chosen.reserve != 0));
    if let Some(block) = external {
        // SAFETY: the buffer is the arena's until it is freed, by the caller's promise, is long enough for a block, and
        // `Mapped` knows by its tag that it is no mapping.
        unsafe { new.arena().begin_in(block) };
    } else if first != 0 {
        if let Err(error) = new.arena().begin(first) {
            // SAFETY: the arena may be written, and owns nothing that would be lost, as it could not begin.
            unsafe { arena.write_bytes(0, 1) };
            return Err(-error::of_alloc(&error));
        }
    }
    if chosen.limit != 0 {
        new.arena().set_limit(chosen.limit);
    }
    new.policy.set(chosen.on_oom, chosen.oom_context);
    new.name.set(chosen.name);
    Ok(())
}

/// The caller's buffer as a block; none where there is no buffer, or one that is too small to hold anything.
///
/// # Safety
/// The buffer is NULL or may be used by the arena until that is freed.
unsafe fn external(chosen: &region_arena_options) -> Result<Option<Block>, c_int> {
    let region_arena_options { buffer, buffer_size, flags, reserved_, .. } = *chosen;
    if reserved_ != 0 {
        return Err(-EINVAL);
    }
    let Some(start) = NonNull::new(buffer.cast::<u8>()) else {
        return if buffer_size == 0 && flags == 0 { Ok(None) } else { Err(-EINVAL) };
    };
    if flags & !REGION_ARENA_FIXED != 0 || chosen.reserve | chosen.capacity != 0 {
        return Err(-EINVAL);
    }
    if buffer_size > isize::MAX as usize || start.addr().checked_add(buffer_size).is_none() {
        return Err(-EOVERFLOW);
    }
    let padding = start.addr().get().wrapping_neg() % ALIGN;
    match (buffer_size >= padding + ALIGN, flags) {
        // SAFETY: the caller's promise, and the bytes lie in the address space.
        (true, _) => Ok(Some(unsafe { Mapped::external(start, buffer_size) })),
        (false, 0) => Ok(None),
        // An arena that could never hold anything.
        (false, _) => Err(-EINVAL),
    }
}

twins! {
    region_arena_init(arena: *mut region_arena, chosen: *const region_arena_options)
        => region_arena_init_(arena, chosen);
}

/// The exported twin of the header's inline function, for dlsym(3) and other languages.
///
/// cbindgen:ignore
///
/// # Safety
/// There are two arenas at `arenas`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_scratch(arenas: *mut region_arena, busy: *const region_arena) -> *mut region_arena {
    // SAFETY: the caller's promise: the second one is there.
    if core::ptr::eq(arenas, busy) { unsafe { arenas.add(1) } } else { arenas }
}

/// Makes the deferred calls, gives all memory back to the system (but for a block that the next arena takes, and a
/// buffer, which is its owner's again) and leaves the arena empty, with no limit and no callback. Nothing happens to
/// one that is empty already.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena, and nothing uses its blocks afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_free(arena: *mut region_arena) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return -EINVAL };
    // SAFETY: whoever deferred them promised that nodes and functions last until now.
    unsafe { this.deferred.run(core::ptr::null_mut()) };
    // SAFETY: the arena is read out, and all of the struct zeroed, an empty one, before its memory goes: a value of
    // `Inside` stays there throughout, the rest of which has nothing to drop. `this` is not used any more.
    let old = unsafe {
        let old = this.take_out();
        arena.write_bytes(0, 1);
        old
    };
    drop(old);
    0
}

/// Moves all that `from` holds into `into`, and copies nothing: its blocks stay where they are and live as long as a
/// block that is taken from `into` now. The calls that were deferred in `from`, and with them its children, are due
/// when these blocks go back, the newest first. `from` is left empty, with no limit and no callback: its marks and
/// growing texts are refused from now on, so finish texts before. `into` goes on in the newest range of `from`; what
/// was free in its own waits for the next rewind or reset. It takes up to 80 bytes of `into`, and a step for each range
/// and each deferred call. Nothing happens on an error: -EINVAL if they are one arena, or `into` lies in a block of
/// `from`; -EOPNOTSUPP if blocks are in use in `from` and it has a buffer, or `into` was made with `reserve` or
/// REGION_ARENA_FIXED; else as an allocation is refused, which counts `used` of `from` for the limit.
///
/// # Safety
/// Both are NULL or a zeroed or initialized arena. `into` does not lie in a block of an arena that lies in a block
/// of `from`, and so on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_adopt(into: *mut region_arena, from: *mut region_arena) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), Some(other)) = (unsafe { inside(into) }, unsafe { inside(from) }) else { return -EINVAL };
    loop {
        // Asked each time, as the program's callback may use both.
        if core::ptr::eq(into, from) || other.arena().holds(into.addr()) {
            this.policy.refused(EINVAL);
            return -EINVAL;
        }
        match this.arena().absorb(other.arena()) {
            Ok(()) => break,
            Err(error) if error.reason() == AllocReason::Bound => {
                this.policy.refused(EOPNOTSUPP);
                return -EOPNOTSUPP;
            }
            Err(error) if this.may_try_again(into, other.arena().used(), &error) => {}
            Err(_) => return this.policy.last_error(),
        }
    }
    // SAFETY: whoever deferred the calls of either promised that nodes stay until they are made.
    unsafe { this.deferred.take_all(&other.deferred) };
    // SAFETY: what `from` still has are ranges without a block. Nobody uses it but to find it empty.
    unsafe { region_arena_free(from) }
}

/// Makes the deferred calls and frees every block. The RAM of about `keep` bytes stays for what comes next, the
/// rest goes back to the system at once: REGION_KEEP_ALL is the fastest (no system call), 0 gives all RAM
/// back and keeps the addresses.
///
/// # Safety
/// As [`region_arena_free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_reset(arena: *mut region_arena, keep: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return -EINVAL };
    // SAFETY: whoever deferred them promised that nodes and functions last until now.
    unsafe { this.deferred.run(core::ptr::null_mut()) };
    this.note_peak();
    this.history.undo(0);
    // SAFETY: one thread uses the arena, `this` is not used any more, and no callback is called while this
    // reference lives.
    let this = unsafe { &mut *arena.cast::<Inside>() }.arena_mut();
    match keep {
        usize::MAX => this.reset(),
        bytes => this.reset_keeping(bytes),
    }
    0
}

/// Lets at most `bytes` be in use; SIZE_MAX for no limit. What is in use already stays.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_set_limit(arena: *mut region_arena, bytes: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return -EINVAL };
    this.arena().set_limit(bytes);
    0
}

/// Whether `address` lies in memory that the arena handed out and has not taken back.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena. The address is only compared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_contains(arena: *const region_arena, address: *const c_void) -> bool {
    // SAFETY: the caller's promise, passed on.
    unsafe { inside(arena) }.is_some_and(|this| this.arena().holds(address.addr()))
}

/// What the arena holds, in `stats`.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `stats` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_stats(arena: *const region_arena, stats: *mut region_stats) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), false) = (unsafe { inside(arena) }, stats.is_null()) else { return -EINVAL };
    let arena = this.arena();
    let current = region_stats {
        used: arena.used(),
        committed: arena.committed(),
        reserved: arena.reserved(),
        limit: arena.limit(),
        ranges: arena.block_count(),
        peak: this.peak(),
        spare_: [0; 10],
    };
    // SAFETY: the caller lets it be written.
    unsafe { stats.write(current) };
    0
}

/// Bytes of the arena that are in RAM now, as the system says: mincore(2), one call per 4 MiB. 0 for NULL.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_resident(arena: *const region_arena) -> usize {
    // SAFETY: the caller's promise, passed on.
    unsafe { inside(arena) }.map_or(0, |this| this.arena().resident())
}

/// Writes one line with the arena's stats to a descriptor, such as 2. Allocates nothing.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_print_stats(arena: *const region_arena, fd: c_int) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return -EINVAL };
    let arena = this.arena();
    let mut line = Line::new();
    line.fill("region_arena", &[]);
    let name = this.name.get();
    if !name.is_null() {
        line.fill(" ", &[]);
        // SAFETY: whoever made the arena promised that its name stays until it is freed.
        line.text(unsafe { core::slice::from_raw_parts(name.cast(), length(name, Line::LONGEST_NAME)) });
    }
    let numbers = [arena.used(), arena.block_count(), arena.committed(), arena.reserved()];
    line.fill(": % bytes used in % ranges, % committed, % reserved", &numbers);
    if arena.limit() != usize::MAX {
        line.fill(", limit %", &[arena.limit()]);
    }
    line.fill("\n", &[]);
    // SAFETY: the caller lends the descriptor for this call, as to `write(2)`; of no open file, it is refused.
    match crate::sys::write(unsafe { crate::sys::Fd::from_raw(fd) }, line.bytes()) {
        Ok(()) => 0,
        Err(errno) => -errno.raw(),
    }
}
