//! `shareable!` counts the fields that are there: what a `cfg` takes out does not fill padding.

region::shareable! {
    struct Named { byte: u8, #[cfg(any())] filler: [u8; 7], word: u64 }
}

region::shareable! {
    struct NamedAsAnother {
        byte: u8,
        #[cfg(any())] byte: u16,
        #[cfg(any())] byte: u8,
        #[cfg(any())] byte: u32,
        word: u64,
    }
}

region::shareable! {
    struct NamedAsItself {
        word: u64,
        byte: u16,
        #[cfg(any())] byte: u16,
        #[cfg(any())] byte: u16,
        #[cfg(any())] byte: u16,
    }
}

fn main() {}
