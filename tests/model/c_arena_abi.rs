//! What include/region.h says about arenas, as Rust sees it: structs of as many bytes, and the functions.
//!
//! Written from the header and not from src/capi/, so that the two can differ. `region_arena_init_` compares the
//! sizes.

#![allow(dead_code)] // each user takes its part

use std::ffi::{c_char, c_int, c_uint, c_void};

// Its `region_*` functions are linked in.
use region as _;

#[repr(C)]
pub struct Arena {
    pub cur: *mut u8,
    pub end: *mut u8,
    pub opaque: [usize; 30],
}

pub const EMPTY: Arena = Arena { cur: std::ptr::null_mut(), end: std::ptr::null_mut(), opaque: [0; 30] };
/// `REGION_ABI_(region_arena)`.
pub const ABI: usize = (1 << 16) | size_of::<Arena>();
pub const FIXED: c_uint = 1;
pub const KEEP_ALL: usize = usize::MAX;

pub type OnOom = Option<unsafe extern "C" fn(*mut c_void, *mut Arena, usize) -> c_int>;
pub type Call = Option<unsafe extern "C" fn(*mut c_void)>;

#[repr(C)]
pub struct Options {
    pub size: usize,
    pub limit: usize,
    pub reserve: usize,
    pub capacity: usize,
    pub on_oom: OnOom,
    pub oom_context: *mut c_void,
    pub buffer: *mut c_void,
    pub buffer_size: usize,
    pub flags: c_uint,
    pub reserved: c_uint,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Mark(pub [usize; 8]);

#[repr(C)]
pub struct Defer {
    pub next: *mut Defer,
    pub call: Call,
    pub context: *mut c_void,
    pub seal: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub used: usize,
    pub committed: usize,
    pub reserved: usize,
    pub limit: usize,
    pub ranges: usize,
    pub peak: usize,
    pub spare: [usize; 10],
}

#[repr(C)]
pub struct Text {
    pub data: *mut c_char,
    pub len: usize,
    pub capacity: usize,
    pub arena: *mut Arena,
    pub opaque: [usize; 4],
}

unsafe extern "C" {
    pub fn region_arena_init_(arena: *mut Arena, options: *const Options, abi: usize) -> c_int;
    pub fn region_arena_free(arena: *mut Arena) -> c_int;
    pub fn region_arena_reset(arena: *mut Arena, keep: usize) -> c_int;
    pub fn region_arena_adopt(into: *mut Arena, from: *mut Arena) -> c_int;
    pub fn region_arena_mark(arena: *const Arena) -> Mark;
    pub fn region_arena_rewind(arena: *mut Arena, mark: Mark) -> c_int;
    pub fn region_arena_defer(arena: *mut Arena, call: Call, context: *mut c_void) -> c_int;
    pub fn region_arena_defer_node(arena: *mut Arena, node: *mut Defer, call: Call, context: *mut c_void) -> c_int;
    pub fn region_arena_on_oom(arena: *mut Arena, call: OnOom, context: *mut c_void) -> c_int;
    pub fn region_arena_set_limit(arena: *mut Arena, bytes: usize) -> c_int;
    pub fn region_arena_error(arena: *const Arena) -> c_int;
    pub fn region_arena_contains(arena: *const Arena, address: *const c_void) -> bool;
    pub fn region_arena_stats(arena: *const Arena, stats: *mut Stats) -> c_int;

    pub fn region_alloc_slow_(arena: *mut Arena, size: usize) -> *mut u8;
    pub fn region_alloc(arena: *mut Arena, size: usize) -> *mut u8;
    pub fn region_alloc_aligned(arena: *mut Arena, size: usize, align: usize) -> *mut u8;
    pub fn region_alloc_array(arena: *mut Arena, n: usize, size: usize, align: usize) -> *mut u8;
    pub fn region_calloc(arena: *mut Arena, n: usize, size: usize) -> *mut u8;
    pub fn region_calloc_aligned(arena: *mut Arena, n: usize, size: usize, align: usize) -> *mut u8;
    pub fn region_realloc(arena: *mut Arena, block: *mut u8, old_size: usize, new_size: usize) -> *mut u8;
    pub fn region_free(arena: *mut Arena, block: *mut u8, size: usize);
    pub fn region_memdup(arena: *mut Arena, from: *const u8, size: usize) -> *mut u8;
    pub fn region_strdup(arena: *mut Arena, text: *const c_char) -> *mut u8;
    pub fn region_strndup(arena: *mut Arena, text: *const c_char, most: usize) -> *mut u8;

    pub fn region_string_reserve(text: *mut Text, more: usize) -> c_int;
    pub fn region_string_append(text: *mut Text, bytes: *const c_char, size: usize) -> c_int;
    pub fn region_string_puts(text: *mut Text, bytes: *const c_char) -> c_int;
    pub fn region_string_putc(text: *mut Text, byte: c_char) -> c_int;
    pub fn region_string_finish(text: *mut Text) -> *mut u8;
    pub fn region_string_free(text: *mut Text);

    pub fn region_hook_malloc(arena: *mut Arena, size: usize) -> *mut u8;
    pub fn region_hook_realloc(arena: *mut Arena, block: *mut u8, old_size: usize, new_size: usize) -> *mut u8;
    pub fn region_hook_free(arena: *mut Arena, block: *mut u8, size: usize);
    pub fn region_tracked_malloc(arena: *mut Arena, size: usize) -> *mut u8;
    pub fn region_tracked_calloc(arena: *mut Arena, n: usize, size: usize) -> *mut u8;
    pub fn region_tracked_realloc(arena: *mut Arena, block: *mut u8, size: usize) -> *mut u8;
    pub fn region_tracked_free(arena: *mut Arena, block: *mut u8);
}

/// What `region_alloc` is in C: inline, over the two words that are frozen.
///
/// # Safety
/// `arena` points to an arena that is zeroed or initialized.
pub unsafe fn alloc_inline(arena: *mut Arena, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise; what is taken lies before `end`.
    unsafe {
        let (cur, end) = ((*arena).cur, (*arena).end);
        if size.wrapping_sub(1) < end.addr() - cur.addr() {
            (*arena).cur = cur.add(((size - 1) | 15) + 1);
            return cur;
        }
        region_alloc_slow_(arena, size)
    }
}
