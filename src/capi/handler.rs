//! Where a panic would end in an archive that has no standard library.
//!
//! No function of the ABI panics (`.c.no-unwind`), and the language wants a handler all the same. Under
//! `--cfg region_panics` it needs a symbol that nobody has: an archive that asks for it has a path to a panic, which is
//! how the tests find that this one has none.

use core::panic::PanicInfo;

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    #[cfg(region_panics)]
    {
        unsafe extern "C" {
            fn region_panicked_() -> !;
        }
        // SAFETY: never called, since nothing that asks for the symbol can be linked.
        unsafe { region_panicked_() }
    }
    #[cfg(not(region_panics))]
    super::process::stop()
}
