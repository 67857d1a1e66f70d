//! Functions whose machine code `tests/codegen.rs` reads: each is one call of the library.
//!
//! Compiled by that test as a crate of its own, optimized as a user's release build is.

use region::Arena;
use std::alloc::Layout;
use std::ptr::NonNull;

#[repr(align(64))]
pub struct Line(pub u64);

#[unsafe(no_mangle)]
pub fn probe_alloc_u64(arena: &Arena, value: u64) -> &mut u64 {
    arena.alloc(value)
}

#[unsafe(no_mangle)]
pub fn probe_alloc_node(arena: &Arena, a: u64, b: u64, c: u64) -> &mut [u64; 3] {
    arena.alloc([a, b, c])
}

#[unsafe(no_mangle)]
pub fn probe_alloc_line(arena: &Arena, value: u64) -> &mut Line {
    arena.alloc(Line(value))
}

#[unsafe(no_mangle)]
pub fn probe_alloc_layout(arena: &Arena, layout: Layout) -> NonNull<u8> {
    arena.alloc_layout(layout)
}

#[unsafe(no_mangle)]
pub fn probe_try_alloc_u64(arena: &Arena, value: u64) -> Option<&mut u64> {
    arena.try_alloc(value).ok()
}

#[unsafe(no_mangle)]
pub fn probe_try_alloc_layout(arena: &Arena, layout: Layout) -> Option<NonNull<u8>> {
    arena.try_alloc_layout(layout).ok()
}

#[unsafe(no_mangle)]
pub fn probe_try_alloc_str<'a>(arena: &'a Arena, text: &str) -> Option<&'a mut str> {
    arena.try_alloc_str(text).ok()
}

#[unsafe(no_mangle)]
pub fn probe_try_alloc_slice_copy<'a>(arena: &'a Arena, items: &[u32]) -> Option<&'a mut [u32]> {
    arena.try_alloc_slice_copy(items).ok()
}

/// The control: the plain form panics when memory cannot be had, and the test must see that.
#[unsafe(no_mangle)]
pub fn probe_alloc_str<'a>(arena: &'a Arena, text: &str) -> &'a mut str {
    arena.alloc_str(text)
}
