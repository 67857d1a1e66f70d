//! The roots of two owners are not exchanged: each refers into its own arena.

use region::Owned;

region::root! { struct Text = for<'a> &'a str; }

fn main() {
    let mut one: Owned<Text> = Owned::new(|_| "one");
    let mut two: Owned<Text> = Owned::new(|_| "two");
    one.with_mut(|one, _| two.with_mut(|two, _| std::mem::swap(one, two)));
    one.with_mut(|one, _| two.with_mut(|_, arena| *one = arena.alloc_str("of two")));
}
