//! A JSON tree in a cage, whose text is in it, and its builder for the example's parser.

use super::parser::{self, Builder, Full, Number, Options, Text};
use super::tree::{Node, Shape};
use hashbrown::HashMap;
use region::RegionVec;
use region::cage::{CageArena, Slice32, Str32};

region::cage! {
    /// Documents.
    pub struct Documents;
}

region::savable! {
    in Documents;

    /// A JSON value.
    #[derive(Clone, Copy)]
    pub enum Value<'a> {
        Null,
        Bool(bool),
        Unsigned(u64),
        Negative(i64),
        Float(f64),
        String(Str32<'a, Documents>),
        Array(Slice32<'a, Value<'a>, Documents>),
        Object(Slice32<'a, Member<'a>, Documents>),
    }

    /// A member of an object.
    #[derive(Clone, Copy)]
    pub struct Member<'a> {
        pub key: Str32<'a, Documents>,
        pub value: Value<'a>,
    }
}

region::root! {
    /// A document's tree.
    pub struct Document = for<'a> Value<'a>;
}

/// Puts lists into the arena when they are closed.
struct Grower<'a> {
    arena: &'a CageArena<Documents>,
    values: RegionVec<Value<'a>>,
    keys: RegionVec<Str32<'a, Documents>>,
    /// Each key is in the tree once.
    known: HashMap<&'a str, Str32<'a, Documents>>,
}

impl<'a> Grower<'a> {
    fn keep(&mut self, text: Text<'_, '_>) -> Result<Str32<'a, Documents>, Full> {
        let (Text::Plain(text) | Text::Unescaped(text)) = text;
        Str32::try_new_in(text, self.arena).map_err(|_| Full)
    }

    fn push(&mut self, value: Value<'a>) -> Result<(), Full> {
        self.values.try_push(value).map_err(|_| Full)
    }
}

impl<'a, 'i> Builder<'i> for Grower<'a> {
    fn null(&mut self) -> Result<(), Full> {
        self.push(Value::Null)
    }

    fn boolean(&mut self, value: bool) -> Result<(), Full> {
        self.push(Value::Bool(value))
    }

    fn number(&mut self, number: Number) -> Result<(), Full> {
        self.push(match number {
            Number::Unsigned(number) => Value::Unsigned(number),
            Number::Negative(number) => Value::Negative(number),
            Number::Float(number) => Value::Float(number),
        })
    }

    fn string(&mut self, text: Text<'i, '_>) -> Result<(), Full> {
        let text = self.keep(text)?;
        self.push(Value::String(text))
    }

    fn key(&mut self, text: Text<'i, '_>) -> Result<(), Full> {
        let (Text::Plain(name) | Text::Unescaped(name)) = text;
        let known = self.known.get(name).copied();
        let key = match known {
            Some(key) => key,
            None => {
                let key = self.keep(text)?;
                self.known.insert(key.as_str(), key);
                key
            }
        };
        self.keys.try_push(key).map_err(|_| Full)
    }

    fn array(&mut self, len: usize) -> Result<(), Full> {
        let first = self.values.len() - len;
        let list = Slice32::try_new_in(&self.values[first..], self.arena).map_err(|_| Full)?;
        self.values.truncate(first);
        self.push(Value::Array(list))
    }

    fn object(&mut self, len: usize) -> Result<(), Full> {
        let (first, first_key) = (self.values.len() - len, self.keys.len() - len);
        let pairs = self.keys[first_key..].iter().zip(&self.values[first..]);
        let members = pairs.map(|(&key, &value)| Member { key, value });
        let list = Slice32::try_from_iter_in(members, self.arena).map_err(|_| Full)?;
        self.keys.truncate(first_key);
        self.values.truncate(first);
        self.push(Value::Object(list))
    }
}

/// Parses a document into the arena.
pub fn parse<'a>(text: &str, arena: &'a CageArena<Documents>) -> Value<'a> {
    let mut grower = Grower { arena, values: RegionVec::new(), keys: RegionVec::new(), known: HashMap::new() };
    parser::parse(text.as_bytes(), Options::default(), &mut grower, |_| ()).expect("the document is good");
    grower.values[0]
}

/// The parts of an array or object.
pub enum Parts<'t, 'a> {
    Elements(std::slice::Iter<'t, Value<'a>>),
    Members(std::slice::Iter<'t, Member<'a>>),
}

impl<'t, 'a> Iterator for Parts<'t, 'a> {
    type Item = (Option<&'t str>, &'t Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Parts::Elements(elements) => elements.next().map(|value| (None, value)),
            Parts::Members(members) => members.next().map(|member| (Some(member.key.as_str()), &member.value)),
        }
    }
}

impl<'a> Node for Value<'a> {
    type Parts<'t>
        = Parts<'t, 'a>
    where
        'a: 't;

    fn shape(&self) -> Shape<'_, Parts<'_, 'a>> {
        match self {
            Value::Null | Value::Bool(_) => Shape::Word,
            Value::Unsigned(number) => Shape::Number(*number as f64),
            Value::Negative(number) => Shape::Number(*number as f64),
            Value::Float(number) => Shape::Number(*number),
            Value::String(text) => Shape::String(text),
            Value::Array(elements) => Shape::Array(Parts::Elements(elements.iter())),
            Value::Object(members) => Shape::Object(Parts::Members(members.iter())),
        }
    }
}
