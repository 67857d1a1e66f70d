//! The text under way in an arena of the C ABI: grown, and thrown away.

use super::abi::*;
use super::{EINVAL, Model, round_up};
use std::ffi::c_int;
use std::ptr::null_mut;

impl Model {
    /// Does something to the text that makes `appended` of it, and checks what must hold.
    pub(super) fn append(&mut self, appended: &[u8], call: impl FnOnce(*mut Text) -> c_int) {
        let before = (self.text.data, self.text.capacity, self.text.len, self.used());
        let status = call(&raw mut self.text);
        self.settle();
        if status != 0 {
            assert_eq!((self.text.data, self.text.capacity, self.text.len, self.used()), before);
            assert_eq!(status, self.error());
            return self.refused(0, before.3);
        }
        // Within what its size was rounded up to it grows without taking anything, and no rewind can undo that.
        if (self.text.data, round_up(self.text.capacity)) != (before.0, round_up(before.1)) {
            let now = self.tick();
            self.text_taken = now;
            if before.0.is_null() {
                self.text_born = now;
            }
        }
        self.words.extend_from_slice(appended);
    }

    /// A text that was thrown away takes nothing and gives nothing back, until it is empty again.
    pub(super) fn try_lost_text(&mut self) {
        if self.text.data.is_null() {
            return;
        }
        let (before, text) = (self.used(), &raw mut self.text);
        // SAFETY: the arena is valid; the text says what it is.
        unsafe {
            assert_eq!(region_string_putc(text, 0), -EINVAL);
            assert!(region_string_reserve(text, 0) == -EINVAL && region_string_finish(text).is_null());
            assert_eq!(self.error(), -EINVAL);
            region_string_free(text);
        }
        assert!(self.text.data.is_null() && self.text.len == 0 && self.text.capacity == 0);
        assert_eq!(self.used(), before);
    }

    pub(super) fn forget_text(&mut self) {
        (self.text.data, self.text.len, self.text.capacity) = (null_mut(), 0, 0);
        self.words.clear();
    }
}
