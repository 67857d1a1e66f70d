//! A program without a system: arenas, heaps and rows of values in the bytes of statics, on a Cortex-M4.
//!
//! It prints and ends by semihosting, calls that qemu answers: status 0 when all was right, 1 after a panic.

#![no_std]
#![no_main]

use core::alloc::Layout;
use core::arch::asm;
use core::fmt::{self, Write};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use region::backing::Buffer;
use region::collections::{Box, String, Vec};
use region::heap::FreeError;
use region::{AppendVec, Arena, Heap, StackBuffer, StaticBuffer, TypedArena};

const STACK: *const u32 = (0x2000_0000 + (4 << 20)) as *const u32;

#[repr(C)]
struct Vectors {
    stack: *const u32,
    start: extern "C" fn() -> !,
    faults: [extern "C" fn() -> !; 5],
}

// SAFETY: nothing writes to the table or through its pointer.
unsafe impl Sync for Vectors {}

#[unsafe(link_section = ".vectors")]
#[used]
static VECTORS: Vectors = Vectors { stack: STACK, start, faults: [fault; 5] };

/// A semihosting call.
fn ask(call: u32, argument: usize) {
    // SAFETY: qemu reads what the argument points to, as `call` has it, and changes the first register alone.
    unsafe { asm!("bkpt 0xab", inout("r0") call => _, in("r1") argument) };
}

/// SYS_EXIT_EXTENDED: that the program ended by itself, with this status.
fn exit(status: usize) -> ! {
    let reason = [0x2_0026, status];
    ask(0x20, reason.as_ptr().addr());
    loop {}
}

/// The console.
struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.as_bytes().chunks(63) {
            // SYS_WRITE0 ends at a zero.
            let mut bytes = [0; 64];
            bytes[..part.len()].copy_from_slice(part);
            ask(0x04, bytes.as_ptr().addr());
        }
        Ok(())
    }
}

macro_rules! say {
    ($($text:tt)*) => { let _ = writeln!(Console, $($text)*); };
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    say!("{info}");
    exit(1)
}

extern "C" fn fault() -> ! {
    say!("the processor found a fault");
    exit(2)
}

extern "C" fn start() -> ! {
    arenas();
    heaps();
    rows();
    say!("all is right");
    exit(0)
}

fn arenas() {
    static MEMORY: StaticBuffer<16384> = StaticBuffer::new();
    let mut arena: Arena<8, _> = Arena::from_buffer(MEMORY.take().unwrap());
    assert!(MEMORY.take().is_none());
    for round in 0..3u32 {
        let numbers = arena.alloc_slice_fill_iter(0..100u32);
        let text = region::format!(in &arena, "round {round}");
        let mut list: Vec<Box<u32>, _> = Vec::new_in(&arena);
        for number in numbers.iter() {
            list.push(Box::new_in(*number, &arena));
        }
        assert_eq!(list.iter().map(|number| **number).sum::<u32>(), 4950);
        assert_eq!(text.strip_prefix("round ").and_then(|number| number.parse().ok()), Some(round));
        let line = arena.alloc_layout(Layout::from_size_align(100, 64).unwrap());
        assert_eq!(line.addr().get() % 64, 0);
        assert!(arena.alloc_slice_zeroed::<u64>(64).iter().all(|&word| word == 0));
        drop((list, text));
        arena.scoped(|scope| assert_eq!(scope.alloc_str("of a stage"), "of a stage"));
        arena.reset();
    }
    let kept = arena.alloc(7u64);
    let error = arena.try_alloc_slice_fill_copy(20_000, 1u8).unwrap_err();
    say!("{error}");
    assert!(arena.try_alloc_layout(Layout::from_size_align(1 << 30, 1 << 20).unwrap()).is_err());
    assert_eq!((*kept, *arena.alloc(8u64)), (7, 8));

    let mut stack = StackBuffer::<256>::new();
    let small = Arena::<1, Buffer<'_>>::new_in(Buffer::from(&mut stack));
    let mut name = String::new_in(&small);
    for _ in 0..20 {
        name.push_str("name ");
    }
    assert_eq!(name.len(), 100);
}

fn heaps() {
    static MEMORY: StaticBuffer<262144> = StaticBuffer::new();
    let mut heap = Heap::from_buffer(MEMORY.take().unwrap());
    for _ in 0..3 {
        let mut blocks: [Option<NonNull<u8>>; 200] = [None; 200];
        let mut seed = 12345u32;
        for _ in 0..5000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let slot = &mut blocks[(seed >> 8) as usize % 200];
            match slot.take() {
                // SAFETY: the block is of this heap, has at least one byte, and is freed here alone.
                Some(block) => unsafe {
                    assert_eq!(*block.as_ptr(), (block.addr().get() >> 4) as u8);
                    heap.free(block);
                    assert!(heap.try_free(block).is_err());
                },
                None => {
                    let layout = Layout::from_size_align(1 + (seed >> 20) as usize % 600, 16).unwrap();
                    let Ok(block) = heap.try_alloc_layout(layout) else { continue };
                    // SAFETY: the block has at least one byte, and nobody else has it.
                    unsafe { *block.as_ptr() = (block.addr().get() >> 4) as u8 };
                    *slot = Some(block);
                }
            }
        }
        assert!(blocks.iter().flatten().count() > 50, "{:?}", heap.stats());
        heap.clear();
    }
    // SAFETY: the pointer is of no heap, and is refused.
    assert_eq!(unsafe { heap.try_free(NonNull::from(&0u8)) }, Err(FreeError::Foreign));
    let error = heap.try_alloc_layout(Layout::from_size_align(1 << 20, 8).unwrap()).unwrap_err();
    say!("{error}");
}

fn rows() {
    static ROWS: StaticBuffer<4096> = StaticBuffer::new();
    let rows: AppendVec<u32, _> = AppendVec::from_buffer(ROWS.take().unwrap());
    let first = rows.push_id(1);
    while rows.try_push(2).is_ok() {}
    assert_eq!((rows[first], rows.len()), (1, 1024));

    struct Counted<'a>(&'a core::cell::Cell<u32>);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let dropped = core::cell::Cell::new(0);
    let mut memory = [const { MaybeUninit::<u8>::uninit() }; 512];
    let values = TypedArena::from_buffer(&mut memory[..]);
    for _ in 0..10 {
        values.alloc(Counted(&dropped));
    }
    drop(values);
    assert_eq!(dropped.get(), 10);
}
