//! The parser: statements by recursive descent, expressions by how tightly their operators bind (Pratt,
//! "Top down operator precedence", 1973).
//!
//! Rows of unknown length (statements, arguments) are collected by the arena itself: an iterator that parses the
//! next one is what the slice is filled from.

use super::chain::Chain;
use super::error::{Error, Kind};
use super::lexer::{Lexer, Token};
use super::symbol::Symbol;
use super::syntax::{
    Binary, Block, Choice, CodeArena, Expr, Function, Node, Program, Ref, Slice, Span, Statement, Unary,
};
use super::variables::{Enclosing, Globals, Variable};
use region::Arena;

/// How deep a source may nest. The parser takes some stack for each level.
pub const MAX_DEPTH: usize = 256;

/// Parses a program into `arena`, which is all that it takes memory from but for what it gives back.
///
/// The tree does not refer to the source.
pub fn parse<'p>(source: &str, arena: &'p CodeArena) -> Result<Program<'p>, Error<'p>> {
    let start = Span { start: 0, end: 0 };
    if u32::try_from(source.len()).is_err() {
        return Err(Error { kind: Kind::SourceTooLong, at: start });
    }
    let scratch = Arena::new();
    let mut lexer = Lexer::new(source, arena, &scratch);
    let globals = Globals::new(&scratch, &mut lexer.symbols);
    let (token, at) = lexer.next()?;
    let functions = Chain::new();
    let mut parser = Parser { lexer, globals, functions, arena, scratch: &scratch, token, at, before: start, depth: 0 };

    let main = scratch.alloc(Enclosing::new(None, None));
    let body = parser.sequence(main, "End")?;
    parser.globals.check()?;
    let main = Function { name: "the program", parameters: 0, slots: main.slots(), captures: Slice::empty(), body };
    Ok(Program {
        main: Ref::new_in(main, arena),
        functions: linked(parser.functions.to_slice(arena)),
        globals: parser.globals.len(),
        symbols: parser.lexer.symbols.len(),
    })
}

struct Parser<'t, 's, 'p> {
    lexer: Lexer<'t, 's, 'p>,
    globals: Globals<'s, 'p>,
    functions: Chain<'s, (u32, Ref<'p, Function<'p>>)>,
    /// For the tree.
    arena: &'p CodeArena,
    /// For what goes when the tree is done.
    scratch: &'s Arena,
    token: Token<'p>,
    at: Span,
    /// The token before.
    before: Span,
    depth: usize,
}

/// How tightly operators bind: a larger number binds tighter.
const UNARY: u8 = 6;

/// The operator that a token is between two expressions, and how tightly it binds.
fn operator(token: Token<'_>) -> Option<(Operator, u8)> {
    let Token::Fixed(sign) = token else { return None };
    Some(match sign {
        "or" => (Operator::Either(true), 1),
        "and" => (Operator::Either(false), 2),
        "==" => (Operator::Binary(Binary::Equal), 3),
        "!=" => (Operator::Binary(Binary::Unequal), 3),
        "<" => (Operator::Binary(Binary::Less), 3),
        "<=" => (Operator::Binary(Binary::LessEqual), 3),
        ">" => (Operator::Binary(Binary::Greater), 3),
        ">=" => (Operator::Binary(Binary::GreaterEqual), 3),
        "+" => (Operator::Binary(Binary::Add), 4),
        "-" => (Operator::Binary(Binary::Subtract), 4),
        "*" => (Operator::Binary(Binary::Multiply), 5),
        "/" => (Operator::Binary(Binary::Divide), 5),
        "%" => (Operator::Binary(Binary::Remainder), 5),
        _ => return None,
    })
}

enum Operator {
    Binary(Binary),
    /// The first decides alone if it is this.
    Either(bool),
}

type Parsed<'p, T> = Result<T, Error<'p>>;

