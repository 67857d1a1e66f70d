//! Settings in the standard library's collections: each key and each value is a `String` of its own.

pub struct Key {
    name: String,
    values: Vec<String>,
}

pub fn read(text: &str) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim());
        let at = keys.iter().position(|key| key.name == name).unwrap_or_else(|| {
            keys.push(Key { name: name.to_lowercase(), values: Vec::new() });
            keys.len() - 1
        });
        keys[at].values.push(value.to_owned());
    }
    keys
}

pub fn shown(keys: &[Key]) -> String {
    keys.iter().map(|key| format!("{}: {}\n", key.name, key.values.join(", "))).collect()
}

pub fn run(text: &str) -> String {
    let keys = read(text);
    shown(&keys)
}
