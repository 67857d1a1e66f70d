//! A life that fills an arena with a linked list: the same for `fresh` and `again`.

#![allow(unused_macros, unused_imports, dead_code)] // other benches have no lists

/// A node of a linked list, 24 bytes, so that no vector is needed beside the nodes.
pub struct Node<'a> {
    pub next: Option<&'a Node<'a>>,
    pub key: u64,
    pub value: u64,
}

const _: () = assert!(size_of::<Node>() == 24);

/// Defines a candidate: a function that makes an arena, fills it with a list of so many nodes, and drops it.
macro_rules! list_life {
    ($name:ident($($parameter:ident: usize)?) of $nodes:expr, $make:expr, |$arena:ident, $node:ident| $alloc:expr) => {
        #[inline(never)]
        fn $name($($parameter: usize)?) {
            let $arena = $make;
            let mut next: Option<&$crate::support::list::Node> = None;
            for key in 0..$nodes as u64 {
                let $node = $crate::support::list::Node { next, key, value: key };
                let node: &$crate::support::list::Node = $alloc;
                $crate::support::escape(node);
                next = Some(node);
            }
            std::hint::black_box(next);
        }
    };
}

pub(crate) use list_life as life;
