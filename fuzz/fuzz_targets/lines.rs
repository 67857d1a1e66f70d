//! The lines of any text, from either end, against cutting at newlines; and its records. The text ends where readable
//! memory ends.
#![no_main]

#[path = "../../tests/model/lines.rs"]
mod model;

use libfuzzer_sys::fuzz_target;
use region::Region;
use std::cell::RefCell;

thread_local! {
    /// Memory with nothing readable behind it, so that a read past the text is a fault.
    static EDGE: RefCell<Region> = RefCell::new(Region::options().len(1 << 16).guard_pages().map().unwrap());
}

fuzz_target!(|case: (&[u8], Vec<bool>)| {
    let (text, turns) = case;
    EDGE.with_borrow_mut(|edge| {
        let Some(start) = edge.len().checked_sub(text.len()) else { return };
        let at_edge = &mut edge.as_mut_slice()[start..];
        at_edge.copy_from_slice(text);
        model::check(at_edge);
        model::check_both_ends(at_edge, b'\n', &turns);
        let delimiter = at_edge.first().copied().unwrap_or(0);
        for delimiter in [delimiter, 0] {
            model::check_records(at_edge, delimiter);
            model::check_both_ends(at_edge, delimiter, &turns);
        }
        if let Ok(text) = std::str::from_utf8(at_edge) {
            model::check_crlf(text);
        }
    });
});
