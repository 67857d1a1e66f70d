//! The JSON example's parser: what it accepts, what it refuses and what values it makes, against serde_json.
#![no_main]
#![allow(dead_code)] // the example's trees can be asked more than is asked here

#[path = "../../tests/model/json.rs"]
mod model;
#[path = "../../examples/json/parser/mod.rs"]
mod parser;
#[path = "../../examples/json/tree/mod.rs"]
mod tree;

use libfuzzer_sys::fuzz_target;

/// serde_json refuses what is nested deeper.
const DEPTH: usize = 127;

fuzz_target!(|document: &[u8]| {
    let peer = serde_json::from_slice::<serde_json::Value>(document);
    match (model::parse_with(document, DEPTH), peer) {
        (Ok(value), Ok(peer)) => assert_eq!(model::to_serde(&value), peer),
        (Err(error), Err(_)) => {
            assert!(error.offset <= document.len() && error.line > 0 && error.column > 0);
            assert!(error.excerpt(document).ends_with('^') && !error.to_string().is_empty());
        }
        (ours, peer) => panic!("{ours:?}, serde_json {peer:?}"),
    }
});
