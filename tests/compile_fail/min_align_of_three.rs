//! The least alignment is a power of two.

fn main() {
    region::Arena::<3>::with_min_align().alloc(1u32);
}
