//! Options are checked when the program is compiled.

use region::cage::Cage;

region::cage! {
    struct Wide;
    shift = 13;
}

region::cage! {
    struct Crooked;
    at = 0x1234_5678;
}

fn main() {
    Wide::arena();
    Crooked::arena();
}
