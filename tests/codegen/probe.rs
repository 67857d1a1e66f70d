//! Functions whose machine code `tests/codegen.rs` reads: each is one call of the library.
//!
//! Compiled by that test as a crate of its own, optimized as a user's release build is.

use region::Arena;
use region::cage::{Base, Box32, CageArena, Ref32};
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

region::cage! {
    /// Whose base is in its static.
    pub struct Ast;
}

region::cage! {
    /// Whose base is a constant.
    pub struct Fixed;
    at = 0x1000_0000_0000;
}

region::cage! {
    /// Whose links count more than an address scales by.
    pub struct Wide;
    shift = 4;
}

/// What the links are compared with.
#[unsafe(no_mangle)]
pub fn probe_follow_pointer(link: &&u64) -> u64 {
    **link
}

#[unsafe(no_mangle)]
pub fn probe_follow_link(link: &Ref32<'_, u64, Ast>) -> u64 {
    **link
}

#[unsafe(no_mangle)]
pub fn probe_follow_link_by_base(link: &Ref32<'_, u64, Ast>, base: Base<Ast>) -> u64 {
    *base.get(link)
}

#[unsafe(no_mangle)]
pub fn probe_follow_link_of_a_constant(link: &Ref32<'_, u64, Fixed>) -> u64 {
    **link
}

#[unsafe(no_mangle)]
pub fn probe_follow_link_of_16_bytes(link: &Ref32<'_, u64, Wide>) -> u64 {
    **link
}

/// Two links behind each other, and one beside: the base is loaded once.
#[unsafe(no_mangle)]
pub fn probe_follow_three(link: &Ref32<'_, (Ref32<'_, u64, Ast>, Ref32<'_, u64, Ast>), Ast>) -> u64 {
    *link.0 + *link.1
}

/// What a link in an arena is compared with.
#[unsafe(no_mangle)]
pub fn probe_put_pointer(arena: &CageArena<Ast>, value: u64) -> &mut u64 {
    arena.alloc(value)
}

#[unsafe(no_mangle)]
pub fn probe_put_link(arena: &CageArena<Ast>, value: u64) -> Box32<'_, u64, Ast> {
    Box32::new_in(value, arena)
}