impl<'s, 'p> Parser<'_, 's, 'p> {
    fn advance(&mut self) -> Parsed<'p, ()> {
        self.before = self.at;
        (self.token, self.at) = self.lexer.next()?;
        Ok(())
    }

    fn is(&self, sign: &'static str) -> bool {
        self.token == Token::Fixed(sign)
    }

    fn skip(&mut self, sign: &'static str) -> Parsed<'p, bool> {
        let is = self.is(sign);
        if is {
            self.advance()?;
        }
        Ok(is)
    }

    fn want(&mut self, sign: &'static str, wanted: &'static str) -> Parsed<'p, ()> {
        if self.skip(sign)? { Ok(()) } else { Err(self.unexpected(wanted)) }
    }

    fn unexpected(&self, wanted: &'static str) -> Error<'p> {
        // The source may go before the error does.
        let found = self.arena.alloc_str(self.lexer.text(self.at));
        // What is missing at the end is missing behind the last word, not below the lines that are empty.
        let end = self.before.end;
        let at = if self.token == Token::End { Span { start: end, end } } else { self.at };
        Error { kind: Kind::Expected { wanted, found }, at }
    }

    fn name(&mut self, wanted: &'static str) -> Parsed<'p, Symbol<'p>> {
        let Token::Name(name) = self.token else { return Err(self.unexpected(wanted)) };
        self.advance()?;
        Ok(name)
    }

    /// Parses something inside something else, if that is not too deep.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<'p, T>) -> Parsed<'p, T> {
        if self.depth == MAX_DEPTH {
            return Err(Error { kind: Kind::SourceTooDeep(MAX_DEPTH), at: self.at });
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// As many as `next` gives, in the arena.
    fn collect<T>(&mut self, mut next: impl FnMut(&mut Self) -> Parsed<'p, Option<T>>) -> Parsed<'p, Slice<'p, T>> {
        let arena = self.arena;
        Ok(linked(arena.alloc_slice_try_fill_iter(std::iter::from_fn(|| next(self).transpose()))?))
    }

    /// Expressions with commas between, up to `close`; after each, `then`.
    fn expressions(
        &mut self,
        inside: &'s Enclosing<'s, 'p>,
        close: &'static str,
        wanted: &'static str,
        then: impl Fn(),
    ) -> Parsed<'p, Slice<'p, Expr<'p>>> {
        let mut first = true;
        self.collect(|parser| {
            if !first && !parser.is(close) {
                parser.want(",", wanted)?;
            }
            first = false;
            if parser.skip(close)? {
                return Ok(None);
            }
            let item = parser.expression(inside, 0)?;
            then();
            Ok(Some(item))
        })
    }

    fn block(&mut self, inside: &'s Enclosing<'s, 'p>) -> Parsed<'p, Block<'p>> {
        self.want("{", "`{`")?;
        let outside = inside.enter();
        let block = self.deeper(|parser| parser.sequence(inside, "}"));
        inside.leave(outside);
        block
    }

    /// Statements up to `close`, which is passed, or up to the end.
    fn sequence(&mut self, inside: &'s Enclosing<'s, 'p>, close: &'static str) -> Parsed<'p, Block<'p>> {
        let mut value = None;
        let statements = self.collect(|parser| {
            loop {
                let at_end = if close == "End" { parser.token == Token::End } else { parser.skip(close)? };
                if at_end {
                    return Ok(None);
                }
                if value.is_some() {
                    return Err(parser.unexpected(if close == "End" { "`;`" } else { "`;` or `}`" }));
                }
                if parser.is("fn") && inside.is_main() && parser.depth == 0 {
                    parser.global_function(inside)?;
                    continue;
                }
                match parser.statement(inside)? {
                    Parts::Statement(statement) => return Ok(Some(statement)),
                    Parts::Value(expr) => value = Some(Ref::new_in(expr, parser.arena)),
                }
            }
        })?;
        Ok(Block { statements, value })
    }

    /// Where a `let` of this name puts its value. The outermost level's variables are global.
    fn declare(&mut self, inside: &'s Enclosing<'s, 'p>, name: Symbol<'p>) -> Variable {
        if inside.is_main() && self.depth == 0 {
            Variable::Global(self.globals.variable(name))
        } else {
            Variable::Local(inside.declare(self.scratch, name))
        }
    }

    /// A function at the outermost level, which is there before the program starts.
    fn global_function(&mut self, inside: &'s Enclosing<'s, 'p>) -> Parsed<'p, ()> {
        self.advance()?;
        let at = self.at;
        let name = self.name("the function's name")?;
        let number = self.globals.function(name, at)?;
        let function = self.function(inside, Some(name))?;
        self.functions.push(self.scratch, (number, function));
        Ok(())
    }

    fn statement(&mut self, inside: &'s Enclosing<'s, 'p>) -> Parsed<'p, Parts<'p>> {
        let at = self.at;
        let statement = match self.token {
            Token::Fixed("let") => {
                self.advance()?;
                let name = self.name("a name")?;
                self.want("=", "`=`")?;
                let value = self.expression(inside, 0)?;
                self.want(";", "`;`")?;
                Statement::Store { variable: self.declare(inside, name), value }
            }
            Token::Fixed("fn") => {
                self.advance()?;
                let name = if let Token::Name(name) = self.token { Some(name) } else { None };
                if name.is_some() {
                    self.advance()?;
                }
                let function = self.function(inside, name)?;
                let value = Expr { at: at.to(self.before), node: Node::Function(function) };
                let Some(name) = name else { return self.value_or_statement(value) };
                Statement::Store { variable: self.declare(inside, name), value }
            }
            Token::Fixed("while") => {
                self.advance()?;
                Statement::While { condition: self.expression(inside, 0)?, body: self.block(inside)? }
            }
            Token::Fixed("for") => {
                self.advance()?;
                let name = self.name("a name")?;
                self.want("in", "`in`")?;
                let list = self.expression(inside, 0)?;
                let outside = inside.enter();
                let slot = inside.declare(self.scratch, name);
                let body = self.block(inside);
                inside.leave(outside);
                Statement::For { slot, list, body: body? }
            }
            Token::Fixed("return") => {
                if inside.is_main() {
                    return Err(Error { kind: Kind::ReturnOutside, at });
                }
                self.advance()?;
                let value =
                    if self.is(";") { None } else { Some(Ref::new_in(self.expression(inside, 0)?, self.arena)) };
                self.want(";", "`;`")?;
                Statement::Return { value }
            }
            _ => return self.expression_statement(inside),
        };
        Ok(Parts::Statement(statement))
    }

    /// An expression or an assignment.
    fn expression_statement(&mut self, inside: &'s Enclosing<'s, 'p>) -> Parsed<'p, Parts<'p>> {
        if self.is("if") || self.is("{") {
            // Ends with its brace: what follows is the next statement, not an operator.
            let expr = self.deeper(|parser| parser.primary(inside))?;
            let last = self.is("}") || self.token == Token::End;
            return Ok(if last { Parts::Value(expr) } else { Parts::Statement(Statement::Expr(expr)) });
        }
        let expr = self.expression(inside, 0)?;
        if self.skip("=")? {
            let Node::Read(_, name) = expr.node else {
                return Err(Error { kind: Kind::NotAssignable, at: expr.at });
            };
            let variable = self.globals.write(self.scratch, inside, name, expr.at)?;
            let value = self.expression(inside, 0)?;
            self.want(";", "`;`")?;
            return Ok(Parts::Statement(Statement::Store { variable, value }));
        }
        self.value_or_statement(expr)
    }

    /// An expression is a statement when a semicolon follows.
    fn value_or_statement(&mut self, expr: Expr<'p>) -> Parsed<'p, Parts<'p>> {
        Ok(if self.skip(";")? { Parts::Statement(Statement::Expr(expr)) } else { Parts::Value(expr) })
    }

    /// From the parameters on: `(a, b) { ... }`.
    fn function(
        &mut self,
        outer: &'s Enclosing<'s, 'p>,
        name: Option<Symbol<'p>>,
    ) -> Parsed<'p, Ref<'p, Function<'p>>> {
        // A global function is found as such by its own name too.
        let own = name.filter(|_| !(outer.is_main() && self.depth == 0));
        let inside = &*self.scratch.alloc(Enclosing::new(Some(outer), own));
        self.want("(", "`(`")?;
        while !self.skip(")")? {
            let parameter = self.name("a parameter")?;
            inside.declare(self.scratch, parameter);
            if !self.is(")") {
                self.want(",", "`,` or `)`")?;
            }
        }
        let parameters = inside.slots();
        let body = self.block(inside)?;
        let captures = inside.captures(self.scratch, self.arena);
        let name = name.map_or(ANONYMOUS, Symbol::name);
        Ok(Ref::new_in(Function { name, parameters, slots: inside.slots(), captures, body }, self.arena))
    }

    /// An expression whose operators all bind tighter than `floor`.
    fn expression(&mut self, inside: &'s Enclosing<'s, 'p>, floor: u8) -> Parsed<'p, Expr<'p>> {
        self.deeper(|parser| {
            let mut left = parser.operand(inside)?;
            while let Some((operator, binds)) = operator(parser.token).filter(|&(_, binds)| binds > floor) {
                parser.advance()?;
                let right = parser.expression(inside, binds)?;
                let at = left.at.to(right.at);
                let both = Ref::new_in([left, right], parser.arena);
                let node = match operator {
                    Operator::Binary(binary) => Node::Binary(binary, both),
                    Operator::Either(first) => Node::Either(first, both),
                };
                left = Expr { at, node };
            }
            Ok(left)
        })
    }

    /// An expression without operators around it, with the calls and elements that follow it.
    fn operand(&mut self, inside: &'s Enclosing<'s, 'p>) -> Parsed<'p, Expr<'p>> {
        // What these start holds all that could follow.
        let whole = ["if", "{", "-", "not"].iter().any(|&sign| self.is(sign));
        let mut expr = self.primary(inside)?;
        if whole {
            return Ok(expr);
        }
        loop {
            let node = if self.skip("(")? {
                let callee = Ref::new_in(expr, self.arena);
                let base = inside.free();
                let arguments = self.expressions(inside, ")", "`,` or `)`", || _ = inside.take())?;
                inside.give(base);
                Node::Call { callee, arguments, base }
            } else if self.skip("[")? {
                let index = self.expression(inside, 0)?;
                self.want("]", "`]`")?;
                Node::Element(Ref::new_in([expr, index], self.arena))
            } else {
                return Ok(expr);
            };
            expr = Expr { at: expr.at.to(self.before), node };
        }
    }

    fn primary(&mut self, inside: &'s Enclosing<'s, 'p>) -> Parsed<'p, Expr<'p>> {
        let at = self.at;
        let token = self.token;
        if token == Token::Fixed("{") {
            let block = self.block(inside)?;
            return Ok(Expr { at: at.to(self.before), node: Node::Block(Ref::new_in(block, self.arena)) });
        }
        let starts = ["nil", "true", "false", "[", "(", "-", "not", "if", "fn"];
        if token == Token::End || matches!(token, Token::Fixed(sign) if !starts.contains(&sign)) {
            return Err(self.unexpected("an expression"));
        }
        self.advance()?;
        let node = match token {
            Token::Int(value) => Node::Int(value),
            Token::Text(text) => Node::Text(text),
            Token::Name(name) => Node::Read(self.globals.read(self.scratch, inside, name, at), name),
            Token::Fixed("nil") => Node::Nil,
            Token::Fixed("true") => Node::Bool(true),
            Token::Fixed("false") => Node::Bool(false),
            Token::Fixed("[") => Node::List(self.expressions(inside, "]", "`,` or `]`", || ())?),
            Token::Fixed("-") if self.token == Token::Least => {
                self.advance()?;
                Node::Int(i64::MIN)
            }
            Token::Least => return Err(Error { kind: Kind::IntegerTooLarge, at }),
            Token::Fixed("-") => Node::Unary(Unary::Negate, Ref::new_in(self.expression(inside, UNARY)?, self.arena)),
            Token::Fixed("not") => Node::Unary(Unary::Not, Ref::new_in(self.expression(inside, 2)?, self.arena)),
            Token::Fixed("if") => Node::If(self.choice(inside)?),
            Token::Fixed("fn") => {
                // A name is for the function itself to call.
                let name = if self.is("(") { None } else { Some(self.name("`(` or the function's name")?) };
                Node::Function(self.function(inside, name)?)
            }
            _ => {
                // `(`, the only one that is left.
                let expr = self.expression(inside, 0)?;
                self.want(")", "`)`")?;
                expr.node
            }
        };
        Ok(Expr { at: at.to(self.before), node })
    }

    /// From the condition on.
    fn choice(&mut self, inside: &'s Enclosing<'s, 'p>) -> Parsed<'p, Ref<'p, Choice<'p>>> {
        let condition = self.expression(inside, 0)?;
        let then = self.block(inside)?;
        let otherwise = match self.skip("else")? {
            true if self.is("if") => Some(self.deeper(|parser| parser.primary(inside))?),
            true => {
                let at = self.at;
                let block = self.block(inside)?;
                Some(Expr { at: at.to(self.before), node: Node::Block(Ref::new_in(block, self.arena)) })
            }
            false => None,
        };
        Ok(Ref::new_in(Choice { condition, then, otherwise }, self.arena))
    }
}

/// The link to a list that the arena of the tree has.
fn linked<'p, T>(values: &'p [T]) -> Slice<'p, T> {
    // All that is in that arena lies where links lead, and a source of less than 4 GiB has fewer parts than a link counts.
    Slice::from_slice(values).unwrap_or_else(|| unreachable!("a list of the tree lies in its cage"))
}

/// What a function without a name is called.
const ANONYMOUS: &str = "the function";

/// What stands between two semicolons, or before the end of a block.
enum Parts<'p> {
    Statement(Statement<'p>),
    Value(Expr<'p>),
}
