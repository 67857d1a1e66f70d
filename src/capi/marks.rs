//! Marks in C arenas, to go back to, and the calls that are due when an arena goes back.
//!
//! A mark is plain words of the caller, so it is checked before use: whether the arena has the position, and whether
//! the position is lost (`history`). The list of the calls is in `deferred`.

use super::deferred::{is_due, region_defer, region_defer_fn};
use super::error::{EALREADY, EINVAL, ENOENT};
use super::history::Position;
use super::inside::{ALIGN, Inside, inside, region_arena};
use crate::arena::Mark;
use core::ffi::{c_int, c_void};

/// A position in an arena to rewind to. Made by region_arena_mark.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct region_mark {
    opaque_: [usize; 8],
}

// `include/region.h` says the same from the other side.
const _: () = assert!(size_of::<region_mark>() == size_of::<[usize; 8]>());

/// The Rust side of a `region_mark`. Plain words: any bytes are a value, to be checked.
#[repr(C)]
#[derive(Clone, Copy)]
struct Saved {
    mark: Mark,
    deferred: *mut region_defer,
    /// In a mark of zeroes it has no generation: else such a mark would be the start of every arena.
    position: Position,
}

const _: () = assert!(size_of::<Saved>() <= size_of::<region_mark>());
const _: () = assert!(align_of::<Saved>() <= align_of::<region_mark>());

/// The present position in the arena. Costs nothing and cannot fail; of NULL, a mark that no arena takes.
///
/// cbindgen:postfix=REGION_NEEDED_
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_mark(arena: *const region_arena) -> region_mark {
    let mut mark = region_mark { opaque_: [0; 8] };
    // SAFETY: the caller's promise, passed on.
    if let Some(this) = unsafe { inside(arena) } {
        let position = this.history.mark(this.arena().used());
        let saved = Saved { mark: this.arena().mark(), deferred: this.deferred.newest(), position };
        // SAFETY: a `Saved` fits into a mark (asserted above), which is ours.
        unsafe { (&raw mut mark).cast::<Saved>().write(saved) };
    }
    mark
}

/// Whether the arena can be rewound to a mark.
#[inline(never)]
fn is_valid(this: &Inside, mark: &Mark, position: &Position) -> bool {
    !this.history.is_lost(position) && this.arena().knows(mark)
}

/// Makes the calls that were deferred since `mark` and frees every block taken or grown since; keeps the memory.
/// -EINVAL, and nothing happens, for a mark that another arena made, or the same one before it was freed, or that was
/// undone: by an earlier rewind or reset, or when a block from before it was given back or made smaller. All of these
/// are found out, but for a mark whose position is in use again after more than three rewinds, each of which went back
/// less far than the one before.
///
/// # Safety
/// As [`super::arena::region_arena_free`], for blocks that were taken since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_rewind(arena: *mut region_arena, mark: region_mark) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return -EINVAL };
    // SAFETY: a `Saved` fits into a mark (asserted above), and any bytes are one.
    let Saved { mark, deferred, position } = unsafe { (&raw const mark).cast::<Saved>().read() };
    // SAFETY: whoever deferred them promised that nodes last until their call was made.
    if !is_valid(this, &mark, &position) || !unsafe { this.deferred.has(deferred) } {
        return -EINVAL;
    }
    // SAFETY: as promised for the nodes on the list, their functions may be called.
    unsafe { this.deferred.run(deferred) };
    // A deferred call may have reset the arena, or freed it: then there is nothing left to free.
    if is_valid(this, &mark, &position) {
        this.note_peak();
        // SAFETY: the mark is a position in this arena, as was just found. That nobody uses what came after it is the
        // caller's promise.
        unsafe { this.arena().rewind(mark) };
        this.history.undo(this.arena().used());
    }
    0
}

