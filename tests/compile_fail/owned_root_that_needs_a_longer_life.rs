//! As ouroboros' issue 42: a type that is only valid for longer lifetimes would let a closure conclude that its own is as
//! long.

region::root! { struct Forever = for<'a> &'static &'a str; }
region::root! { struct Bounded = for<'a> Longer<'a>; }

struct Longer<'a>(&'a str)
where
    'a: 'static;

fn main() {
    let _ = Longer("").0;
}
