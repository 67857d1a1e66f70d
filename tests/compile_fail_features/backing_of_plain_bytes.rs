//! Bytes are a buffer, and no backing by themselves.

fn main() {
    let arena = region::Arena::<8, _>::new_in([0u8; 64]);
}
