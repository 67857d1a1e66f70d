//! A `serde_json::Value`, seen by the same questions as the other trees.

use super::{Node, Shape};
use serde_json::Value;

/// The parts of an array or object.
pub enum Parts<'t> {
    Elements(std::slice::Iter<'t, Value>),
    Members(serde_json::map::Iter<'t>),
}

impl<'t> Iterator for Parts<'t> {
    type Item = (Option<&'t str>, &'t Value);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Parts::Elements(elements) => elements.next().map(|value| (None, value)),
            Parts::Members(members) => members.next().map(|(key, value)| (Some(key.as_str()), value)),
        }
    }
}

impl Node for Value {
    type Parts<'t> = Parts<'t>;

    #[inline]
    fn shape(&self) -> Shape<'_, Parts<'_>> {
        match self {
            Value::Null | Value::Bool(_) => Shape::Word,
            // Without the arbitrary-precision feature every number is an `f64` or fits one.
            Value::Number(number) => Shape::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Shape::String(text),
            Value::Array(elements) => Shape::Array(Parts::Elements(elements.iter())),
            Value::Object(members) => Shape::Object(Parts::Members(members.iter())),
        }
    }
}
