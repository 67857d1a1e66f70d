//! What a program computes with. Values are plain and never change, so copying one copies a few words.

use super::builtin::Builtin;
use super::error::Kind;
use super::list::{List, MAX_HEIGHT};
use super::syntax::Function;
use region::Scope;
use std::fmt;

/// A value whose parts live for `'a`; functions of the program live for `'p`.
#[derive(Clone, Copy)]
pub enum Value<'p, 'a> {
    /// In a variable before its `let`.
    Unset,
    Nil,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    List(List<'p, 'a>),
    Closure(&'a Closure<'p, 'a>),
    Builtin(Builtin),
}

/// A function and what it took along of its surroundings.
pub struct Closure<'p, 'a> {
    pub function: &'p Function<'p>,
    pub captured: &'a [Value<'p, 'a>],
    height: u32,
}

impl<'p, 'a> Closure<'p, 'a> {
    pub fn new(
        function: &'p Function<'p>,
        captured: &'a [Value<'p, 'a>],
        scope: &Scope<'a>,
    ) -> Result<&'a Self, Kind<'p>> {
        let height = captured.iter().map(|value| value.height()).max().map_or(0, |height| height + 1);
        if height > MAX_HEIGHT {
            return Err(Kind::NestedTooDeep(MAX_HEIGHT));
        }
        Ok(scope.try_alloc(Closure { function, captured, height }).map_err(Kind::Memory)?)
    }
}

impl<'p, 'a> Value<'p, 'a> {
    /// What messages call its type.
    pub const fn kind(self) -> &'static str {
        match self {
            Value::Unset | Value::Nil => "nil",
            Value::Bool(_) => "a truth value",
            Value::Int(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Closure(_) | Value::Builtin(_) => "a function",
        }
    }

    /// How deep lists and functions are nested in it: what recursion over it is bounded by.
    pub fn height(self) -> u32 {
        match self {
            Value::List(list) => list.height(),
            Value::Closure(closure) => closure.height,
            _ => 0,
        }
    }

    /// The same value with all its parts in `scope`: how a result leaves the scope it was made in.
    ///
    /// What is shared inside of it is copied for each share.
    pub fn copy_into<'b>(self, scope: &Scope<'b>) -> Result<Value<'p, 'b>, Kind<'p>>
    where
        'p: 'b,
    {
        Ok(match self {
            Value::Unset => Value::Unset,
            Value::Nil => Value::Nil,
            Value::Bool(truth) => Value::Bool(truth),
            Value::Int(number) => Value::Int(number),
            Value::Builtin(builtin) => Value::Builtin(builtin),
            Value::Text(text) => Value::Text(scope.try_alloc_str(text).map_err(Kind::Memory)?),
            Value::List(list) => {
                let copy = list.iter().try_fold(List::EMPTY, |copy, value| copy.push(value.copy_into(scope)?, scope));
                Value::List(copy?)
            }
            Value::Closure(closure) => {
                let captured = scope.try_alloc_slice_fill_copy(closure.captured.len(), Value::Unset);
                let captured = captured.map_err(Kind::Memory)?;
                for (copy, value) in captured.iter_mut().zip(closure.captured) {
                    *copy = value.copy_into(scope)?;
                }
                Value::Closure(Closure::new(closure.function, captured, scope)?)
            }
        })
    }
}

/// Functions are equal when they are the same function; lists when their elements are.
impl PartialEq for Value<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Value::Unset | Value::Nil, Value::Unset | Value::Nil) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Builtin(a), Value::Builtin(b)) => a == b,
            (Value::Closure(a), Value::Closure(b)) => std::ptr::eq(a.function, b.function) && a.captured == b.captured,
            (Value::List(a), Value::List(b)) => a.is(b) || a.len() == b.len() && a.iter().eq(b.iter()),
            _ => false,
        }
    }
}

impl fmt::Display for Value<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Value::Unset | Value::Nil => f.write_str("nil"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
            Value::Closure(closure) => write!(f, "<{}>", closure.function.name),
            Value::Builtin(builtin) => write!(f, "<{}>", builtin.name()),
            Value::List(list) => {
                f.write_str("[")?;
                for (index, value) in list.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    match value {
                        Value::Text(text) => write!(f, "{comma}{text:?}")?,
                        value => write!(f, "{comma}{value}")?,
                    }
                }
                f.write_str("]")
            }
        }
    }
}
