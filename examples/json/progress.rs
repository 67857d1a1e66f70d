//! A progress bar, for those who watch a large document.

use crate::watched;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Documents smaller than this are done before a bar is read.
const LARGE: usize = 32 << 20;

/// A bar on standard error, if that is a terminal and the work is large; else nothing.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar that counts bytes.
    pub fn bytes(what: &'static str, total: usize) -> Self {
        Self::new(what, total, total, "{msg} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}")
    }

    /// A bar that counts runs over a document of `size` bytes.
    pub fn runs(what: &'static str, total: usize, size: usize) -> Self {
        Self::new(what, total, size, "{msg} {wide_bar} {pos} of {len}, {eta} left")
    }

    fn new(what: &'static str, total: usize, size: usize, template: &str) -> Self {
        if size < LARGE || !watched(&std::io::stderr()) {
            return Progress(None);
        }
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Progress(Some(bar.with_style(style).with_message(what)))
    }

    /// This much is done.
    pub fn at(&self, done: usize) {
        if let Some(bar) = &self.0 {
            bar.set_position(done as u64);
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
