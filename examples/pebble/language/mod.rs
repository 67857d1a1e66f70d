//! The language: from source text to what a program prints. The part to take elsewhere.
//!
//! ```text
//!  source ─► lexer ─► parser ─► syntax ─► machine ─► output
//!              │         │                   │
//!           symbols    variables           values, lists
//! ```
//!
//! Nothing in here uses the heap. Names, strings and the tree lie in one arena, the caller's; what the parser
//! needs for itself is in another that goes when the tree is done; values are in a third and a fourth, one for
//! every other call ([`machine`] says why two).

mod builtin;
mod chain;
pub mod error;
mod lexer;
mod list;
pub mod machine;
mod parser;
pub mod symbol;
pub mod syntax;
mod table;
mod value;
pub mod variables;

pub use error::Kind;
pub use machine::{Limits, run};
pub use parser::parse;
