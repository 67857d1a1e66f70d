//! The calls of the parser to what builds a tree.

use super::Number;

/// Text of a key or string: as it stands in the document, or put together because it held escapes.
#[derive(Clone, Copy, Debug)]
pub enum Text<'i, 's> {
    /// No escapes: a slice of the document itself, which a tree may borrow.
    Plain(&'i str),
    /// Unescaped by the parser, in memory that it is about to use again: must be copied.
    Unescaped(&'s str),
}

/// A builder has no memory for a value. It keeps the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Makes something of a document as it is parsed.
///
/// The calls come in the order of the text, children before their parent; `array(n)` and `object(n)` close
/// over the last `n` values that are not yet part of another. A builder therefore keeps a stack of values
/// and one of keys, and finds the document's root on the first when the parser is done. [`Full`] ends the parsing.
pub trait Builder<'i> {
    /// `null`.
    fn null(&mut self) -> Result<(), Full>;
    /// `true` or `false`.
    fn boolean(&mut self, value: bool) -> Result<(), Full>;
    /// A number.
    fn number(&mut self, number: Number) -> Result<(), Full>;
    /// A string that is a value.
    fn string(&mut self, text: Text<'i, '_>) -> Result<(), Full>;
    /// A member's key; the calls for its value follow.
    fn key(&mut self, text: Text<'i, '_>) -> Result<(), Full>;
    /// An array opens that has elements; `array` closes it. An empty one is closed at once.
    fn open_array(&mut self) -> Result<(), Full> {
        Ok(())
    }
    /// An object opens that has members; `object` closes it. An empty one is closed at once.
    fn open_object(&mut self) -> Result<(), Full> {
        Ok(())
    }
    /// The last `len` values are the elements of an array.
    fn array(&mut self, len: usize) -> Result<(), Full>;
    /// The last `len` values, with the last `len` keys, are the members of an object.
    fn object(&mut self, len: usize) -> Result<(), Full>;
}
