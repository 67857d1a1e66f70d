//! As RUSTSEC-2023-0070 (self_cell): the lifetime of a trait object in a cell is not shortened, though a trait object
//! that stands by itself is, by a coercion and not as a subtype.

use std::cell::{Cell, RefCell};
use std::fmt::Display;

trait Visits<'a> {
    fn visit(&self, name: &'a str);
}

region::root! { struct InCell = for<'a> RefCell<Box<dyn Display + 'a>>; }
region::root! { struct Behind = for<'a> &'a Cell<Box<dyn Display + 'a>>; }
region::root! { struct Named = for<'a> Box<dyn Visits<'a>>; }

fn main() {}
