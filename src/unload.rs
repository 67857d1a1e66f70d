//! The block cache goes back to the system when the code that holds it is unloaded.
//!
//! A copy of this library in a shared library has a cache of its own. After `dlclose` nothing refers to its blocks, and
//! a program that loads and closes plugins would lose up to 64 MiB of RAM and the addresses of its blocks each time. Blocks
//! that arenas have are not touched: their owners free them. So the slots of blocks beyond the first 127 stay mapped too,
//! 128 bytes each: an arena that is still there would put its block into one.
//!
//! Nothing is done at a program's own end. Its RAM goes back anyway, and a program that forbade itself munmap(2) would
//! be killed. Works only on processors and systems that [`weak`](crate::weak) knows.

/// The loader calls the functions in this section when it unloads the library. The one with the lowest number is called
/// last, after the destructors of C and C++, which may still use arenas.
#[used]
#[unsafe(link_section = ".fini_array.00000")]
static AT_UNLOAD: extern "C" fn() = at_unload;

/// *Threads*: as `trim`. A block that an arena releases after this is kept as usual, and lost. Only code that is being
/// unloaded could still have an arena. (Turning the cache off would cost every arena a test.)
extern "C" fn at_unload() {
    if is_in_a_shared_library() {
        crate::arena::backing::trim();
    }
}

/// Whether this copy of the library is in a shared library, and not in the program.
fn is_in_a_shared_library() -> bool {
    /// An entry of a dynamic section, by `elf.h`: what it is, and its value.
    type Entry = [usize; 2];
    const END: usize = 0;
    /// The entry for a debugger's address, which linkers add to programs only.
    const DEBUG: usize = 21;
    let dynamic = crate::weak::address!("_DYNAMIC") as *const Entry;
    if dynamic.is_null() {
        // A program without a dynamic section is linked statically.
        return false;
    }
    let mut entry = dynamic;
    loop {
        // SAFETY: the linker defines `_DYNAMIC` as the start of the dynamic section of the program or library that this
        // code is linked into. It is an array of such entries, whose last one is END; none beyond that one is read.
        match unsafe { (*entry)[0] } {
            END => return true,
            DEBUG => return false,
            // SAFETY: the entry was not the last, so another follows it in the same array.
            _ => entry = unsafe { entry.add(1) },
        }
    }
}
