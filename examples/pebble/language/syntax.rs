//! The tree: plain data in an arena, every reference for as long as the arena lives, nothing to drop.

use super::symbol::Symbol;
use super::variables::Variable;

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
    pub main: &'p Function<'p>,
    /// The functions of the outermost level, and the global variables that hold them from the start.
    pub functions: &'p [(u32, &'p Function<'p>)],
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
    pub captures: &'p [Variable],
    pub body: Block<'p>,
}

#[derive(Clone, Copy, Debug)]
pub struct Block<'p> {
    pub statements: &'p [Statement<'p>],
    /// Its last expression, if no semicolon follows.
    pub value: Option<&'p Expr<'p>>,
}

#[derive(Clone, Copy, Debug)]
pub enum Statement<'p> {
    Store { variable: Variable, value: Expr<'p> },
    While { condition: Expr<'p>, body: Block<'p> },
    For { slot: u32, list: Expr<'p>, body: Block<'p> },
    Return { value: Option<&'p Expr<'p>> },
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
    Text(&'p str),
    List(&'p [Expr<'p>]),
    Read(Variable, Symbol<'p>),
    Function(&'p Function<'p>),
    Unary(Unary, &'p Expr<'p>),
    Binary(Binary, &'p [Expr<'p>; 2]),
    /// The second is looked at only if the first is this.
    Either(bool, &'p [Expr<'p>; 2]),
    If(&'p Choice<'p>),
    Block(&'p Block<'p>),
    /// The arguments wait in the caller's slots from `base` on.
    Call {
        callee: &'p Expr<'p>,
        arguments: &'p [Expr<'p>],
        base: u32,
    },
    Element(&'p [Expr<'p>; 2]),
}

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
