//! Arenas in C: their lives, marks, cleanups and figures. Taking memory out of one is `alloc`'s.
//!
//! A `region_arena` holds a Rust `Arena<16>` in its opaque words, the two words of whose fast path lie first
//! (`.c.prefix`), and behind it what C needs besides: cleanups, and what to do when memory cannot be had.

use super::checked::{options, prepare};
use super::error::{self, EINVAL, EOVERFLOW};
use super::line::Line;
use crate::arena::{Arena, Block, Mapped, Mark};
use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_int, c_uint, c_void};
use core::ptr::NonNull;

/// What a C arena's blocks are aligned to: C's `malloc` is, on 64-bit systems, and so is `max_align_t`.
pub(super) const ALIGN: usize = 16;

/// An arena. All bytes zero (REGION_ARENA_INIT) is an empty one, and so is one that was freed. It may be moved to
/// another address, as no pointer leads to it. Only the library writes to it.
#[repr(C)]
pub struct region_arena {
    /// Where the next block starts. Frozen, with `end`.
    pub cur: *mut u8,
    /// Up to where blocks may be taken without a call.
    pub end: *mut u8,
    opaque_: [usize; 30],
}

/// A place in an arena to rewind to. Made by region_arena_mark.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct region_mark {
    opaque_: [usize; 8],
}

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
    /// For figures to come; zero.
    pub spare_: [usize; 11],
}

/// Called when memory cannot be had for `size` bytes. Non-zero: something was freed, try again. Zero: give up, and
/// the allocation returns NULL. It may use the arena, and may leave by longjmp(3).
pub type region_oom_fn =
    Option<unsafe extern "C" fn(context: *mut c_void, arena: *mut region_arena, size: usize) -> c_int>;

/// Called when what was deferred is due.
pub type region_defer_fn = Option<unsafe extern "C" fn(context: *mut c_void)>;

/// A deferred call whose memory is the caller's. Stays where it is until the call was made.
#[repr(C)]
pub struct region_defer {
    next_: *mut region_defer,
    call_: region_defer_fn,
    context_: *mut c_void,
}

/// How an arena is to be, for region_arena_init. Begin with REGION_ARENA_OPTIONS; zero is the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct region_arena_options {
    /// sizeof(region_arena_options).
    pub size: usize,
    /// Most bytes that may be in use; 0 for no limit.
    pub limit: usize,
    /// Bytes of address space reserved now, in one piece, with nothing after it; 0 to grow without end. An exact
    /// wish: less is not tried. RAM comes as touched.
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
}

/// Nothing beyond the buffer: allocating, resetting and freeing make no system call, and when the buffer is used up,
/// allocations return NULL (-ENOSPC). -EINVAL for one that cannot hold a block.
pub const REGION_ARENA_FIXED: c_uint = 1;

/// The Rust side of a `region_arena`.
///
/// All bytes zero is a value: an empty arena without cleanups and without a callback.
#[repr(C)]
pub(super) struct Inside {
    /// First, for its two words of the fast path. In a cell like the rest, since a callback may free the arena,
    /// which writes all of it, while a reference to this value lives.
    arena: UnsafeCell<Arena<ALIGN>>,
    /// Deferred calls, the newest first.
    deferred: Cell<*mut region_defer>,
    on_oom: Cell<region_oom_fn>,
    oom_context: Cell<*mut c_void>,
    /// Why the last refused allocation was: a negative errno.
    error: Cell<c_int>,
}

const _: () = assert!(size_of::<Inside>() <= size_of::<region_arena>());
const _: () = assert!(align_of::<Inside>() <= align_of::<region_arena>());
const _: () = assert!(core::mem::offset_of!(Inside, arena) == 0);
// All bytes zero is a value, or this would not be compiled.
// SAFETY: `zeroed` panics, at compile time, for a type of which zero is not a value.
const _: () = core::mem::forget(unsafe { core::mem::zeroed::<Inside>() });
// `include/region.h` says the same from the other side.
const _: () = assert!(size_of::<region_arena>() == 32 * size_of::<usize>());

