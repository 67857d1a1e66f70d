//! The functions that a program finds there.

use super::error::Kind;
use super::list::List;
use super::value::Value;
use region::Scope;
use region::error::AllocReason;
use std::fmt;
use std::io::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// Prints its arguments with spaces between, and a new line.
    Print,
    /// Elements of a list, characters of a string.
    Len,
    /// The list with one more element at its end.
    Push,
    /// Any value as text.
    Str,
    /// The number that a text is.
    Int,
    /// The elements as text, with the second argument between.
    Join,
    /// The characters of a text, as a list.
    Chars,
    /// The numbers from the first to below the second.
    Range,
}

impl Builtin {
    pub const ALL: [Builtin; 8] = [
        Builtin::Print,
        Builtin::Len,
        Builtin::Push,
        Builtin::Str,
        Builtin::Int,
        Builtin::Join,
        Builtin::Chars,
        Builtin::Range,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Builtin::Print => "print",
            Builtin::Len => "len",
            Builtin::Push => "push",
            Builtin::Str => "str",
            Builtin::Int => "int",
            Builtin::Join => "join",
            Builtin::Chars => "chars",
            Builtin::Range => "range",
        }
    }

    /// How many arguments it takes; `print` takes any number.
    const fn arguments(self) -> Option<usize> {
        match self {
            Builtin::Print => None,
            Builtin::Len | Builtin::Str | Builtin::Int | Builtin::Chars => Some(1),
            Builtin::Push | Builtin::Join | Builtin::Range => Some(2),
        }
    }

    pub fn call<'p, 'a>(
        self,
        arguments: &[Value<'p, 'a>],
        scope: &Scope<'a>,
        out: &mut dyn Write,
    ) -> Result<Value<'p, 'a>, Kind<'p>> {
        if let Some(wanted) = self.arguments().filter(|&wanted| wanted != arguments.len()) {
            return Err(Kind::Arguments { name: self.name(), wanted, given: arguments.len() });
        }
        let wrong = |at: usize| Kind::Operand { operation: self.name(), found: arguments[at].kind() };
        Ok(match (self, arguments) {
            (Builtin::Print, values) => {
                print(values, out).map_err(|error| Kind::Output(error.kind()))?;
                Value::Nil
            }
            (Builtin::Len, [Value::List(list)]) => Value::Int(list.len() as i64),
            (Builtin::Len, [Value::Text(text)]) => Value::Int(text.chars().count() as i64),
            (Builtin::Push, &[Value::List(list), value]) => Value::List(list.push(value, scope)?),
            (Builtin::Str, [text @ Value::Text(_)]) => *text,
            (Builtin::Str, [value]) => Value::Text(text(format_args!("{value}"), scope)?),
            (Builtin::Int, [Value::Text(text)]) => Value::Int(text.trim().parse().map_err(|_| Kind::NotANumber)?),
            (Builtin::Join, [Value::List(list), Value::Text(between)]) => {
                Value::Text(text(format_args!("{}", Joined(*list, between)), scope)?)
            }
            (Builtin::Chars, [Value::Text(text)]) => {
                let mut list = List::EMPTY;
                for (at, char) in text.char_indices() {
                    // A part of a text is a text that is there already.
                    list = list.push(Value::Text(&text[at..at + char.len_utf8()]), scope)?;
                }
                Value::List(list)
            }
            (Builtin::Range, &[Value::Int(from), Value::Int(to)]) => {
                let list = (from..to).try_fold(List::EMPTY, |list, number| list.push(Value::Int(number), scope));
                Value::List(list?)
            }
            (Builtin::Range | Builtin::Join, [Value::Int(_) | Value::List(_), _]) => return Err(wrong(1)),
            _ => return Err(wrong(0)),
        })
    }
}

fn print(values: &[Value<'_, '_>], out: &mut dyn Write) -> std::io::Result<()> {
    for (at, value) in values.iter().enumerate() {
        write!(out, "{}{value}", if at == 0 { "" } else { " " })?;
    }
    writeln!(out)
}

/// Formats into the scope.
pub fn text<'p, 'a>(arguments: fmt::Arguments<'_>, scope: &Scope<'a>) -> Result<&'a str, Kind<'p>> {
    match scope.try_alloc_fmt(arguments) {
        Ok(text) => Ok(text),
        Err(error) => {
            debug_assert!(error.reason() != AllocReason::Format, "no value's display fails");
            Err(Kind::Memory(error))
        }
    }
}

struct Joined<'p, 'a>(List<'p, 'a>, &'a str);

impl fmt::Display for Joined<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, value) in self.0.iter().enumerate() {
            write!(f, "{}{value}", if at == 0 { "" } else { self.1 })?;
        }
        Ok(())
    }
}
