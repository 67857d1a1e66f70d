//! Runs all of `lib.rs` and `system.rs`, and threads with arenas of their own.

mod system;

use elsewhere::*;
use region::{Arena, SyncHeap};

/// The program's allocator, with threads that free each other's blocks.
#[global_allocator]
static HEAP: SyncHeap = SyncHeap::new();

fn main() {
    if let [_, _, how] = &std::env::args().collect::<Vec<_>>()[..] {
        return system::say_stdin(how);
    }
    system::typed_buffers();
    system::pools();
    system::regions();
    system::files();
    system::streams();
    assert_eq!(lives(1, 10), 45);
    lives(1000, 10_000);
    // Past the first reservation, which is committed step by step.
    assert_eq!(lives(1, 2_000_000), (0..2_000_000).sum::<u64>());
    assert_eq!(beside_the_standard_allocator(), 400);
    assert_eq!(all_kinds(), 3);
    assert!(beginnings_and_resets() > 0);
    assert!(refused() > 40);
    assert_eq!(typed_rows(), 1000);
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            scope.spawn(move || {
                for round in 0..200u64 {
                    let arena = Arena::new();
                    let values: Vec<&u64> = (0..500).map(|at| &*arena.alloc(thread << 32 | round << 16 | at)).collect();
                    assert!(values.iter().zip(0..).all(|(value, at)| **value == (thread << 32 | round << 16 | at)));
                }
            });
        }
    });
    let (sender, receiver) = std::sync::mpsc::channel::<Vec<u64>>();
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let sender = sender.clone();
            scope.spawn(move || (0..2000).for_each(|round| sender.send(vec![thread; round % 300]).unwrap()));
        }
        drop(sender);
        scope.spawn(move || {
            receiver.iter().for_each(|values| assert!(values.windows(2).all(|pair| pair[0] == pair[1])))
        });
    });
    let kept = std::hint::black_box(vec![1u8; 1000]);
    assert!(HEAP.contains(std::ptr::NonNull::from(&kept[0])) && HEAP.stats().blocks > 0);
    println!("{}: all programs ran", std::env::consts::OS);
}
