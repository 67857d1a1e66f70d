//! The global allocator's backing needs the feature `alloc`.

fn main() {
    let arena = region::Arena::<8, _>::new_in(region::backing::Global);
}
