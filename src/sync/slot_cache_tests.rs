//! Tests of the slot cache by threads. Its models are in `slot_cache_models`.

use super::*;
use std::sync::mpsc;

/// A thread that makes what another ends takes the slots that the other leaves.
#[test]
fn slots_that_one_thread_leaves_serve_another() {
    static CACHE: SlotCache<u8, 1, 0> = SlotCache::new();
    let (send, receive) = mpsc::sync_channel::<&Entry<u8>>(1);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // SAFETY: the other thread took the slots and uses them no more.
            receive.iter().for_each(|slot| unsafe { CACHE.leave(slot) });
        });
        for round in 0..20 * CHUNK {
            let slot = CACHE.take_empty();
            send.send(slot.unwrap_or_else(|| panic!("round {round}: no slot is left"))).unwrap();
        }
        drop(send);
    });
    assert_eq!(CACHE.counts(), (0, 0, 0));
}

/// What is in no list, as threads met in a magazine, is found by the search.
#[test]
fn a_thing_in_no_list_is_found() {
    static CACHE: SlotCache<usize, 1, 0> = SlotCache::new();
    let slots: std::vec::Vec<_> = (0..100).map_while(|_| CACHE.take_empty()).collect();
    for (thing, slot) in slots.iter().enumerate() {
        // SAFETY: the slots were taken here, and are used no more once they are put.
        unsafe {
            CACHE.fill(slot, thing);
            CACHE.put(slot, 0, 0, |_| ());
        }
    }
    CACHE.magazines.iter().for_each(|magazine| magazine.full[0].store(null_mut(), Ordering::Relaxed));
    assert!(CACHE.take(0).is_none());
    let mut found: std::vec::Vec<usize> =
        (0..10 * slots.len()).filter_map(|_| CACHE.take_elsewhere(0)).map(|claim| claim.thing).collect();
    found.sort_unstable();
    assert!(found.into_iter().eq(0..slots.len()));
}
