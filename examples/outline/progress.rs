//! A progress bar on standard error, when that is a terminal and there is something to wait for.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// Fewer files than these are done before a bar is read.
const MANY: usize = 200;

/// Counts files; any thread may.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    pub fn files(total: usize) -> Self {
        let watched =
            std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
        if total < MANY || !watched {
            return Progress(None);
        }
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("parsing {wide_bar} {pos} of {len} files, {eta} left");
        Progress(Some(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))))
    }

    pub fn one_more(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
