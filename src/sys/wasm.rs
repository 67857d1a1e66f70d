//! WebAssembly's only call for memory: `memory.grow`.
//!
//! Memory that was grown is zero, and never goes back to the host. What is done with it is for `arena::backing::linear`.

use core::ptr::NonNull;

/// Bytes of a page of WebAssembly, the unit in which its memory grows.
pub(crate) const PAGE: usize = 64 << 10;

/// Grows the memory by so many bytes, a multiple of a page; the first of them, which are the caller's alone. They are
/// zero. `None`: the module's or the host's limit refuses.
pub(crate) fn grow(bytes: usize) -> Option<NonNull<u8>> {
    debug_assert!(bytes % PAGE == 0);
    #[cfg(target_arch = "wasm32")]
    let before = core::arch::wasm32::memory_grow(0, bytes / PAGE);
    #[cfg(target_arch = "wasm64")]
    let before = core::arch::wasm64::memory_grow(0, bytes / PAGE);
    // All ones is a refusal: no memory has so many pages.
    if before == usize::MAX {
        return None;
    }
    // The last page of all addresses ends where no address is, and an object may not: it is lost.
    if before.checked_add(bytes / PAGE)?.checked_mul(PAGE).is_none() {
        return None;
    }
    // The new memory is what the program calls its memory from here on, so its addresses are exposed.
    NonNull::new(core::ptr::with_exposed_provenance_mut(before * PAGE))
}
