//! The Pebble example's language: any source runs, or is refused with a place that can be shown.
//!
//! A program may run for ever, so a source with `while`, or with loops in loops in loops, is parsed and not run.
#![no_main]
#![allow(dead_code, unused_imports)] // the language has more ways in than are taken here

#[path = "../../examples/pebble/language/mod.rs"]
mod language;

use language::error::Error;
use language::syntax::Code;
use language::{Limits, parse, run};
use libfuzzer_sys::fuzz_target;
use region::Arena;
use region::cage::Cage;

/// Little, as programs can be exponential in the one and quadratic in the other.
const LIMITS: Limits = Limits { depth: 14, memory: 64 << 10 };

fn check(error: &Error<'_>, source: &str) {
    assert!(error.at.start <= error.at.end && error.at.end as usize <= source.len(), "{error:?}");
    let report = error.report("it", source).to_string();
    assert!(report.starts_with("it:") && report.ends_with('^'), "{report}");
}

fuzz_target!(|source: &str| {
    let tree = Code::arena();
    match parse(source, &tree) {
        Err(error) => check(&error, source),
        Ok(_) if source.contains("while") || source.matches("for").count() > 2 => {}
        Ok(program) => {
            let (mut one, mut another) = (Arena::new(), Arena::new());
            let (spent, result) = run(&program, [&mut one, &mut another], LIMITS, &mut std::io::sink());
            assert!(spent.depth <= LIMITS.depth);
            if let Err(error) = result {
                check(&error, source);
            }
            assert_eq!((one.used(), another.used()), (0, 0), "a program's values outlive it");
        }
    }
});
