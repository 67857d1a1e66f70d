//! Allocation in shared memory, by one process and by two at once: the atomic bump against a bump under a
//! process-shared pthread mutex, and against an arena that nobody shares.
//!
//! Run with `cargo bench --bench shared`. All of them write 24-byte values into memory that was touched before
//! and is used again from its start, so that no page fault is timed. Processes are forked before the clock
//! starts and meet at a word of shared memory.

#[path = "support/mod.rs"]
mod support;

use region::shared::SharedRegion;
use region::{Arena, SharedArena};
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use support::{Cost, Duel, cost, escape};

type Node = [u64; 3];

/// Values that each process allocates in a run.
const EACH: u64 = 500_000;

/// Bytes for what two processes allocate in a run, and some.
const ROOM: usize = 32 << 20;

/// Where a shared arena keeps its cursor, in words of its memory, and what it holds when the arena is empty; and the slots
/// behind it, which are zero then. The bench rewinds it, which nothing but the only user of an arena may do.
const CURSOR: (usize, u64) = (8, 8 * 144);
const SLOTS: std::ops::Range<usize> = 16..144;

/// Touches every page for writing, so that this process has it mapped.
fn touch(region: &SharedRegion) {
    for word in region.words().iter().step_by(512) {
        word.fetch_add(0, Ordering::Relaxed);
    }
}

/// What an allocator does in each process: prepares, and gives the work that is timed.
type Worker<'a> = Box<dyn FnMut() + 'a>;

/// Times `processes` processes doing their work at once, from the common start to the last one's end.
fn together<'a>(processes: usize, prepare: impl Fn() -> Worker<'a>) -> Cost {
    let meeting = SharedRegion::anonymous(4096).unwrap();
    let [ready, go, done, ..] = meeting.words() else { unreachable!() };
    let wait_for = |word: &AtomicU64, value: u64| {
        while word.load(Ordering::Acquire) < value {
            std::hint::spin_loop();
        }
    };
    let others = processes as u64 - 1;
    let children: Vec<_> = (0..others)
        .map(|_| {
            // SAFETY: this process has one thread; the child leaves by `_exit`.
            match unsafe { libc::fork() } {
                0 => {
                    let mut work = prepare();
                    ready.fetch_add(1, Ordering::Release);
                    wait_for(go, 1);
                    work();
                    done.fetch_add(1, Ordering::Release);
                    // SAFETY: ends the child without running anything of the parent's.
                    unsafe { libc::_exit(0) }
                }
                child => child,
            }
        })
        .collect();
    let mut work = prepare();
    wait_for(ready, others);
    let cost = cost(|| {
        go.store(1, Ordering::Release);
        work();
        wait_for(done, others);
    });
    drop(work);
    for child in children {
        // SAFETY: waits for a child of this process, and writes nothing.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    }
    cost
}

/// A bump under a lock, as one would write it with pthreads.
#[repr(C)]
struct Locked {
    lock: UnsafeCell<libc::pthread_mutex_t>,
    cursor: UnsafeCell<usize>,
}

impl Locked {
    fn make(region: &SharedRegion) -> &Locked {
        // SAFETY: the region is zeroed and large enough, nobody else has it yet, and the attributes live until
        // the mutex is made.
        unsafe {
            let locked = region.as_ptr().cast::<Locked>();
            let mut attributes = std::mem::zeroed();
            assert_eq!(libc::pthread_mutexattr_init(&mut attributes), 0);
            assert_eq!(libc::pthread_mutexattr_setpshared(&mut attributes, libc::PTHREAD_PROCESS_SHARED), 0);
            assert_eq!(libc::pthread_mutex_init((*locked).lock.get(), &attributes), 0);
            &*locked
        }
    }

    fn alloc(&self, base: *mut u8, size: usize) -> Option<*mut u8> {
        // SAFETY: the mutex was made by `make`, and the cursor is touched by its holder alone.
        unsafe {
            libc::pthread_mutex_lock(self.lock.get());
            let at = *self.cursor.get();
            let room = ROOM - at >= size;
            if room {
                *self.cursor.get() = at + size;
            }
            libc::pthread_mutex_unlock(self.lock.get());
            room.then(|| base.add(at))
        }
    }
}

fn main() {
    let shared = SharedArena::new(ROOM).unwrap();
    touch(shared.region());
    let values = SharedRegion::anonymous(ROOM).unwrap();
    touch(&values);
    let state = SharedRegion::anonymous(4096).unwrap();
    let locked = Locked::make(&state);

    for processes in [1, 2] {
        let shared_arena = || -> Worker<'_> {
            touch(shared.region());
            Box::new(|| {
                for i in 0..EACH {
                    escape(&black_box(shared.alloc([i; 3] as Node).unwrap()));
                }
            })
        };
        let mutex = || -> Worker<'_> {
            touch(&values);
            Box::new(|| {
                let base = values.as_ptr();
                for i in 0..EACH {
                    let place = locked.alloc(base, size_of::<Node>()).unwrap().cast::<Node>();
                    // SAFETY: the lock gave these bytes to this caller alone, aligned to a word.
                    unsafe { place.write([i; 3]) };
                    escape(place);
                }
            })
        };
        let private = || -> Worker<'static> {
            let mut arena = Arena::new();
            for i in 0..EACH {
                arena.alloc([i; 3] as Node);
            }
            arena.reset();
            Box::new(move || {
                for i in 0..EACH {
                    escape(arena.alloc([i; 3] as Node));
                }
            })
        };
        Duel::new(format!("24 bytes, {processes} process(es) at once"), EACH * processes as u64, 21)
            .add_costed("region::SharedArena", || {
                let words = shared.region().words();
                words[CURSOR.0].store(CURSOR.1, Ordering::Relaxed);
                words[SLOTS].iter().for_each(|slot| slot.store(0, Ordering::Relaxed));
                together(processes, shared_arena)
            })
            .add_costed("mutex + bump", || {
                // SAFETY: no other process is about between two runs.
                unsafe { *locked.cursor.get() = 0 };
                together(processes, mutex)
            })
            .add_costed("region::Arena, one each", || together(processes, private))
            .run();
    }
}
