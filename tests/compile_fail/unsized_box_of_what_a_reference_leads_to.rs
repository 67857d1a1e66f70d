//! `unsize_box!` does not go through a reference: what it leads to is another's to drop.

fn main() {
    let mut owner = String::from("dropped once");
    let arena = region::Arena::new();
    let _: region::Box<String> = region::unsize_box!(region::Box::new_in(&mut owner, &arena));
}
