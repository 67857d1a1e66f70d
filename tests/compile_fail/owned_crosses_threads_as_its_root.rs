//! An owner is sent if its root is, and shared if its root is: never with the arena itself in the root.

use region::{Arena, Owned};
use std::cell::Cell;
use std::rc::Rc;

region::root! { struct Counted = for<'a> Rc<&'a str>; }
region::root! { struct InArena = for<'a> &'a Arena; }
region::root! { struct InCell = for<'a> Cell<u32>; }

fn send<T: Send>(_: T) {}
fn share<T: Sync>(_: T) {}

fn main() {
    send(Owned::<Counted>::new(|_| Rc::new("")));
    send(Owned::<InArena>::new(|arena| arena));
    share(Owned::<InCell>::new(|_| Cell::new(1)));
}
