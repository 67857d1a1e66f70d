//! The shared library, out of the one object.
//!
//! The object holds all that it needs, so it is linked here and not by rustc, which would compile all of it once more, and
//! whose own version script allows no versions beside it. With a version of its symbols a program says what it was linked
//! with, and a loader refuses a library that lacks it. Only the flavour's own symbols are exported.

use crate::flavour::Shared;
use crate::tool::{LD, run};
use std::fs;
use std::path::{Path, PathBuf};

/// Links the object into a shared library, in a directory of `work`: where it is.
pub fn link(
    object: &Path,
    shared: &Shared,
    symbols: &[&str],
    work: &Path,
    triple: Option<&str>,
) -> Result<PathBuf, String> {
    let (versions, made) = (work.join("symbols.map"), work.join("shared.so"));
    let global: String = symbols.iter().map(|symbol| format!("{symbol}; ")).collect();
    let text = format!("{} {{ global: {global}local: *; }};\n", shared.version.unwrap_or_default());
    fs::write(&versions, text).map_err(|error| format!("cannot write {}: {error}", versions.display()))?;
    run(LD
        .for_target(triple)?
        .args(["-shared", "--hash-style=gnu", "--build-id=sha1", "--eh-frame-hdr", "--gc-sections"])
        .args(["-z", "relro", "-z", "now", "-z", "noexecstack"])
        .args(shared.soname.iter().flat_map(|name| ["-soname", name]))
        .arg(format!("--version-script={}", versions.display()))
        .args([object.as_os_str(), "-o".as_ref(), made.as_os_str()]))?;
    Ok(made)
}
