//! Nobody drops the values of an opened tree.

use region::cage::Saved;

region::cage! { struct Ast; }

region::savable! {
    in Ast;
    struct Loud { number: u32 }
}

impl Drop for Loud {
    fn drop(&mut self) {
        println!("{}", self.number);
    }
}

region::root! { struct Root = for<'a> Loud; }

fn main() {
    let _ = Saved::<Root, Ast>::image(&Loud { number: 1 });
}
