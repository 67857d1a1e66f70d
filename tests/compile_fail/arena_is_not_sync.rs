//! An arena is used by one thread at a time.

fn shared_by_threads<T: Sync>(_: &T) {}

fn main() {
    shared_by_threads(&region::Arena::new());
}
