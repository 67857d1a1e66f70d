//! Neither an arena of another cage nor one of no cage can hold what a link leads to.

use region::Arena;
use region::cage::{Box32, Cage, Ref32, Str32, Vec32};

region::cage! {
    struct Ast;
}

region::cage! {
    struct Types;
}

fn main() {
    let (types, plain) = (Types::arena(), Arena::new());
    Box32::<_, Ast>::new_in(7, &types);
    Str32::<Ast>::new_in("text", &plain);
    Vec32::<u32, Ast>::new().push(1, &types);
    let link: Ref32<u32, Types> = Ref32::new_in(7, &types);
    let _: Ref32<u32, Ast> = link;
}
