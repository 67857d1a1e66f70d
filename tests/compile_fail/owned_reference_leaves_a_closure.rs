//! Neither a reference into an owner's arena nor the arena leaves the closure that makes the root: not by a variable, not
//! as an error, and not as what a change returns.

use region::{Arena, Owned};

region::root! { struct Text = for<'a> &'a str; }

fn main() {
    let mut leaked: Option<&str> = None;
    let mut owned: Owned<Text> = Owned::new(|arena| {
        leaked = Some(arena.alloc_str("x"));
        ""
    });

    let mut arena: Option<&Arena> = None;
    owned.with_mut(|_, it| arena = Some(it));

    let error = Owned::<Text>::try_new(|arena| Err(&*arena.alloc_str("x")));
    let returned = owned.with_mut(|root, _| *root);
    let mapped = owned.try_map::<Text, _>(|root, _| Err(root));
}
