//! The same in an arena: the collections are told where their memory is, and the tree ends with it, at once.

use region::Arena;
use region::collections::{String, Vec};

pub struct Key<'a> {
    name: String<'a>,
    values: Vec<'a, &'a str>,
}

pub fn read<'a>(arena: &'a Arena, text: &str) -> Vec<'a, Key<'a>> {
    let mut keys: Vec<Key> = Vec::new_in(arena);
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim());
        let at = keys.iter().position(|key| &*key.name == name).unwrap_or_else(|| {
            let mut lower = String::from_str_in(name, arena);
            lower.make_ascii_lowercase();
            keys.push(Key { name: lower, values: Vec::new_in(arena) });
            keys.len() - 1
        });
        // A value that will not grow is a reference.
        keys[at].values.push(arena.alloc_str(value));
    }
    keys
}

pub fn shown(keys: &[Key]) -> std::string::String {
    keys.iter().map(|key| std::format!("{}: {}\n", key.name, key.values.join(", "))).collect()
}

pub fn run(text: &str) -> std::string::String {
    let arena = Arena::new();
    let keys = read(&arena, text);
    shown(&keys)
}
