//! Where variables are: decided while parsing, so that running a program looks no name up.
//!
//! A function's variables are numbered slots of its call. What it uses of the function around it is *captured*:
//! copied when the function becomes a value. The variables of the outermost level are global: functions see them
//! as they are at the time, also those that are defined further down, and cannot change them.

use super::builtin::Builtin;
use super::chain::{Chain, Link};
use super::error::{Error, Kind};
use super::symbol::{Symbol, Symbols};
use super::syntax::{CodeArena, Slice, Span};
use super::table::Table;
use region::Arena;
use std::cell::Cell;

/// Where a variable is, for the function that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    Local(u32),
    Captured(u32),
    Global(u32),
    /// The function that is running, by its own name.
    Myself,
}

#[derive(Clone, Copy)]
struct Local<'p> {
    name: Symbol<'p>,
    slot: u32,
}

#[derive(Clone, Copy)]
struct Capture<'p> {
    name: Symbol<'p>,
    from: Variable,
}

/// A function that is being parsed.
pub struct Enclosing<'s, 'p> {
    outer: Option<&'s Enclosing<'s, 'p>>,
    name: Option<Symbol<'p>>,
    locals: Chain<'s, Local<'p>>,
    captures: Chain<'s, Capture<'p>>,
    /// The first slot that is free here.
    free: Cell<u32>,
    /// How many slots the function takes at most.
    slots: Cell<u32>,
}

/// What a block began with, to come back to.
pub struct Outside<'s, 'p>(Option<&'s Link<'s, Local<'p>>>, u32);

impl<'s, 'p> Enclosing<'s, 'p> {
    pub fn new(outer: Option<&'s Enclosing<'s, 'p>>, name: Option<Symbol<'p>>) -> Self {
        let (locals, captures) = (Chain::new(), Chain::new());
        Enclosing { outer, name, locals, captures, free: Cell::new(0), slots: Cell::new(0) }
    }

    pub fn is_main(&self) -> bool {
        self.outer.is_none()
    }

    /// Takes the slot after the others; [`give`](Self::give) gives it back and all after it.
    pub fn take(&self) -> u32 {
        let slot = self.free.get();
        self.free.set(slot + 1);
        self.slots.set(self.slots.get().max(slot + 1));
        slot
    }

    pub fn give(&self, slot: u32) {
        self.free.set(slot);
    }

    pub fn free(&self) -> u32 {
        self.free.get()
    }

    /// A variable from here to the end of the block.
    pub fn declare(&self, scratch: &'s Arena, name: Symbol<'p>) -> u32 {
        let slot = self.take();
        self.locals.push(scratch, Local { name, slot });
        slot
    }

    pub fn enter(&self) -> Outside<'s, 'p> {
        Outside(self.locals.state(), self.free.get())
    }

    pub fn leave(&self, outside: Outside<'s, 'p>) {
        self.locals.cut(outside.0);
        self.free.set(outside.1);
    }

    pub fn slots(&self) -> u32 {
        self.slots.get()
    }

    /// Where its captures are in the function around it.
    pub fn captures<'a>(&self, scratch: &'s Arena, arena: &'a CodeArena) -> Slice<'a, Variable> {
        let captures = self.captures.to_slice(scratch);
        Slice::from_iter_in(captures.iter().map(|capture| capture.from), arena)
    }

    /// The variable of this name in this function or around it, unless it is global.
    fn find(&self, scratch: &'s Arena, name: Symbol<'p>) -> Option<Variable> {
        if let Some(local) = self.locals.iter().find(|local| local.name == name) {
            return Some(Variable::Local(local.slot));
        }
        if self.name == Some(name) {
            return Some(Variable::Myself);
        }
        let known = self.captures.len();
        if let Some(newer) = self.captures.iter().position(|capture| capture.name == name) {
            return Some(Variable::Captured(known - 1 - newer as u32));
        }
        let from = self.outer?.find(scratch, name)?;
        self.captures.push(scratch, Capture { name, from });
        Some(Variable::Captured(known))
    }
}

#[derive(Clone, Copy)]
struct Global<'p> {
    name: Symbol<'p>,
    number: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Used here, and not defined so far.
    Wanted(Span),
    Variable,
    Function,
}

/// The variables of the outermost level.
pub struct Globals<'s, 'p>(Table<'s, Global<'p>>);

impl<'s, 'p> Globals<'s, 'p> {
    /// The built-in functions come first, in their order.
    pub fn new(scratch: &'s Arena, symbols: &mut Symbols<'s, 'p>) -> Self {
        let mut globals = Globals(Table::new(scratch));
        for builtin in Builtin::ALL {
            globals.at(symbols.intern(builtin.name()), State::Variable);
        }
        globals
    }

    pub fn len(&self) -> u32 {
        self.0.len() as u32
    }

    fn at(&mut self, name: Symbol<'p>, state: State) -> &mut Global<'p> {
        if self.0.find(name.hash(), |global| global.name == name).is_none() {
            let number = self.len();
            self.0.add(Global { name, number, state }, |global| global.name.hash());
        }
        match self.0.find(name.hash(), |global| global.name == name) {
            Some(global) => global,
            None => unreachable!("it was just added"),
        }
    }

    pub fn variable(&mut self, name: Symbol<'p>) -> u32 {
        let global = self.at(name, State::Variable);
        if let State::Wanted(_) = global.state {
            global.state = State::Variable;
        }
        global.number
    }

    pub fn function(&mut self, name: Symbol<'p>, at: Span) -> Result<u32, Error<'p>> {
        let global = self.at(name, State::Variable);
        if global.state == State::Function {
            return Err(Error { kind: Kind::DefinedTwice(name.name()), at });
        }
        global.state = State::Function;
        Ok(global.number)
    }

    /// Where the variable is that is read in `function`.
    pub fn read(&mut self, scratch: &'s Arena, function: &Enclosing<'s, 'p>, name: Symbol<'p>, at: Span) -> Variable {
        match function.find(scratch, name) {
            Some(variable) => variable,
            None => Variable::Global(self.at(name, State::Wanted(at)).number),
        }
    }

    /// Where the variable is that is assigned to in `function`.
    pub fn write(
        &mut self,
        scratch: &'s Arena,
        function: &Enclosing<'s, 'p>,
        name: Symbol<'p>,
        at: Span,
    ) -> Result<Variable, Error<'p>> {
        match self.read(scratch, function, name, at) {
            variable @ Variable::Local(_) => Ok(variable),
            variable @ Variable::Global(_) if function.is_main() => Ok(variable),
            _ => Err(Error { kind: Kind::NotOwn(name.name()), at }),
        }
    }

    /// Every variable that is used was defined.
    pub fn check(&self) -> Result<(), Error<'p>> {
        let wanted = self.0.iter().filter_map(|global| match global.state {
            State::Wanted(at) => Some(Error { kind: Kind::NotDefined(global.name.name()), at }),
            _ => None,
        });
        wanted.min_by_key(|error| error.at.start).map_or(Ok(()), Err)
    }
}
