//! What was read of an owner ends when it is changed, mapped, taken apart or dropped.

use region::Owned;

region::root! { struct Text = for<'a> &'a str; }

fn make() -> Owned<Text> {
    Owned::new(|arena| &*arena.alloc_str("x"))
}

fn main() {
    let mut owned = make();
    let text: &str = owned.get();
    owned.with_mut(|root, _| *root = "");
    println!("{text}");

    let text: &str = owned.get();
    let owned = owned.map::<Text>(|root, _| root);
    println!("{text}");

    let text: &str = owned.get();
    drop(owned);
    println!("{text}");

    let owned = make();
    let text: &'static str = owned.get();
    println!("{text}");
    let arena = owned.into_arena();
    println!("{}", arena.used());
}
