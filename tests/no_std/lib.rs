//! A program's part without std: an arena in a buffer, and with a system one in mapped memory.

#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// A sum over a list in a buffer on the stack.
#[unsafe(no_mangle)]
pub extern "C" fn probe_buffer(n: u32) -> u32 {
    let mut memory = region::StackBuffer::<4096>::new();
    let arena = region::Arena::from_buffer(&mut memory);
    let rows = arena.try_alloc_slice_fill_iter((0..n).map(|i| i * i));
    rows.map_or(0, |rows| rows.iter().sum())
}

/// The lines of standard input, and as many bytes in an arena and a pool.
#[cfg(feature = "os")]
#[unsafe(no_mangle)]
pub extern "C" fn probe_system() -> usize {
    let arena = region::Arena::new();
    let Ok(input) = region::Input::read_stdin() else { return 0 };
    let Ok(pool) = region::PagePool::new(4096, 16) else { return 0 };
    let kept = arena.try_alloc_slice_copy(input.as_slice()).map_or(0, |bytes| bytes.len());
    input.lines().count() + kept + pool.take().map_or(0, |page| page.len())
}

/// Fills what the library keeps for new arenas: as many at once as it has places for, and more, each of them warm.
#[cfg(feature = "os")]
#[unsafe(no_mangle)]
pub extern "C" fn probe_cache() -> u32 {
    let arenas: [region::Arena; 40] = [const { region::Arena::new() }; 40];
    let filled = arenas.iter().all(|arena| {
        arena.try_alloc(1u8).is_ok() && arena.try_alloc_slice_fill_copy(1 << 20, 1u8).is_ok()
    });
    filled.into()
}

/// Vectors and text that grow, move, and are replaced in part.
#[cfg(feature = "collections")]
#[unsafe(no_mangle)]
pub extern "C" fn probe_collections(n: u32) -> usize {
    let mut memory = region::StackBuffer::<4096>::new();
    let arena = region::Arena::from_buffer(&mut memory);
    let mut row = region::collections::Vec::new_in(&arena);
    let Ok(mut text) = region::collections::String::try_from_fmt_in(format_args!("{n}"), &arena) else { return 0 };
    if row.try_extend(0..n).is_err() || text.try_push('x').is_err() {
        return 0;
    }
    drop(row.splice(..1, core::iter::repeat_n(7, 3)));
    row.push(1);
    row.into_iter().rev().count() + text.len()
}
