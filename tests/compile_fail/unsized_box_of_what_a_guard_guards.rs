//! `unsize_box!` does not go through `Deref`: the guarded value is the mutex's to drop.

fn main() {
    let mutex = std::sync::Mutex::new(std::rc::Rc::new("dropped once"));
    let arena = region::Arena::new();
    let _: region::collections::Box<std::rc::Rc<&str>> = region::unsize_box!(region::collections::Box::new_in(mutex.lock().unwrap(), &arena));
}
