//! Values leave uninitialized padding behind, which `u8` may not be: plain bytes only when nobody gets them back.

fn main() {
    let mut bytes = [0u8; 64];
    let arena = region::Arena::from_buffer(&mut bytes[..]);
    arena.alloc((1u8, 2u32));
}
