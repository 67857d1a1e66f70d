//! The program that every form holds: its nodes, how it is made, how it is walked.

/// How nodes refer to each other.
pub trait Form: Sized + 'static {
    type Arena;
    /// What following a reference needs beside it.
    type Context<'a>: Copy;
    type Ref<'a>: Copy;
    type Exprs<'a>: Copy;
    type Stmts<'a>: Copy;
    type Text<'a>: Copy;

    fn arena() -> Self::Arena;
    /// Bytes that the tree takes.
    fn used(arena: &Self::Arena) -> usize;
    fn context(arena: &Self::Arena) -> Self::Context<'_>;
    /// Gives back what is kept of dropped arenas.
    fn trim() {}

    fn put<'a>(arena: &'a Self::Arena, expr: Expr<'a, Self>) -> Self::Ref<'a>;
    fn put_exprs<'a>(arena: &'a Self::Arena, exprs: &[Expr<'a, Self>]) -> Self::Exprs<'a>;
    fn put_stmts<'a>(arena: &'a Self::Arena, stmts: &[Stmt<'a, Self>]) -> Self::Stmts<'a>;
    fn put_text<'a>(arena: &'a Self::Arena, text: &str) -> Self::Text<'a>;

    fn expr<'a, 'n>(context: Self::Context<'a>, link: &'n Self::Ref<'a>) -> &'n Expr<'a, Self>
    where
        'a: 'n;
    fn exprs<'a, 'n>(context: Self::Context<'a>, list: &'n Self::Exprs<'a>) -> &'n [Expr<'a, Self>]
    where
        'a: 'n;
    fn stmts<'a, 'n>(context: Self::Context<'a>, list: &'n Self::Stmts<'a>) -> &'n [Stmt<'a, Self>]
    where
        'a: 'n;
    fn text<'a, 'n>(context: Self::Context<'a>, text: &'n Self::Text<'a>) -> &'n str
    where
        'a: 'n;
}

pub enum Expr<'a, F: Form> {
    Number(f64),
    Bool(bool),
    Name(F::Text<'a>),
    Not(F::Ref<'a>),
    Binary(u8, F::Ref<'a>, F::Ref<'a>),
    Member(F::Ref<'a>, F::Text<'a>),
    Call(F::Ref<'a>, F::Exprs<'a>),
    Array(F::Exprs<'a>),
}

pub enum Stmt<'a, F: Form> {
    Let(F::Text<'a>, F::Ref<'a>),
    Do(F::Ref<'a>),
    If(F::Ref<'a>, F::Stmts<'a>),
    Return(F::Ref<'a>),
    Function(F::Text<'a>, F::Stmts<'a>),
}

impl<F: Form> Clone for Expr<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Form> Copy for Expr<'_, F> {}

impl<F: Form> Clone for Stmt<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Form> Copy for Stmt<'_, F> {}

/// Identifiers as programs have them.
const NAMES: [&str; 16] = [
    "i",
    "x",
    "len",
    "self",
    "name",
    "value",
    "index",
    "result",
    "options",
    "callback",
    "element",
    "children",
    "container",
    "isVisible",
    "getElement",
    "configuration",
];

/// Makes a program of random functions. Never looks at what it made.
pub struct Parser<'a, F: Form> {
    arena: &'a F::Arena,
    random: u64,
    nodes: usize,
}

impl<'a, F: Form> Parser<'a, F> {
    fn below(&mut self, bound: u64) -> u64 {
        // Xorshift.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 33) % bound
    }

    fn name(&mut self) -> F::Text<'a> {
        let name = NAMES[self.below(16) as usize];
        F::put_text(self.arena, name)
    }

    fn link(&mut self, depth: usize) -> F::Ref<'a> {
        let expr = self.expr(depth);
        F::put(self.arena, expr)
    }

    fn expr(&mut self, depth: usize) -> Expr<'a, F> {
        self.nodes += 1;
        match self.below(if depth == 0 { 6 } else { 16 }) {
            0 | 1 => Expr::Number(self.below(1000) as f64),
            2 => Expr::Bool(self.below(2) == 0),
            3..6 => Expr::Name(self.name()),
            6 => Expr::Not(self.link(depth - 1)),
            7..11 => {
                let left = self.link(depth - 1);
                Expr::Binary(self.below(9) as u8, left, self.link(depth - 1))
            }
            11..13 => {
                let of = self.link(depth - 1);
                Expr::Member(of, self.name())
            }
            13..15 => {
                let callee = self.link(depth - 1);
                Expr::Call(callee, self.list(depth - 1))
            }
            _ => Expr::Array(self.list(depth - 1)),
        }
    }

    fn list(&mut self, depth: usize) -> F::Exprs<'a> {
        let count = self.below(4) as usize;
        let exprs: [Expr<'a, F>; 3] =
            std::array::from_fn(|at| if at < count { self.expr(depth) } else { Expr::Bool(false) });
        F::put_exprs(self.arena, &exprs[..count])
    }

    fn stmt(&mut self, depth: usize) -> Stmt<'a, F> {
        self.nodes += 1;
        match self.below(if depth == 0 { 6 } else { 8 }) {
            0..3 => {
                let name = self.name();
                Stmt::Let(name, self.link(4))
            }
            3..5 => Stmt::Do(self.link(5)),
            5 => Stmt::Return(self.link(3)),
            _ => {
                let condition = self.link(3);
                Stmt::If(condition, self.block(depth - 1))
            }
        }
    }

    fn block(&mut self, depth: usize) -> F::Stmts<'a> {
        let count = 1 + self.below(7) as usize;
        let stmts: [Stmt<'a, F>; 7] = std::array::from_fn(|at| {
            if at < count { self.stmt(depth) } else { Stmt::Return(F::put(self.arena, Expr::Bool(false))) }
        });
        F::put_stmts(self.arena, &stmts[..count])
    }

    fn function(&mut self) -> Stmt<'a, F> {
        self.nodes += 1;
        let name = self.name();
        Stmt::Function(name, self.block(3))
    }
}

/// A program of at least so many nodes.
#[inline(never)]
pub fn build<F: Form>(arena: &F::Arena, nodes: usize) -> (F::Stmts<'_>, usize) {
    let mut parser = Parser::<F> { arena, random: 0x9e37_79b9_7f4a_7c15, nodes: 0 };
    let mut functions = Vec::new();
    while parser.nodes < nodes {
        functions.push(parser.function());
    }
    (F::put_stmts(arena, &functions), parser.nodes)
}

/// What a checker does at each node, as little as it can be: adds up what is there.
#[inline(never)]
pub fn walk_stmts<'a, F: Form>(context: F::Context<'a>, stmts: &[Stmt<'a, F>]) -> u64 {
    let mut sum = 0u64;
    for stmt in stmts {
        sum = sum.wrapping_add(match stmt {
            Stmt::Let(name, value) => {
                F::text(context, name).len() as u64 + walk_expr::<F>(context, F::expr(context, value))
            }
            Stmt::Do(value) | Stmt::Return(value) => walk_expr::<F>(context, F::expr(context, value)),
            Stmt::If(condition, block) => walk_expr::<F>(context, F::expr(context, condition))
                .wrapping_add(walk_stmts::<F>(context, F::stmts(context, block))),
            Stmt::Function(name, block) => {
                F::text(context, name).len() as u64 + walk_stmts::<F>(context, F::stmts(context, block))
            }
        });
    }
    sum
}

#[inline(never)]
pub fn walk_expr<'a, F: Form>(context: F::Context<'a>, expr: &Expr<'a, F>) -> u64 {
    match expr {
        Expr::Number(number) => number.to_bits() >> 40,
        Expr::Bool(value) => u64::from(*value),
        Expr::Name(name) => first(F::text(context, name)),
        Expr::Not(of) => walk_expr::<F>(context, F::expr(context, of)) ^ 1,
        Expr::Binary(operator, left, right) => walk_expr::<F>(context, F::expr(context, left))
            .wrapping_add(walk_expr::<F>(context, F::expr(context, right)))
            .wrapping_add(u64::from(*operator)),
        Expr::Member(of, name) => {
            walk_expr::<F>(context, F::expr(context, of)).wrapping_add(first(F::text(context, name)))
        }
        Expr::Call(callee, arguments) => {
            let sum = walk_expr::<F>(context, F::expr(context, callee));
            F::exprs(context, arguments).iter().fold(sum, |sum, expr| sum.wrapping_add(walk_expr::<F>(context, expr)))
        }
        Expr::Array(items) => {
            F::exprs(context, items).iter().fold(7, |sum: u64, expr| sum.wrapping_add(walk_expr::<F>(context, expr)))
        }
    }
}

