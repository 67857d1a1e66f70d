//! The compiler says what makes a name for a root.

use region::Owned;

fn main() {
    let _: Owned<u32> = Owned::new(|_| 1);
}
