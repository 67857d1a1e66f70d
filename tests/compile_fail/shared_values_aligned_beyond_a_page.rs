//! Shared memory is mapped at any page, so what is aligned beyond the smallest cannot be referred to there.

region::shareable! {
    #[repr(align(8192))]
    struct Wide { words: [u64; 1024] }
}

region::concurrent! {
    #[repr(align(8192))]
    struct Empty {}
}

region::concurrent! {
    #[repr(align(4096))]
    struct AsMuchAsThereIs { words: [std::sync::atomic::AtomicU64; 512] }
}

fn main() {}
