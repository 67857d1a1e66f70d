//! A document to try the parser on: the same every time, and made like those that programs exchange.
//!
//! Records with short keys, a few nested lists, text with and without escapes, integers, fractions,
//! an exponent now and then, in one long array.

use std::collections::TryReserveError;
use std::fmt::Write;

const FIRST_NAMES: [&str; 12] =
    ["Ada", "Blaise", "Carl", "Dorothy", "Émilie", "Frances", "Grace", "Hedy", "Ítalo", "Юлия", "Katherine", "Łukasz"];
const WORDS: [&str; 16] = [
    "river", "stone", "lantern", "orchard", "harbour", "violet", "thunder", "meadow", "copper", "winter", "sparrow",
    "cinnamon", "garden", "compass", "feather", "island",
];
/// As they stand in the document, escapes and all; the others among them need none.
const REMARKS: [&str; 8] = [
    r#"said \"not before noon\" and left"#,
    r"C:\\data\\orders\\2024",
    r"first line\nsecond line\n\tindented",
    "no remark",
    "wants it delivered to the back door, next to the bicycle shed",
    r"caf\u00e9 on the corner, \ud83d\ude80 express",
    "日本語のメモ",
    r"and\/or tomorrow",
];

/// A document of at least `size` bytes, and less than a kilobyte more.
///
/// # Errors
/// When the system does not give so much memory.
pub fn document(size: usize) -> Result<String, TryReserveError> {
    let mut out = String::new();
    out.try_reserve_exact(size + 1024)?;
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    out.push_str("{\"title\": \"orders\", \"version\": 3, \"orders\": [");
    let mut id = 0u64;
    while out.len() < size {
        out.push_str(if id == 0 { "\n" } else { ",\n" });
        id += 1;
        // Writing to a `String` cannot fail.
        _ = order(&mut out, id, &mut chance);
    }
    _ = write!(out, "\n], \"count\": {id}}}\n");
    Ok(out)
}

fn order(out: &mut String, id: u64, chance: &mut Chance) -> std::fmt::Result {
    let first = chance.pick(&FIRST_NAMES);
    let last = chance.pick(&WORDS);
    write!(out, "{{\"id\": {id}, \"customer\": {{\"name\": \"{first} {last}\", ")?;
    write!(out, "\"mail\": \"{last}.{}@example.org\", ", chance.below(10_000))?;
    write!(out, "\"vip\": {}, \"rating\": ", chance.below(8) == 0)?;
    match chance.below(10) {
        0 => out.push_str("null"),
        tenths => write!(out, "{}.{tenths}", chance.below(5))?,
    }
    let (lat, lon) = (chance.below(180_000_000) as f64 / 1e6 - 90.0, chance.below(360_000_000) as f64 / 1e6 - 180.0);
    write!(out, "}}, \"at\": [{lat:.6}, {lon:.6}], \"items\": [")?;
    for item in 0..1 + chance.below(5) {
        out.push_str(if item == 0 { "" } else { ", " });
        write!(
            out,
            "{{\"sku\": \"{}-{:05}\", \"n\": {}, ",
            chance.pick(&WORDS),
            chance.below(100_000),
            1 + chance.below(9)
        )?;
        write!(out, "\"price\": {}.{:02}, \"tags\": [", chance.below(500), chance.below(100))?;
        for tag in 0..chance.below(4) {
            write!(out, "{}\"{}\"", if tag == 0 { "" } else { ", " }, chance.pick(&WORDS))?;
        }
        out.push_str("]}");
    }
    write!(
        out,
        "], \"remark\": \"{}\", \"weight\": {}e-{}}}",
        chance.pick(&REMARKS),
        chance.below(10_000),
        chance.below(4)
    )
}

/// Numbers that look random and are the same every time: Steele and Vigna's SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.below(words.len() as u64) as usize]
    }
}