/// The Rust side of a `region_mark`. Plain words: any bytes are a value, to be checked.
#[repr(C)]
#[derive(Clone, Copy)]
struct Position {
    mark: Mark,
    deferred: *mut region_defer,
    /// Not zero, so that zeroes are no mark: they would be the start of every arena.
    made: usize,
}

const _: () = assert!(size_of::<Position>() <= size_of::<region_mark>());
const _: () = assert!(align_of::<Position>() <= align_of::<region_mark>());

impl Inside {
    /// The arena. What this returns is not kept across a callback, which may free the arena.
    pub(super) fn arena(&self) -> &Arena<ALIGN> {
        // SAFETY: one thread uses the arena, and where this file changes it as a whole (freeing, resetting) it does so
        // through the pointer that C handed in, when no reference that was made here is used any more.
        unsafe { &*self.arena.get() }
    }

    /// Remembers why memory was refused.
    pub(super) fn refused(&self, error: c_int) {
        self.error.set(-error);
    }

    /// Why the last refused allocation was: a negative errno, or 0.
    pub(super) fn last_error(&self) -> c_int {
        self.error.get()
    }

    /// Takes the program's callback away, for a try that may fail; [`resume_oom`](Self::resume_oom) puts it back.
    pub(super) fn suspend_oom(&self) -> region_oom_fn {
        self.on_oom.take()
    }

    /// Puts a callback back.
    pub(super) fn resume_oom(&self, call: region_oom_fn) {
        self.on_oom.set(call);
    }

    /// Remembers why `size` bytes were refused, and asks the program's callback whether to try again.
    pub(super) fn should_retry(&self, this: *mut region_arena, size: usize, error: c_int) -> bool {
        self.refused(error);
        let retry = match self.on_oom.get() {
            // SAFETY: whoever set the callback promised that it can be called so. No `&mut` to the arena is
            // live, so that it may use the arena: everything here is behind cells.
            Some(ask) => unsafe { ask(self.oom_context.get(), this, size) != 0 },
            None => false,
        };
        // Once more, as what the callback did may have been refused for another reason, or have freed the arena.
        self.refused(error);
        retry
    }

    /// Makes the deferred calls that came after `until`, the newest first.
    ///
    /// Each is taken off the list before it is made, so one that resets, frees or rewinds the arena finds the
    /// rest, and one that defers another sees that made as well.
    ///
    /// # Safety
    /// The nodes on the list are still there, and their functions may be called.
    unsafe fn run_deferred(&self, until: *mut region_defer) {
        loop {
            let node = self.deferred.get();
            if node.is_null() || node == until {
                return;
            }
            // SAFETY: a node stays until its call was made, by the promise of whoever deferred it.
            let region_defer { next_, call_, context_ } = unsafe { node.read() };
            self.deferred.set(next_);
            if let Some(call) = call_ {
                // SAFETY: as above.
                unsafe { call(context_) }
            }
        }
    }

    /// Whether `node` is on the list, or the list's end.
    ///
    /// # Safety
    /// The nodes on the list are still there.
    unsafe fn is_deferred(&self, node: *mut region_defer) -> bool {
        let mut at = self.deferred.get();
        while at != node && !at.is_null() {
            // SAFETY: the caller's promise.
            at = unsafe { (*at).next_ };
        }
        at == node
    }
}

/// The Rust side of an arena that C hands in; `None` for NULL.
///
/// # Safety
/// `this` is NULL or points to a `region_arena` that is zeroed or initialized, used by one thread at a time.
pub(super) unsafe fn inside<'a>(this: *const region_arena) -> Option<&'a Inside> {
    // SAFETY: size and alignment are those of a `region_arena` (asserted above), whose bytes are zero, a value of
    // `Inside`, or what this library put there. Behind cells throughout, so that the inline part and callbacks
    // may change it while this reference lives.
    unsafe { this.cast::<Inside>().as_ref() }
}

