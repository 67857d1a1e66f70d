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
