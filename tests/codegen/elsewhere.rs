//! What `tests/codegen.rs` reads for other processors: without std, so that their core library is all that it takes.

#![no_std]

use region::Arena;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(no_mangle)]
pub fn probe_alloc_u64(arena: &Arena, value: u64) -> &mut u64 {
    arena.alloc(value)
}
