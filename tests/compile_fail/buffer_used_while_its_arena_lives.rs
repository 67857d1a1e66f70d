//! A buffer belongs to the arena for as long as that lives.

fn main() {
    let mut memory = region::StackBuffer::<64>::new();
    let first = region::Arena::from_buffer(&mut memory);
    let second = region::Arena::from_buffer(&mut memory);
    first.alloc(1u32);
    second.alloc(2u32);
}
