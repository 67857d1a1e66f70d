//! A program with std whose allocator is a heap of many threads: this one, its harness and threads among it.

#![cfg(feature = "os")]

use region::SyncHeap;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, mpsc};

#[global_allocator]
static HEAP: SyncHeap = SyncHeap::new();

/// A tree of boxes, as a parser without arenas makes it.
enum Json {
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Box<Json>>),
}

fn tree(depth: usize, seed: &mut u64) -> Json {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let width = (*seed >> 33) as usize % 6 + 1;
    match (*seed >> 40) % 4 {
        _ if depth == 0 => Json::Number(width as f64),
        0 => Json::Text("text ".repeat(width * width)),
        1 => Json::List((0..width).map(|_| tree(depth - 1, seed)).collect()),
        _ => Json::Object((0..width).map(|at| (format!("key {at}"), Box::new(tree(depth - 1, seed)))).collect()),
    }
}

fn weigh(json: &Json) -> usize {
    match json {
        Json::Number(number) => *number as usize,
        Json::Text(text) => text.split(' ').filter(|word| *word == "text").count(),
        Json::List(list) => list.iter().map(weigh).sum(),
        Json::Object(object) => object.iter().map(|(key, json)| key.len() + weigh(json)).sum(),
    }
}

#[test]
fn the_programs_own_values_are_in_the_heap() {
    let before = HEAP.stats();
    assert!(before.blocks > 10, "the harness's: {before}");
    let value = Box::new([7u8; 100_000]);
    assert!(HEAP.contains(std::ptr::NonNull::from(&*value).cast()));
}

#[test]
fn trees_are_made_in_some_threads_and_dropped_in_others() {
    let (rounds, depth) = if cfg!(miri) { (3, 3) } else { (60, 7) };
    let (sender, receiver) = mpsc::channel::<(usize, Json)>();
    let receiver = Arc::new(Mutex::new(receiver));
    std::thread::scope(|scope| {
        for number in 0..4 {
            let sender = sender.clone();
            scope.spawn(move || {
                for round in 0..rounds {
                    let mut seed = number * 1000 + round;
                    let tree = tree(depth, &mut seed);
                    sender.send((weigh(&tree), tree)).unwrap();
                }
            });
        }
        drop(sender);
        for _ in 0..2 {
            let receiver = receiver.clone();
            scope.spawn(move || {
                loop {
                    let Ok((weight, tree)) = receiver.lock().unwrap().recv() else { return };
                    assert_eq!(weigh(&tree), weight);
                }
            });
        }
    });
}

#[test]
fn collections_grow_and_shrink() {
    let rounds = if cfg!(miri) { 300 } else { 100_000 };
    let threads: Vec<_> = (0..3usize)
        .map(|number| {
            std::thread::spawn(move || {
                let (mut map, mut queue, mut row) = (HashMap::new(), VecDeque::new(), Vec::new());
                for at in 0..rounds {
                    map.insert(at, format!("{number}/{at}"));
                    queue.push_back(at);
                    row.extend_from_slice(&[at, number]);
                    if at % 3 == 0 {
                        let first: usize = queue.pop_front().unwrap();
                        assert_eq!(map.remove(&first).unwrap(), format!("{number}/{first}"));
                    }
                }
                row.truncate(rounds / 2);
                row.shrink_to_fit();
                assert!(row.chunks_exact(2).enumerate().all(|(at, pair)| pair == [at, number]));
                map.shrink_to_fit();
                (map.len(), queue.len())
            })
        })
        .collect();
    for thread in threads {
        let (map, queue) = thread.join().unwrap();
        assert_eq!((map, queue), (rounds - rounds.div_ceil(3), rounds - rounds.div_ceil(3)));
    }
}

#[test]
fn what_cannot_be_had_is_an_error_and_no_panic() {
    let mut row = Vec::<u8>::new();
    assert!(row.try_reserve_exact(isize::MAX as usize - 4096).is_err());
    row.push(1);
    assert_eq!(row, [1]);
}
