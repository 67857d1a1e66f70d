//! An adopted root lives as long as a value that is allocated in the arena, and no longer.

use region::{Arena, Owned};

region::root! { struct Text = for<'a> &'a str; }

fn make() -> Owned<Text> {
    Owned::new(|arena| &*arena.alloc_str("x"))
}

fn main() {
    let text = {
        let arena = Arena::new();
        arena.adopt(make())
    };
    println!("{text}");

    let mut arena = Arena::new();
    let text = arena.adopt(make());
    arena.reset();
    println!("{text}");

    let text = arena.scoped(|scope| scope.adopt(make()));
    println!("{text}");

    let owned = make();
    let text: &str = owned.get();
    arena.adopt(owned);
    println!("{text}");
}