pub fn first(name: &str) -> u64 {
    u64::from(name.as_bytes()[0]) + name.len() as u64
}

/// What one node is, and what it leads to directly.
#[inline(always)]
pub fn look<'a, F: Form>(context: F::Context<'a>, expr: &Expr<'a, F>) -> u64 {
    match expr {
        Expr::Number(number) => number.to_bits() >> 40,
        Expr::Bool(value) => u64::from(*value),
        Expr::Name(name) => first(F::text(context, name)),
        Expr::Not(of) => kind::<F>(F::expr(context, of)),
        Expr::Binary(operator, left, right) => {
            kind::<F>(F::expr(context, left)) + kind::<F>(F::expr(context, right)) + u64::from(*operator)
        }
        Expr::Member(of, name) => kind::<F>(F::expr(context, of)) + first(F::text(context, name)),
        Expr::Call(callee, arguments) => {
            kind::<F>(F::expr(context, callee)) + F::exprs(context, arguments).iter().map(kind::<F>).sum::<u64>()
        }
        Expr::Array(items) => F::exprs(context, items).iter().map(kind::<F>).sum(),
    }
}

pub fn kind<F: Form>(expr: &Expr<'_, F>) -> u64 {
    match expr {
        Expr::Number(_) => 1,
        Expr::Bool(_) => 2,
        Expr::Name(_) => 3,
        Expr::Not(_) => 4,
        Expr::Binary(..) => 5,
        Expr::Member(..) => 6,
        Expr::Call(..) => 7,
        Expr::Array(_) => 8,
    }
}

