//! The tree: plain data in an arena, every link for as long as the arena lives, nothing to drop.
//!
//! The arena is in a cage, so links have four bytes and a list eight: an expression takes 32 bytes, and with pointers
//! would take 40.

use super::symbol::Symbol;
use super::variables::Variable;
use region::cage::{CageArena, Ref32, Slice32, Str32};

region::cage! {
    /// Programs.
    pub struct Code;
}

/// Where the tree lies.
pub type CodeArena = CageArena<Code>;
/// A part of the tree.
pub type Ref<'p, T> = Ref32<'p, T, Code>;
/// Several parts.
pub type Slice<'p, T> = Slice32<'p, T, Code>;
/// A name or a string.
pub type Str<'p> = Str32<'p, Code>;

/// A part of the source, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// From the start of this one to the end of that.
    pub fn to(self, end: Span) -> Span {
        Span { start: self.start, end: end.end }
    }
}

/// A whole program.
#[derive(Debug)]
pub struct Program<'p> {
    /// Runs as a function without parameters.
    pub main: Ref<'p, Function<'p>>,
    /// The functions of the outermost level, and the global variables that hold them from the start.
    pub functions: Slice<'p, (u32, Ref<'p, Function<'p>>)>,
    /// How many global variables there are, the built-in functions among them.
    pub globals: u32,
    /// How many names there are.
    pub symbols: usize,
}

#[derive(Debug)]
pub struct Function<'p> {
    /// What messages call it.
    pub name: &'p str,
    pub parameters: u32,
    /// Variables and arguments under way, parameters included: what a call needs slots for.
    pub slots: u32,
    /// What it takes along from the function around it when it becomes a value.
    pub captures: Slice<'p, Variable>,
    pub body: Block<'p>,
}

#[derive(Clone, Copy, Debug)]
pub struct Block<'p> {
    pub statements: Slice<'p, Statement<'p>>,
    /// Its last expression, if no semicolon follows.
    pub value: Option<Ref<'p, Expr<'p>>>,
}

#[derive(Clone, Copy, Debug)]
pub enum Statement<'p> {
    Store { variable: Variable, value: Expr<'p> },
    While { condition: Expr<'p>, body: Block<'p> },
    For { slot: u32, list: Expr<'p>, body: Block<'p> },
    Return { value: Option<Ref<'p, Expr<'p>>> },
    Expr(Expr<'p>),
}

#[derive(Clone, Copy, Debug)]
pub struct Expr<'p> {
    pub at: Span,
    pub node: Node<'p>,
}

#[derive(Clone, Copy, Debug)]
pub enum Node<'p> {
    Nil,
    Bool(bool),
    Int(i64),
    Text(Str<'p>),
    List(Slice<'p, Expr<'p>>),
    Read(Variable, Symbol<'p>),
    Function(Ref<'p, Function<'p>>),
    Unary(Unary, Ref<'p, Expr<'p>>),
    Binary(Binary, Ref<'p, [Expr<'p>; 2]>),
    /// The second is looked at only if the first is this.
    Either(bool, Ref<'p, [Expr<'p>; 2]>),
    If(Ref<'p, Choice<'p>>),
    Block(Ref<'p, Block<'p>>),
    /// The arguments wait in the caller's slots from `base` on.
    Call {
        callee: Ref<'p, Expr<'p>>,
        arguments: Slice<'p, Expr<'p>>,
        base: u32,
    },
    Element(Ref<'p, [Expr<'p>; 2]>),
}

// i686 aligns integers of 64 bits to 4 bytes; other processors of 32 bits to 8, as those of 64 bits do.
const _: () = assert!(if align_of::<i64>() == 8 { size_of::<Expr<'_>>() == 32 } else { size_of::<Expr<'_>>() < 32 });

#[derive(Debug)]
pub struct Choice<'p> {
    pub condition: Expr<'p>,
    pub then: Block<'p>,
    pub otherwise: Option<Expr<'p>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    Negate,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Binary {
    pub const fn sign(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::Remainder => "%",
            Binary::Equal => "==",
            Binary::Unequal => "!=",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
        }
    }
}
