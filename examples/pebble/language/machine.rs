//! The machine that walks the tree.
//!
//! A call puts what it makes into a scope, which is rewound when the call returns; only its result is copied out.
//! But out to where? The caller's scope cannot grow while the callee's lies on top of it. So there are two arenas,
//! and calls take turns:
//!
//! ```text
//!  one arena      │ the program │ what g makes, called by f │
//!  another arena  │ what f makes, called by the program │
//! ```
//!
//! While `g` runs, the scope of `f` is the top of the other arena: the result of `g` can be copied there, and then
//! `g`'s scope goes. Lifetimes check all of it: `own` is the scope of the call that runs, `other` its caller's.
//! A loop that calls a million functions takes the memory of one.

use super::builtin::{Builtin, text};
use super::error::{Error, Kind};
use super::list::List;
use super::syntax::{Binary, Block, Expr, Function, Node, Program, Ref, Span, Statement, Unary};
use super::value::{Closure, Value};
use super::variables::Variable;
use region::{Arena, Scope};
use std::io::Write;

/// What a program may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls, blocks and expressions inside each other.
    pub depth: usize,
    /// Bytes of values.
    pub memory: usize,
}

/// What a program took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    pub calls: usize,
    /// The deepest that calls and expressions were nested.
    pub depth: usize,
    /// Bytes that the ends of calls gave back, altogether.
    pub rewound: usize,
}

/// Runs a program. Its values are in the two arenas, and gone when it ends.
///
/// Takes stack for every level of `limits.depth`; see [`STACK_PER_LEVEL`].
pub fn run<'p>(
    program: &Program<'p>,
    arenas: [&mut Arena; 2],
    limits: Limits,
    out: &mut dyn Write,
) -> (Spent, Result<(), Error<'p>>) {
    let [one, another] = arenas;
    for arena in [&*one, &*another] {
        arena.set_limit(limits.memory / 2);
    }
    let (mut one, mut another) = (one.scope_guard(), another.scope_guard());
    let (mut own, mut other) = (one.scope(), another.scope());
    let mut machine = Machine { out, depth: 0, max_depth: limits.depth, spent: Spent::default() };
    let result = machine.program(program, &mut own, &mut other);
    (machine.spent, result)
}

/// Bytes of stack that one level takes at most: twice and more of what was measured for a call of a call in a
/// loop in a loop, which is 14,042 bytes in debug builds and 1,182 in release builds. Too little is a crash;
/// too much costs address space alone.
pub const STACK_PER_LEVEL: usize = if cfg!(debug_assertions) { 32 << 10 } else { 4 << 10 };

struct Machine<'m> {
    out: &'m mut dyn Write,
    depth: usize,
    max_depth: usize,
    spent: Spent,
}

/// What one call works on.
struct Frame<'f, 'p, 'a> {
    slots: &'f mut [Value<'p, 'a>],
    closure: Option<&'a Closure<'p, 'a>>,
    globals: Globals<'f, 'p, 'a>,
}

/// The global variables: the program's own, which it lends to the functions it calls.
enum Globals<'f, 'p, 'a> {
    Own(&'f mut [Value<'p, 'a>]),
    Borrowed(&'f [Value<'p, 'a>]),
}

impl<'p, 'a> Globals<'_, 'p, 'a> {
    fn lend(&self) -> &[Value<'p, 'a>] {
        match self {
            Globals::Own(values) => values,
            Globals::Borrowed(values) => values,
        }
    }
}

/// Why an expression has no value.
enum Stop<'p, 'a> {
    /// A `return` with this value.
    Return(Value<'p, 'a>),
    Error(Error<'p>),
}

type Outcome<'p, 'a, T = Value<'p, 'a>> = Result<T, Stop<'p, 'a>>;

/// What is wrong, at its place.
fn at<'p: 'a, 'a>(at: Span) -> impl Fn(Kind<'p>) -> Stop<'p, 'a> {
    move |kind| Stop::Error(Error { kind, at })
}