/// What region_arena_init calls.
///
/// # Safety
/// `arena` is NULL or may be written; `chosen` is NULL or points to options that lead with their size, whose buffer
/// nobody else uses until the arena was freed.
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
    // SAFETY: as above.
    let lent = unsafe { lent(&chosen)? };
    // SAFETY: as above; all bytes zero is an `Inside` (asserted), which nobody else knows yet.
    let new = unsafe { &mut *arena.cast::<Inside>() };
    let exactly = if chosen.flags == 0 { chosen.reserve } else { chosen.buffer_size };
    if exactly != 0 {
        new.arena.get_mut().set_backing(Mapped::exactly(exactly));
    }
    let first = chosen.capacity.max(usize::from(chosen.reserve != 0));
    if let Some(block) = lent {
        // SAFETY: the buffer is the arena's until it is freed, by the caller's promise, has room for a block, and
        // `Mapped` knows by its tag that it is nobody's mapping.
        unsafe { new.arena().begin_in(block) };
    } else if first != 0 {
        if let Err(error) = new.arena().begin(first) {
            // SAFETY: as above; an arena that could not begin owns nothing.
            unsafe { arena.write_bytes(0, 1) };
            return Err(-error::of_alloc(&error));
        }
    }
    if chosen.limit != 0 {
        new.arena().set_limit(chosen.limit);
    }
    new.on_oom.set(chosen.on_oom);
    new.oom_context.set(chosen.oom_context);
    Ok(())
}

/// The caller's buffer as a block; none where there is no buffer, or one that is too small to hold anything.
///
/// # Safety
/// The buffer is NULL or may be used by the arena until that is freed.
unsafe fn lent(chosen: &region_arena_options) -> Result<Option<Block>, c_int> {
    let region_arena_options { buffer, buffer_size, flags, .. } = *chosen;
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
        (true, _) => Ok(Some(unsafe { Mapped::lent(start, buffer_size) })),
        (false, 0) => Ok(None),
        // An arena that could never hold anything.
        (false, _) => Err(-EINVAL),
    }
}

/// Initializes an arena, for callers that do not read the header. As `region_arena_init` there.
///
/// cbindgen:ignore
///
/// # Safety
/// As [`region_arena_init_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_init(arena: *mut region_arena, chosen: *const region_arena_options) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { region_arena_init_(arena, chosen, super::checked::abi_of::<region_arena>()) }
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
    unsafe { this.run_deferred(core::ptr::null_mut()) };
    // SAFETY: the arena is read out and zeroed, an empty one, before its memory goes: a value of `Inside` stays
    // there throughout. `this` is not used any more.
    let old = unsafe {
        let old = arena.cast::<Inside>().read();
        arena.write_bytes(0, 1);
        old
    };
    drop(old);
    0
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
    unsafe { this.run_deferred(core::ptr::null_mut()) };
    // SAFETY: one thread uses the arena, `this` is not used any more, and no callback is called while this
    // reference lives.
    let this = unsafe { &mut *arena.cast::<Inside>() }.arena.get_mut();
    match keep {
        usize::MAX => this.reset(),
        bytes => this.reset_keeping(bytes),
    }
    0
}

/// The present place in the arena. Costs nothing and cannot fail; of NULL, a mark that no arena takes.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_mark(arena: *const region_arena) -> region_mark {
    let mut mark = region_mark { opaque_: [usize::MAX; 8] };
    // SAFETY: the caller's promise, passed on.
    if let Some(this) = unsafe { inside(arena) } {
        let position = Position { mark: this.arena().mark(), deferred: this.deferred.get(), made: 1 };
        // SAFETY: a position fits into a mark (asserted above), which is ours.
        unsafe { (&raw mut mark).cast::<Position>().write(position) };
    }
    mark
}

/// Makes the calls that were deferred since `mark` and frees every block taken or grown since; keeps the memory.
/// -EINVAL, and nothing happens, for a mark that another arena made, or that was undone: by an earlier rewind or reset,
/// or when a block from before it was given back or made smaller. Two are not told from the arena's own: one that was
/// undone and whose place is in use again, and one made when its arena had no memory, which is the start of any.
///
/// # Safety
/// As [`region_arena_free`], for blocks that were taken since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_rewind(arena: *mut region_arena, mark: region_mark) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return -EINVAL };
    // SAFETY: a position fits into a mark (asserted above), and any bytes are one.
    let Position { mark, deferred, made } = unsafe { (&raw const mark).cast::<Position>().read() };
    // SAFETY: whoever deferred them promised that nodes last until their call was made.
    if made != 1 || !this.arena().knows(&mark) || !unsafe { this.is_deferred(deferred) } {
        return -EINVAL;
    }
    // SAFETY: as above.
    unsafe { this.run_deferred(deferred) };
    // A deferred call may have reset the arena, or freed it: then there is nothing left to free.
    if this.arena().knows(&mark) {
        // SAFETY: the mark is a place in this arena, as was just found. That nobody uses what came after it is the
        // caller's promise.
        unsafe { this.arena().rewind(mark) };
    }
    0
}

