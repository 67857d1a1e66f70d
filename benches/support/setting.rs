//! A setting of the kernel's, changed for the time of a bench.

/// A file of `/sys` or `/proc`. What it said when this was made is written back when it is dropped.
pub struct Setting {
    file: String,
    pub before: String,
}

impl Setting {
    /// The setting, if it can be read.
    pub fn of(file: impl Into<String>) -> Option<Self> {
        let file = file.into();
        let text = std::fs::read_to_string(&file).ok()?;
        // Where there is a choice, the one that holds is in brackets.
        let chosen = text.split('[').nth(1).and_then(|text| text.split(']').next());
        let before = chosen.unwrap_or(&text).trim().to_owned();
        Some(Setting { file, before })
    }

    /// Changes it; whether that was allowed.
    pub fn set(&self, to: &str) -> bool {
        std::fs::write(&self.file, to).is_ok()
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        self.set(&self.before);
    }
}
