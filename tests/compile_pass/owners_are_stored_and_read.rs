//! An owner stands in structs without a lifetime, in statics and in generic code, and its root holds all that is covariant.

use region::arena::Root;
use region::collections::Box;
use region::{Arena, Owned};
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::OnceLock;

/// Everything that a tree is usually made of. Cells are no obstacle if no reference of this lifetime is in them.
struct Tree<'a> {
    name: &'a str,
    kids: &'a [Tree<'a>],
    boxed: Option<Box<'a, Tree<'a>>>,
    text: Cow<'a, str>,
    number: Cell<u32>,
    show: Option<&'a (dyn Fn() -> u32 + Sync + 'a)>,
    forever: &'static str,
}

mod names {
    region::root! {
        /// With an attribute, and a visibility.
        #[derive(Debug)]
        pub(crate) struct Trees = for<'arena> super::Tree<'arena>;
    }
    region::root! { pub struct Pair = for<'a> (&'a str, Option<&'a [u8]>); }
}

struct Document {
    title: String,
    tree: Owned<names::Trees>,
}

static PAIR: OnceLock<Owned<names::Pair>> = OnceLock::new();

/// What is read has the lifetime of the borrow, and no longer one.
fn longest<'short>(document: &'short Document, other: &'short str) -> &'short str {
    let tree: &'short Tree<'short> = document.tree.get();
    if tree.name.len() > other.len() { tree.name } else { other }
}

fn build<R: Root>(make: impl for<'a> FnOnce(&'a Arena) -> R::Of<'a>) -> std::boxed::Box<Owned<R>> {
    std::boxed::Box::new(Owned::new(make))
}

fn tree<'a>(arena: &'a Arena, name: &str) -> Tree<'a> {
    let text = Cow::Borrowed(&*arena.alloc_str(name));
    let name = arena.alloc_str(name);
    Tree { name, kids: &[], boxed: None, text, number: Cell::new(0), show: None, forever: "" }
}

fn main() {
    let mut document = Document { title: "x".into(), tree: *build(|arena| tree(arena, "root")) };
    document.tree.with_mut(|root, arena| {
        root.kids = arena.alloc_slice_fill_with(2, |_| tree(arena, "kid"));
        root.boxed = Some(Box::new_in(tree(arena, "boxed"), arena));
        root.show = Some(arena.alloc(|| 7));
    });
    document.tree.get().number.set(3);
    assert_eq!(longest(&document, &document.title), "root");
    let root = document.tree.get();
    assert_eq!((root.kids[1].name, root.boxed.as_ref().unwrap().text.as_ref()), ("kid", "boxed"));
    assert_eq!(root.show.unwrap()() + root.number.get() + root.forever.len() as u32, 10);
    let pair = PAIR.get_or_init(|| Owned::new(|arena| (&*arena.alloc_str("x"), None)));
    let forever: &'static str = pair.get().0;
    assert_eq!(forever, "x");
}
