//! `unsize_box!` coerces; it does not cast.

fn main() {
    let arena = region::Arena::new();
    let _: region::collections::Box<[u8]> = region::unsize_box!(region::collections::Box::new_in([1u16; 2], &arena));
}
