//! Containers in a scratch arena, and what they leave there, live as long as the claim is borrowed: they are made in
//! one function and used in another.

use hashbrown::{DefaultHashBuilder, HashMap};
use region::Arena;
use region::collections::{Box, String, Vec};

struct Index<'s, 't> {
    places: HashMap<&'t str, u32, DefaultHashBuilder, &'s Arena>,
    order: Vec<'s, &'t str>,
    title: String<'s>,
    boxed: Box<'s, std::string::String>,
}

fn index<'s, 't>(words: &[&'t str], scratch: &'s Arena) -> Index<'s, 't> {
    let mut places = HashMap::new_in(scratch);
    let mut order = Vec::new_in(scratch);
    for (word, at) in words.iter().zip(0..) {
        if places.insert(*word, at).is_none() {
            order.push(*word);
        }
    }
    let title = region::format!(in scratch, "{} words", order.len());
    Index { places, order, title, boxed: Box::new_in("dropped".to_string(), scratch) }
}

fn squares<'s>(n: u32, scratch: &'s Arena) -> &'s [u32] {
    let mut row = region::vec![in scratch];
    row.extend((0..n).map(|i| i * i));
    row.into_bump_slice()
}

fn main() {
    let arena = Arena::new();
    let words = arena.alloc_slice_copy(&["to", "be", "or", "to"]);
    let mut kept = Vec::new_in(&arena);
    {
        let claim = arena.claim();
        let index = index(words, &claim);
        let squares = squares(3, &claim);
        assert_eq!((index.places["to"], index.order.len(), &*index.title, index.boxed.len()), (3, 3, "3 words", 7));
        assert_eq!(squares, [0, 1, 4]);
        // The claim itself is a place, too, as a scope is.
        let text = region::format!(in &claim, "{}", squares[2]);
        assert_eq!((text.as_str(), *Box::new_in(1, &claim)), ("4", 1));
        let mut map = HashMap::new_in(&claim);
        map.insert(1, 2);
    }
    kept.extend(words.iter().copied());
    assert_eq!(kept.len(), 4);
}