/// Has `call(context)` made when the arena is next rewound to before here, reset or freed; the last deferred is the
/// first called. Takes 32 bytes of the arena.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `call` may be called with `context` until then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_defer(
    arena: *mut region_arena,
    call: region_defer_fn,
    context: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), Some(_)) = (unsafe { inside(arena) }, call) else { return -EINVAL };
    // SAFETY: as above.
    let node = unsafe { super::alloc::region_alloc(arena, size_of::<region_defer>()) }.cast::<region_defer>();
    if node.is_null() {
        return this.error.get();
    }
    // SAFETY: the node is new memory of the arena's, aligned to 16, and stays until the arena is rewound to
    // before it, which makes its call first.
    unsafe { region_arena_defer_node(arena, node, call, context) }
}

/// The same with memory of the caller's, which must stay where it is until the call was made. Fails only on NULL.
///
/// # Safety
/// As [`region_arena_defer`]; `node` is NULL or may be written, and is not in use by another call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_defer_node(
    arena: *mut region_arena,
    node: *mut region_defer,
    call: region_defer_fn,
    context: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), Some(_), false) = (unsafe { inside(arena) }, call, node.is_null()) else { return -EINVAL };
    // SAFETY: the caller lets the node be written.
    unsafe { node.write(region_defer { next_: this.deferred.get(), call_: call, context_: context }) };
    this.deferred.set(node);
    0
}

/// Sets what to do when memory cannot be had: NULL to return NULL, which is the default; region_oom_abort to end
/// the process; or a function of your own.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena; `call` may be called with `context` while it is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_on_oom(
    arena: *mut region_arena,
    call: region_oom_fn,
    context: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return -EINVAL };
    this.on_oom.set(call);
    this.oom_context.set(context);
    0
}

/// For region_arena_on_oom: says on standard error how much could not be had, and ends the process.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_oom_abort(context: *mut c_void, arena: *mut region_arena, size: usize) -> c_int {
    let _ = context;
    // SAFETY: the caller's promise, passed on.
    let used = unsafe { inside(arena) }.map_or(0, |this| this.arena().used());
    let mut line = Line::new();
    line.fill("region: cannot allocate % bytes; the arena has % bytes in use.", &[size, used]);
    line.fill(" The process ends here, as its arena was told to.\n", &[]);
    // Nothing can be done about a standard error that is closed.
    let _ = crate::sys::write(2, line.bytes());
    super::process::stop()
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

/// Why memory was last refused, and so why an allocation that just returned NULL did: a negative errno, for
/// region_strerror. 0 if it never was.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_error(arena: *const region_arena) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { inside(arena) }.map_or(-EINVAL, |this| this.error.get())
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
    let figures = region_stats {
        used: arena.used(),
        committed: arena.committed(),
        reserved: arena.reserved(),
        limit: arena.limit(),
        ranges: arena.block_count(),
        spare_: [0; 11],
    };
    // SAFETY: the caller lets it be written.
    unsafe { stats.write(figures) };
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

/// Writes one line with the arena's figures to a descriptor, such as 2. Allocates nothing.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_print(arena: *const region_arena, fd: c_int) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return -EINVAL };
    let arena = this.arena();
    let mut line = Line::new();
    let figures = [arena.used(), arena.block_count(), arena.committed(), arena.reserved()];
    line.fill("region_arena: % bytes used in % ranges, % committed, % reserved", &figures);
    if arena.limit() != usize::MAX {
        line.fill(", limit %", &[arena.limit()]);
    }
    line.fill("\n", &[]);
    match crate::sys::write(fd, line.bytes()) {
        Ok(()) => 0,
        Err(errno) => -errno.raw(),
    }
}
