//! Vectors and text without a pointer to their arena: what trees are made of.
//!
//! | you have | you take | bytes |
//! |---|---|---|
//! | a list that grows, often read | [`Vec`] | 16 |
//! | a list that is often empty or seldom read | [`ThinVec`]: its length lies in the arena | 8 |
//! | a list that is complete | `&'a [T]`, [`ThinSlice`] | 16, 8 |
//! | text that grows | [`String`], [`ThinString`] | 16, 8 |
//! | text that is complete | `&'a str`, [`ThinStr`] | 16, 8 |
//! | many changes in one place; `Extend`, `fmt::Write` | [`WithArena`] | |
//!
//! The vectors and texts of [`collections`](super) have 32 bytes, since they know their arena. These do not, and are
//! given it with each call that may need memory: `list.push(value, &arena)`. So a node is smaller; a tree is `Send` and
//! `Sync` if its values are; and a node without a destructor may be part of a cycle.
//!
//! ```
//! use region::Arena;
//! use region::collections::unmanaged::{String, ThinVec, Vec};
//!
//! struct Node<'a> { name: String<'a>, parents: ThinVec<'a, u32>, children: Vec<'a, Node<'a>> }
//! assert_eq!(size_of::<Node>(), 40);
//!
//! let arena = Arena::new();
//! let mut root = Node { name: String::from_str_in("root", &arena), parents: ThinVec::new(), children: Vec::new() };
//! for name in ["a", "b"] {
//!     let name = String::from_str_in(name, &arena);
//!     root.children.push(Node { name, parents: ThinVec::from_iter_in([0], &arena), children: Vec::new() }, &arena);
//! }
//! // Other threads read the tree while this one goes on allocating.
//! let sum = std::thread::scope(|scope| {
//!     let other = scope.spawn(|| root.children.iter().map(|child| child.name.len()).sum::<usize>());
//!     arena.alloc(7);
//!     other.join().unwrap()
//! });
//! assert_eq!(sum, 2);
//! ```
//!
//! *Values are not dropped* with the container, as an arena's are not. Those that leave it are: what `pop` returns is
//! the caller's, and `clear`, `truncate`, `retain` drop what they remove. Take [`collections`](super) where every value
//! must be dropped.
//!
//! *Lifetime*: `'a` is a borrow of the arena, as in `Box<'a, T>`. Each call takes an arena that is borrowed for as
//! long: no arena that ends before, and none that was reset in between. It need not be the same arena each time. If it
//! is another one, or something was allocated behind the values, they move into it when more capacity is needed, and
//! their old memory waits for its arena's reset. Else they grow where they are, but never to the last byte of a block
//! of memory: of a caller's buffer they leave that much.
//!
//! *Length*: at most `u32::MAX` values, or bytes of text; more is an error. *Errors*: the plain methods panic when
//! memory cannot be had, and every one has a `try_` form. *Cost*: that of [`collections`](super)' vectors; a
//! [`ThinVec`] loads its length from where its values are.

// `vec`, `thin`: the two layouts; `counted`: what the first and a cage's vector are. `growing`: how much memory they ask for. `methods`: what else they have in common.
// `with_arena`: a vector and its arena for a while, which have the methods of vectors that know theirs. `slice`: a thin
// one that is complete. `string`: text over them. `traits`: what references to slices and texts have in common.

pub(crate) mod counted;
pub(crate) mod growing;
pub(crate) mod methods;
mod slice;
mod string;
mod thin;
pub(crate) mod traits;
mod vec;
mod with_arena;

pub use slice::ThinSlice;
pub use string::{String, ThinStr, ThinString, Writer};
pub use thin::ThinVec;
pub use vec::Vec;
pub use with_arena::WithArena;
