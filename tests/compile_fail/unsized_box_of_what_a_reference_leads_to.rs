//! `unsize_box!` does not go through a reference: what it leads to is another's to drop.

fn main() {
    let mut owner = std::rc::Rc::new("dropped once");
    let arena = region::Arena::new();
    let _: region::collections::Box<std::rc::Rc<&str>> = region::unsize_box!(region::collections::Box::new_in(&mut owner, &arena));
}
