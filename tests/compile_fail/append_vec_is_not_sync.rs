// A program that borrows a vector while others push: one thread appends, the others have readers.

fn shared_by_threads<T: Sync>(_: &T) {}

fn main() {
    shared_by_threads(&region::AppendVec::from_iter([1u32]));
    shared_by_threads(&region::TypedArena::from_iter([1u32]));
}