impl Machine<'_> {
    fn program<'p, 'a>(
        &mut self,
        program: &Program<'p>,
        own: &mut Scope<'a>,
        other: &mut Scope<'_>,
    ) -> Result<(), Error<'p>>
    where
        'p: 'a,
    {
        let start = Span { start: 0, end: 0 };
        let memory = |error| Error { kind: Kind::Memory(error), at: start };
        let globals = own.try_alloc_slice_fill_copy(program.globals as usize, Value::Unset).map_err(memory)?;
        for (global, builtin) in globals.iter_mut().zip(Builtin::ALL) {
            *global = Value::Builtin(builtin);
        }
        for &(number, function) in program.functions.iter() {
            let closure = Closure::new(Ref::get(function), &[], own).map_err(|kind| Error { kind, at: start })?;
            globals[number as usize] = Value::Closure(closure);
        }
        let slots = own.try_alloc_slice_fill_copy(program.main.slots as usize, Value::Unset).map_err(memory)?;
        let mut frame = Frame { slots, closure: None, globals: Globals::Own(globals) };
        match self.block(&program.main.body, &mut frame, own, other) {
            Ok(_) | Err(Stop::Return(_)) => Ok(()),
            Err(Stop::Error(error)) => Err(error),
        }
    }

    fn block<'p, 'a>(
        &mut self,
        block: &Block<'p>,
        frame: &mut Frame<'_, 'p, 'a>,
        own: &mut Scope<'a>,
        other: &mut Scope<'_>,
    ) -> Outcome<'p, 'a> {
        for statement in block.statements.iter() {
            match statement {
                Statement::Expr(expr) => _ = self.eval(expr, frame, own, other)?,
                Statement::Store { variable, value } => {
                    let value = self.eval(value, frame, own, other)?;
                    match (variable, &mut frame.globals) {
                        (Variable::Global(number), Globals::Own(globals)) => globals[*number as usize] = value,
                        (Variable::Local(slot), _) => frame.slots[*slot as usize] = value,
                        _ => unreachable!("the parser lets functions assign to their own variables only"),
                    }
                }
                Statement::While { condition, body } => {
                    while self.truth(condition, frame, own, other)? {
                        self.block(body, frame, own, other)?;
                    }
                }
                Statement::For { slot, list, body } => match self.eval(list, frame, own, other)? {
                    Value::List(elements) => {
                        for value in elements.iter() {
                            frame.slots[*slot as usize] = value;
                            self.block(body, frame, own, other)?;
                        }
                    }
                    value => return Err(at(list.at)(Kind::Operand { operation: "`for`", found: value.kind() })),
                },
                Statement::Return { value: None } => return Err(Stop::Return(Value::Nil)),
                Statement::Return { value: Some(value) } => {
                    return Err(Stop::Return(self.eval(value, frame, own, other)?));
                }
            }
        }
        block.value.map_or(Ok(Value::Nil), |value| self.eval(&value, frame, own, other))
    }

    fn truth<'p, 'a>(
        &mut self,
        condition: &Expr<'p>,
        frame: &mut Frame<'_, 'p, 'a>,
        own: &mut Scope<'a>,
        other: &mut Scope<'_>,
    ) -> Outcome<'p, 'a, bool> {
        match self.eval(condition, frame, own, other)? {
            Value::Bool(truth) => Ok(truth),
            value => Err(at(condition.at)(Kind::Condition(value.kind()))),
        }
    }

    /// The value of an expression. All recursion comes through here, so its depth is the stack's.
    fn eval<'p, 'a>(
        &mut self,
        expr: &Expr<'p>,
        frame: &mut Frame<'_, 'p, 'a>,
        own: &mut Scope<'a>,
        other: &mut Scope<'_>,
    ) -> Outcome<'p, 'a> {
        match expr.node {
            Node::Nil => Ok(Value::Nil),
            Node::Bool(truth) => Ok(Value::Bool(truth)),
            Node::Int(number) => Ok(Value::Int(number)),
            Node::Text(text) => Ok(Value::Text(text.as_str())),
            Node::Read(variable, name) => match read(variable, frame) {
                Value::Unset => Err(at(expr.at)(Kind::NotYet(name.name()))),
                value => Ok(value),
            },
            Node::Function(function) => {
                closure(Ref::get(function), frame, own).map_err(at(expr.at)).map(Value::Closure)
            }
            _ => {
                if self.depth == self.max_depth {
                    return Err(at(expr.at)(Kind::TooDeep(self.max_depth)));
                }
                self.depth += 1;
                self.spent.depth = self.spent.depth.max(self.depth);
                let outcome = self.eval_inside(expr, frame, own, other);
                self.depth -= 1;
                outcome
            }
        }
    }

    /// The value of an expression that has others in it.
    fn eval_inside<'p, 'a>(
        &mut self,
        expr: &Expr<'p>,
        frame: &mut Frame<'_, 'p, 'a>,
        own: &mut Scope<'a>,
        other: &mut Scope<'_>,
    ) -> Outcome<'p, 'a> {
        match expr.node {
            Node::List(items) => {
                let mut list = List::EMPTY;
                for item in items.iter() {
                    let value = self.eval(item, frame, own, other)?;
                    list = list.push(value, own).map_err(at(item.at))?;
                }
                Ok(Value::List(list))
            }
            Node::Unary(unary, operand) => match (unary, self.eval(&operand, frame, own, other)?) {
                (Unary::Negate, Value::Int(number)) => match number.checked_neg() {
                    Some(number) => Ok(Value::Int(number)),
                    None => Err(at(expr.at)(Kind::Overflow("-"))),
                },
                (Unary::Not, Value::Bool(truth)) => Ok(Value::Bool(!truth)),
                (Unary::Negate, value) => Err(at(expr.at)(Kind::Operand { operation: "`-`", found: value.kind() })),
                (Unary::Not, value) => Err(at(expr.at)(Kind::Operand { operation: "`not`", found: value.kind() })),
            },
            Node::Binary(binary, both) => {
                let [left, right] = &*both;
                let left = self.eval(left, frame, own, other)?;
                let right = self.eval(right, frame, own, other)?;
                operate(binary, left, right, own).map_err(at(expr.at))
            }
            Node::Either(first, both) => {
                let [left, right] = &*both;
                let decided = self.truth(left, frame, own, other)? == first;
                Ok(Value::Bool(if decided { first } else { self.truth(right, frame, own, other)? }))
            }
            Node::If(choice) => {
                if self.truth(&choice.condition, frame, own, other)? {
                    self.block(&choice.then, frame, own, other)
                } else {
                    choice.otherwise.as_ref().map_or(Ok(Value::Nil), |expr| self.eval(expr, frame, own, other))
                }
            }
            Node::Block(block) => self.block(&block, frame, own, other),
            Node::Element(both) => {
                let [list, index] = &*both;
                let list = self.eval(list, frame, own, other)?;
                let index = self.eval(index, frame, own, other)?;
                match (list, index) {
                    (Value::List(list), Value::Int(index)) => {
                        let value = usize::try_from(index).ok().and_then(|index| list.get(index));
                        value.ok_or(Kind::OutOfRange { index, len: list.len() }).map_err(at(expr.at))
                    }
                    (list, index) => {
                        Err(at(expr.at)(Kind::Operands { operation: "[]", left: list.kind(), right: index.kind() }))
                    }
                }
            }
            Node::Call { callee, arguments, base } => {
                let callee_value = self.eval(&callee, frame, own, other)?;
                let base = base as usize;
                for (argument, slot) in arguments.iter().zip(base..) {
                    frame.slots[slot] = self.eval(argument, frame, own, other)?;
                }
                match callee_value {
                    Value::Builtin(builtin) => {
                        let arguments = &frame.slots[base..base + arguments.len()];
                        builtin.call(arguments, own, self.out).map_err(at(expr.at))
                    }
                    Value::Closure(closure) => {
                        let (wanted, given) = (closure.function.parameters as usize, arguments.len());
                        if wanted != given {
                            let name = closure.function.name;
                            return Err(at(expr.at)(Kind::Arguments { name, wanted, given }));
                        }
                        self.call(closure, &frame.slots[base..base + given], frame.globals.lend(), expr.at, own, other)
                    }
                    value => Err(at(callee.at)(Kind::NotCallable(value.kind()))),
                }
            }
            _ => unreachable!("`eval` does the others itself"),
        }
    }

    fn call<'p, 'a>(
        &mut self,
        closure: &'a Closure<'p, 'a>,
        arguments: &[Value<'p, 'a>],
        globals: &[Value<'p, 'a>],
        call: Span,
        own: &mut Scope<'a>,
        other: &mut Scope<'_>,
    ) -> Outcome<'p, 'a> {
        self.spent.calls += 1;
        let before = other.used();
        let mut guard = other.scope_guard();
        // The callee's scope lies on the caller's caller's; ours is free to take its result, and to lend on.
        let mut callee = guard.scope();
        let slots = callee.try_alloc_slice_fill_copy(closure.function.slots as usize, Value::Unset);
        let slots = slots.map_err(Kind::Memory).map_err(at(call))?;
        slots[..arguments.len()].copy_from_slice(arguments);
        let mut frame = Frame { slots, closure: Some(closure), globals: Globals::Borrowed(globals) };
        let result = match self.block(&closure.function.body, &mut frame, &mut callee, own) {
            Ok(value) | Err(Stop::Return(value)) => value.copy_into(own).map_err(at(call)),
            Err(Stop::Error(error)) => Err(Stop::Error(error)),
        };
        self.spent.rewound += callee.used() - before;
        result
    }
}