/// Frees the block that begins at `address` and everything that was taken or grown after it, without a mark: what
/// obstack_free(3) does. Makes the calls that were deferred after the first one whose memory is freed, and that one;
/// a node of yours that was deferred before that stays due. -EINVAL, and nothing happens, for an address that is in
/// no block of the arena, or not a multiple of 16. That a block begins there is for you to know.
///
/// # Safety
/// As [`super::arena::region_arena_free`], for blocks that were taken since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_rewind_to(arena: *mut region_arena, address: *const c_void) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let Some(this) = (unsafe { inside(arena) }) else { return -EINVAL };
    let Some(mark) = this.arena().mark_at(address.addr()) else { return -EINVAL };
    // The calls up to the oldest whose node is freed: behind it is what stays.
    // A node may lie anywhere in a block of the arena's.
    let is_freed = |node: *mut region_defer| {
        this.arena().mark_at(node.addr() / ALIGN * ALIGN).is_some_and(|at| at.used() >= mark.used())
    };
    // SAFETY: whoever deferred them promised that nodes last until their call was made.
    let until = unsafe { this.deferred.behind_the_last(is_freed) };
    if let Some(until) = until {
        // SAFETY: as promised for the nodes on the list, their functions may be called.
        unsafe { this.deferred.run(until) };
    }
    // A deferred call may have reset or freed the arena, or rewound it further.
    if this.arena().mark_at(address.addr()) == Some(mark) {
        this.note_peak();
        // SAFETY: the mark is a position in this arena, as was just found. That nobody uses what came after it is the
        // caller's promise.
        unsafe { this.arena().rewind(mark) };
        this.arena().leave_emptied();
        this.history.undo(this.arena().used());
    }
    0
}

/// Cancels the call that was deferred last of those of `call(context)`: it is not made. -ENOENT if there is none. A
/// node of yours stays where it is until the call would have been made. One step for each call that was deferred
/// since.
///
/// # Safety
/// `arena` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_cancel(
    arena: *mut region_arena,
    call: region_defer_fn,
    context: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), Some(call)) = (unsafe { inside(arena) }, call) else { return -EINVAL };
    // SAFETY: whoever deferred them promised that nodes last until their call was made.
    if unsafe { this.deferred.cancel(call, context) } { 0 } else { -ENOENT }
}

/// A new arena whose struct lies in `parent`, and that is freed with it, by a deferred call: when the parent is
/// rewound to before it, reset or freed. To free it earlier does no harm. NULL when the parent cannot have so much.
///
/// cbindgen:postfix=REGION_NEEDED_
///
/// # Safety
/// `parent` is NULL or a zeroed or initialized arena.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_child(parent: *mut region_arena) -> *mut region_arena {
    unsafe extern "C" fn free(child: *mut c_void) {
        // SAFETY: the child's struct lies in the parent, which makes this call before it frees it, and nothing is used
        // of the child afterwards, as nothing is of the parent.
        unsafe { super::arena::region_arena_free(child.cast()) };
    }
    // SAFETY: the caller's promise, passed on: one block for the struct and the node of the call behind it, so that a
    // rewind to the struct frees both.
    let child = unsafe {
        let size = size_of::<region_arena>() + size_of::<region_defer>();
        super::alloc::region_calloc(parent, 1, size).cast::<region_arena>()
    };
    if !child.is_null() {
        // SAFETY: the block has the bytes of both, aligned to 16; they are zero, which is an empty arena and a node that
        // is on no list. Both stay until the parent is rewound to before them, which makes the call first.
        unsafe { region_arena_defer_node(parent, child.add(1).cast(), Some(free), child.cast()) };
    }
    child
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
    // SAFETY: the same promise, for taking memory.
    let node = unsafe { super::alloc::region_alloc(arena, size_of::<region_defer>()) }.cast::<region_defer>();
    if node.is_null() {
        return this.policy.last_error();
    }
    // SAFETY: the node is new memory of the arena's, aligned to 16, and stays until the arena is rewound to
    // before it, which makes its call first.
    unsafe { this.deferred.push(node, call, context) };
    0
}

/// The same with memory of the caller's, which must stay where it is until the call is made. Fails only on NULL, and
/// on a node whose call is due already, in whichever arena (-EALREADY).
///
/// # Safety
/// As [`region_arena_defer`]; `node` is NULL or may be written, and is zeroed or was deferred before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn region_arena_defer_node(
    arena: *mut region_arena,
    node: *mut region_defer,
    call: region_defer_fn,
    context: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise, passed on.
    let (Some(this), Some(_), false) = (unsafe { inside(arena) }, call, node.is_null()) else { return -EINVAL };
    // SAFETY: the node is the caller's, with bytes in it.
    if unsafe { is_due(node) } {
        return -EALREADY;
    }
    // SAFETY: the caller lets the node be written, and its seal says that it is on no list.
    unsafe { this.deferred.push(node, call, context) };
    0
}
