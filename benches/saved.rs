//! A saved tree opened, against parsing the text that it was made of: the JSON example's document and parser.
//!
//! ```sh
//! cargo bench --bench saved
//! cargo bench --bench saved -- "100 MB"        # only the contest of this document
//! ```
//!
//! Parsing begins with the text in memory and ends with the tree; opening begins with a path, or a descriptor of sealed
//! memory, and ends with the root's reference. Both free what they made. "And walked" goes once over the tree as well. The
//! file is in the page cache. Parsed "in an arena" is the example's own tree, which borrows text from the document;
//! what is saved must have its text in it, as "in a cage" has.

#[path = "../examples/json/parser/mod.rs"]
#[allow(dead_code)]
mod parser;
#[path = "../examples/json/sample.rs"]
mod sample;
mod support;
#[path = "../examples/json/tree/mod.rs"]
#[allow(dead_code)]
mod tree;

use region::cage::Saved;
use std::hint::black_box;
use support::Duel;
use tree::{Census, compact};

region::root! {
    /// A document's tree.
    struct Document = for<'a> compact::Value<'a>;
}

type Opened = Saved<Document, compact::Json>;

fn contest(megabytes: usize, rounds: usize) {
    let text = sample::document(megabytes * 1_000_000).expect("memory for the document");
    let options = parser::Options::default();
    let arena = compact::arena(text.len());
    let root = compact::parse(text.as_bytes(), &arena, options, |_| ()).unwrap();
    let census = Census::of(&root).unwrap();
    let image = Opened::image(&root).unwrap();
    let path = std::env::temp_dir().join(format!("region-bench-saved-{}", std::process::id()));
    let path = path.to_str().unwrap();
    image.write(path).unwrap();
    let sealed = image.seal(c"bench").unwrap();
    let used = arena.used();
    drop(image);

    // SAFETY: the file is this program's own, made of these types, and nobody changes it.
    let trusted = || unsafe { Opened::open_trusted(path) }.unwrap();
    let checked = || Opened::open(path).unwrap();
    let in_place = || Opened::open_fd(sealed.descriptor()).unwrap();
    // One after the other: each has the place in the cage that the file names.
    for (open, mapped) in [(&trusted as &dyn Fn() -> Opened, true), (&checked, false), (&in_place, true)] {
        let opened = open();
        assert_eq!(opened.is_mapped(), mapped);
        assert_eq!(Census::of(opened.get()).unwrap(), census);
    }
    println!("\n{megabytes} MB of text: {} values, {:.1} MB in a cage", census.values(), used as f64 / 1e6);
    let walked = |opened: Opened| {
        black_box(Census::of(opened.get()).unwrap().values());
    };
    let ratios = Duel::new(format!("open, {megabytes} MB of JSON, by values"), census.values() as u64, rounds)
        .add("parsed, in a cage", || {
            let arena = compact::arena(text.len());
            black_box(compact::parse(text.as_bytes(), &arena, options, |_| ()).unwrap());
        })
        .add("parsed, in an arena", || {
            let arena = region::Arena::new();
            black_box(
                tree::arena::parse(text.as_bytes(), &arena, tree::arena::Strings::Borrowed, options, |_| ()).unwrap(),
            );
        })
        .add("checked, file", || drop(black_box(checked())))
        .add("checked, sealed memory", || drop(black_box(in_place())))
        .add("trusted", || drop(black_box(trusted())))
        .add("checked, file, and walked", || walked(checked()))
        .add("checked, sealed, and walked", || walked(in_place()))
        .add("trusted, and walked", || walked(trusted()))
        .run();
    for (name, ratio) in ratios.iter().skip(2) {
        let [cage, arena] = [ratios[0].1, ratios[1].1].map(|parsed| parsed / ratio);
        println!("  {name:<28} {cage:>8.1}× as fast as parsing in a cage, {arena:>8.1}× in an arena");
    }
    std::fs::remove_file(path).unwrap();
}

fn main() {
    contest(1, 41);
    contest(100, 9);
}