fn read<'p, 'a>(variable: Variable, frame: &Frame<'_, 'p, 'a>) -> Value<'p, 'a> {
    match (variable, frame.closure) {
        (Variable::Local(slot), _) => frame.slots[slot as usize],
        (Variable::Global(number), _) => frame.globals.lend()[number as usize],
        (Variable::Captured(number), Some(closure)) => closure.captured[number as usize],
        (Variable::Myself, Some(closure)) => Value::Closure(closure),
        _ => unreachable!("the program itself captures nothing"),
    }
}

/// The function with what it takes along.
fn closure<'p, 'a>(
    function: &'p Function<'p>,
    frame: &Frame<'_, 'p, 'a>,
    own: &Scope<'a>,
) -> Result<&'a Closure<'p, 'a>, Kind<'p>> {
    let captured = own.try_alloc_slice_fill_with(function.captures.len(), |at| read(function.captures[at], frame));
    Closure::new(function, captured.map_err(Kind::Memory)?, own)
}

fn operate<'p, 'a>(
    binary: Binary,
    left: Value<'p, 'a>,
    right: Value<'p, 'a>,
    own: &Scope<'a>,
) -> Result<Value<'p, 'a>, Kind<'p>> {
    let whole = |result: Option<i64>| result.map(Value::Int).ok_or(Kind::Overflow(binary.sign()));
    match (binary, left, right) {
        (Binary::Equal, left, right) => Ok(Value::Bool(left == right)),
        (Binary::Unequal, left, right) => Ok(Value::Bool(left != right)),
        (Binary::Add, Value::Int(a), Value::Int(b)) => whole(a.checked_add(b)),
        (Binary::Subtract, Value::Int(a), Value::Int(b)) => whole(a.checked_sub(b)),
        (Binary::Multiply, Value::Int(a), Value::Int(b)) => whole(a.checked_mul(b)),
        (Binary::Divide | Binary::Remainder, Value::Int(_), Value::Int(0)) => Err(Kind::DivisionByZero),
        (Binary::Divide, Value::Int(a), Value::Int(b)) => whole(a.checked_div(b)),
        // Of the least integer by -1 it is 0, which fits; only the quotient does not.
        (Binary::Remainder, Value::Int(a), Value::Int(b)) => Ok(Value::Int(a.wrapping_rem(b))),
        (Binary::Less, Value::Int(a), Value::Int(b)) => Ok(Value::Bool(a < b)),
        (Binary::LessEqual, Value::Int(a), Value::Int(b)) => Ok(Value::Bool(a <= b)),
        (Binary::Greater, Value::Int(a), Value::Int(b)) => Ok(Value::Bool(a > b)),
        (Binary::GreaterEqual, Value::Int(a), Value::Int(b)) => Ok(Value::Bool(a >= b)),
        (Binary::Less, Value::Text(a), Value::Text(b)) => Ok(Value::Bool(a < b)),
        (Binary::LessEqual, Value::Text(a), Value::Text(b)) => Ok(Value::Bool(a <= b)),
        (Binary::Greater, Value::Text(a), Value::Text(b)) => Ok(Value::Bool(a > b)),
        (Binary::GreaterEqual, Value::Text(a), Value::Text(b)) => Ok(Value::Bool(a >= b)),
        (Binary::Add, Value::Text(a), Value::Text(b)) => Ok(Value::Text(text(format_args!("{a}{b}"), own)?)),
        (Binary::Add, Value::List(a), Value::List(b)) => {
            b.iter().try_fold(a, |list, value| list.push(value, own)).map(Value::List)
        }
        (binary, left, right) => {
            Err(Kind::Operands { operation: binary.sign(), left: left.kind(), right: right.kind() })
        }
    }
}
