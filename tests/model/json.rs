//! What every tree of the JSON example must agree on, and the same value as serde_json has it.
//!
//! For programs that have the example's `parser` and `tree` at their root.

use crate::parser::{Number, Options, SyntaxError};
use crate::tree::arena::{self, Arena, Strings};
use crate::tree::{Census, compact, heap};

/// Parses into both trees, which must agree, and returns the one that owns itself.
pub fn parse_with(document: &[u8], max_depth: usize) -> Result<heap::Value, SyntaxError> {
    let options = Options { max_depth };
    let owned = heap::parse(document, options, |_| ());
    for strings in [Strings::Borrowed, Strings::Copied] {
        let arena = Arena::new();
        match (arena::parse(document, &arena, strings, options, |_| ()), &owned) {
            (Ok(value), Ok(owned)) => {
                assert_same(&value, owned);
                assert_eq!(Census::of(&value).unwrap(), Census::of(owned).unwrap());
            }
            (Err(error), Err(same)) => assert_eq!(error, arena::Refused::Syntax(*same)),
            (here, there) => panic!("{strings:?} gives {here:?}, the heap {there:?}"),
        }
    }
    let cage = compact::arena(document.len());
    match (compact::parse(document, &cage, options, |_| ()), &owned) {
        (Ok(value), Ok(owned)) => {
            assert_same_compact(&value, owned);
            assert_eq!(Census::of(&value).unwrap(), Census::of(owned).unwrap());
        }
        (Err(error), Err(same)) => assert_eq!(error, arena::Refused::Syntax(*same)),
        (here, there) => panic!("a cage gives {here:?}, the heap {there:?}"),
    }
    owned
}

fn assert_same_compact(compact: &compact::Value<'_>, owned: &heap::Value) {
    match (compact, owned) {
        (compact::Value::Null, heap::Value::Null) => {}
        (compact::Value::Bool(a), heap::Value::Bool(b)) => assert_eq!(a, b),
        (_, heap::Value::Number(b)) => assert_eq!(compact.number(), Some(*b)),
        (compact::Value::String(a), heap::Value::String(b)) => assert_eq!(a.as_str(), b),
        (compact::Value::Array(a), heap::Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| assert_same_compact(a, b));
        }
        (compact::Value::Object(a), heap::Value::Object(b)) => {
            assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(b) {
                assert_eq!(a.key.as_str(), b.key);
                assert_same_compact(&a.value, &b.value);
            }
        }
        (compact, owned) => panic!("{compact:?} is not {owned:?}"),
    }
}

fn assert_same(arena: &arena::Value<'_>, owned: &heap::Value) {
    match (arena, owned) {
        (arena::Value::Null, heap::Value::Null) => {}
        (arena::Value::Bool(a), heap::Value::Bool(b)) => assert_eq!(a, b),
        (arena::Value::Number(a), heap::Value::Number(b)) => assert_eq!(a, b),
        (arena::Value::String(a), heap::Value::String(b)) => assert_eq!(a, b),
        (arena::Value::Array(a), heap::Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| assert_same(a, b));
        }
        (arena::Value::Object(a), heap::Value::Object(b)) => {
            assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(b) {
                assert_eq!(a.key, b.key);
                assert_same(&a.value, &b.value);
            }
        }
        (arena, owned) => panic!("{arena:?} is not {owned:?}"),
    }
}

/// The same tree as serde_json has it. A duplicate key's last value wins there.
pub fn to_serde(value: &heap::Value) -> serde_json::Value {
    match value {
        heap::Value::Null => serde_json::Value::Null,
        heap::Value::Bool(value) => (*value).into(),
        heap::Value::Number(Number::Unsigned(number)) => (*number).into(),
        heap::Value::Number(Number::Negative(number)) => (*number).into(),
        heap::Value::Number(Number::Float(number)) => (*number).into(),
        heap::Value::String(text) => text.as_str().into(),
        heap::Value::Array(elements) => elements.iter().map(to_serde).collect(),
        heap::Value::Object(members) => {
            members.iter().map(|member| (member.key.clone(), to_serde(&member.value))).collect()
        }
    }
}
