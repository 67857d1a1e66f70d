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

/// A function that holds a tree's value against the heap's.
macro_rules! comparison {
    ($name:ident, $tree:ident, $number:expr) => {
        fn $name(value: &$tree::Value<'_>, owned: &heap::Value) {
            match (value, owned) {
                ($tree::Value::Null, heap::Value::Null) => {}
                ($tree::Value::Bool(a), heap::Value::Bool(b)) => assert_eq!(a, b),
                (_, heap::Value::Number(b)) => assert_eq!($number(value), Some(*b)),
                ($tree::Value::String(a), heap::Value::String(b)) => assert_eq!(**a, **b),
                ($tree::Value::Array(a), heap::Value::Array(b)) => {
                    assert_eq!(a.len(), b.len());
                    a.iter().zip(b).for_each(|(a, b)| $name(a, b));
                }
                ($tree::Value::Object(a), heap::Value::Object(b)) => {
                    assert_eq!(a.len(), b.len());
                    for (a, b) in a.iter().zip(b) {
                        assert_eq!(*a.key, *b.key);
                        $name(&a.value, &b.value);
                    }
                }
                (value, owned) => panic!("{value:?} is not {owned:?}"),
            }
        }
    };
}

comparison!(assert_same, arena, |value: &arena::Value<'_>| match value {
    arena::Value::Number(number) => Some(*number),
    _ => None,
});
comparison!(assert_same_compact, compact, |value: &compact::Value<'_>| value.number());

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
