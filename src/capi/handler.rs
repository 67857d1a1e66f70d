//! Where a panic would end in an archive that has no standard library.
//!
//! No function of the ABI panics (`.c.no-unwind`): the tests look for panic paths among the archive's symbols and
//! find none. The language wants a handler all the same.

use core::panic::PanicInfo;

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    super::process::stop()
}
