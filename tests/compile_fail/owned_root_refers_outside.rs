//! A root refers to nothing outside of its arena that could end before it, nor to what another owner has.

use region::Owned;

region::root! { struct Text = for<'a> &'a str; }

fn made_of<'t>(text: &'t str) -> Owned<Text> {
    Owned::new(|_| text)
}

fn changed_to(owned: &mut Owned<Text>, text: &str) {
    owned.with_mut(|root, _| *root = text);
}

fn mapped_to(owned: Owned<Text>, other: &Owned<Text>) -> Owned<Text> {
    owned.map(|_, _| *other.get())
}

fn main() {
    let mut owned = made_of("x");
    changed_to(&mut owned, "y");
    mapped_to(owned, &made_of("z"));
}
