//! The macro chooses the layout, and sees all fields.

region::cage! { struct Ast; }

region::savable! {
    in Ast;
    #[repr(C)]
    enum Shape { Square(u8), Circle(u32) }

    #[cfg_attr(all(), repr(packed))]
    struct Packed { byte: u8, word: u32 }

    struct Less { byte: u8, #[cfg(any())] word: u32 }
}

fn main() {}