#[inline(never)]
pub fn random_walk<'a, F: Form>(context: F::Context<'a>, links: &[F::Ref<'a>]) -> u64 {
    links.iter().fold(0u64, |sum, link| sum.wrapping_add(look::<F>(context, F::expr(context, link))))
}

/// All references to single expressions, in an order that has nothing to do with where they are.
pub fn shuffled<'a, F: Form>(context: F::Context<'a>, stmts: &F::Stmts<'a>) -> Vec<F::Ref<'a>> {
    fn of_expr<'a, F: Form>(context: F::Context<'a>, expr: &Expr<'a, F>, links: &mut Vec<F::Ref<'a>>) {
        let mut link = |of: &F::Ref<'a>| {
            links.push(*of);
            of_expr::<F>(context, F::expr(context, of), links);
        };
        match expr {
            Expr::Number(_) | Expr::Bool(_) | Expr::Name(_) => {}
            Expr::Not(of) | Expr::Member(of, _) => link(of),
            Expr::Binary(_, left, right) => {
                link(left);
                link(right);
            }
            Expr::Call(callee, arguments) => {
                link(callee);
                F::exprs(context, arguments).iter().for_each(|expr| of_expr::<F>(context, expr, links));
            }
            Expr::Array(items) => F::exprs(context, items).iter().for_each(|expr| of_expr::<F>(context, expr, links)),
        }
    }
    fn of_stmts<'a, F: Form>(context: F::Context<'a>, stmts: &[Stmt<'a, F>], links: &mut Vec<F::Ref<'a>>) {
        for stmt in stmts {
            match stmt {
                Stmt::Let(_, value) | Stmt::Do(value) | Stmt::Return(value) => {
                    links.push(*value);
                    of_expr::<F>(context, F::expr(context, value), links);
                }
                Stmt::If(value, block) => {
                    links.push(*value);
                    of_expr::<F>(context, F::expr(context, value), links);
                    of_stmts::<F>(context, F::stmts(context, block), links);
                }
                Stmt::Function(_, block) => of_stmts::<F>(context, F::stmts(context, block), links),
            }
        }
    }
    let mut links = Vec::new();
    of_stmts::<F>(context, F::stmts(context, stmts), &mut links);
    let mut random = 0x2545_f491_4f6c_dd1du64;
    for at in (1..links.len()).rev() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        links.swap(at, (random % (at as u64 + 1)) as usize);
    }
    links
}
