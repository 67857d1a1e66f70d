//! Turning a box into one of a trait object keeps its lifetime.

fn shown() -> region::collections::Box<'static, dyn std::fmt::Display> {
    let arena = region::Arena::new();
    region::unsize_box!(region::collections::Box::new_in(1, &arena))
}

fn main() {
    println!("{}", shown());
}
