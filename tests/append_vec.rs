//! Vectors that grow while other threads read them: what loom models in the small (src/rows/models.rs), run in the
//! large, and under ThreadSanitizer (.ci/tsan).
#![cfg(all(feature = "os", not(miri), not(loom)))]

use region::AppendVec;
use region::typed::Reader;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long each test runs: a second, or as many as REGION_STRESS_SECONDS says.
fn stress_time() -> Duration {
    let seconds = std::env::var("REGION_STRESS_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

/// A value that shows its number, and whether all of it was written.
type Value = [usize; 3];

fn value(number: usize) -> Value {
    [number, !number, number]
}

/// Follows a vector to its `count`th value.
fn follow(reader: Reader<'_, Value>, count: usize) {
    let mut next = 0;
    while next < count {
        let seen = reader.as_slice();
        assert!(seen.len() >= next, "a count fell");
        for (number, seen) in seen.iter().enumerate().skip(next) {
            assert_eq!(*seen, value(number), "a value was seen before it was written");
        }
        next = seen.len();
        std::thread::yield_now();
    }
}

/// Appends `count` values, in all the ways in turn.
fn append(values: &AppendVec<Value>, count: usize) {
    let end = values.len() + count;
    let mut way = 0;
    while values.len() < end {
        let (next, left) = (values.len(), end - values.len());
        match way % 4 {
            1 if left >= 2 => _ = values.extend_from_slice(&[next, next + 1].map(value)),
            2 if left >= 2 => _ = values.extend((next..next + 2).map(value)),
            // What comes from within goes below what is being collected, which moves for it.
            3 if left >= 4 => {
                values.extend((next..next + 2).map(|number| {
                    values.push(value(number));
                    value(number + 2)
                }));
            }
            _ => _ = values.push(value(next)),
        }
        way += 1;
    }
}

#[test]
fn readers_see_whole_what_is_pushed_copied_and_collected() {
    const COUNT: usize = 4_000;
    let (until, mut rounds) = (Instant::now() + stress_time(), 0);
    while rounds == 0 || Instant::now() < until {
        // First appended to by the thread that made it, then by another.
        let mut values = AppendVec::new();
        std::thread::scope(|scope| {
            let reader = values.reader();
            (0..2).for_each(|_| _ = scope.spawn(move || follow(reader, COUNT)));
            append(&values, COUNT);
        });
        values = std::thread::spawn(move || {
            std::thread::scope(|scope| {
                let reader = values.reader();
                scope.spawn(move || follow(reader, 2 * COUNT));
                append(&values, COUNT);
            });
            values
        })
        .join()
        .unwrap();
        assert_eq!(values.len(), 2 * COUNT);
        rounds += 1;
    }
    println!("{rounds} vectors");
}

/// Vectors come and go in regions that others kept for them.
#[test]
fn vectors_of_many_threads_have_their_memory_alone() {
    let (until, lives) = (Instant::now() + stress_time(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for id in 0..4 {
            let lives = &lives;
            scope.spawn(move || {
                while Instant::now() < until {
                    for life in 0..50 {
                        let values = AppendVec::new();
                        let first = id * 1_000_000;
                        (first..first + 200).for_each(|number| _ = values.push(value(number)));
                        assert!(values.iter().copied().eq((first..first + 200).map(value)), "a row has two users");
                        if id == 0 && life == 0 {
                            region::trim();
                        }
                    }
                    lives.fetch_add(50, Ordering::Relaxed);
                }
            });
        }
    });
    println!("{} lives", lives.into_inner());
}
