//! The panic handler of an archive that has no standard library.
//!
//! No function of the ABI panics (`.c.no-unwind`), but the language requires a handler. Under `--cfg region_panics` it
//! needs a symbol that does not exist. An archive that needs this symbol has a path to a panic: so the tests find that
//! this one has none.

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
    crate::stop::stop()
}
