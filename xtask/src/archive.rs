//! One object, out of rustc's archive of hundreds, and an archive of it.
//!
//! rustc puts all of the compiler's own functions in (`compiler_builtins`), which a linker takes on demand alone: 4 MB
//! that `--whole-archive` cannot link, for they refer to a standard library. Here the library's own object is joined
//! with those of them that it calls (none on x86-64), and all but the flavour's own symbols are made local: nothing in
//! the program can clash with them. Sections stay one a function, for `-Wl,--gc-sections`.

use crate::tool::{AR, LD, OBJCOPY, run};
use std::fs;
use std::path::{Path, PathBuf};

/// Makes one object with these symbols, in a directory of `work`: where it is.
pub fn join(archive: &Path, symbols: &[&str], work: &Path, triple: Option<&str>) -> Result<PathBuf, String> {
    let place = work.join("join");
    let failed = |error| format!("cannot work in {}: {error}", place.display());
    if place.exists() {
        fs::remove_dir_all(&place).map_err(failed)?;
    }
    fs::create_dir_all(&place).map_err(failed)?;
    let archive = archive.canonicalize().map_err(failed)?;
    let list = run(AR.for_target(triple)?.arg("t").arg(&archive))?;
    // rustc calls them after the crate.
    let own: Vec<&str> = list.lines().filter(|member| member.starts_with("region")).collect();
    if own.is_empty() {
        return Err(format!("no object in {} is the library's own", archive.display()));
    }
    run(AR.for_target(triple)?.arg("x").arg(&archive).args(&own).current_dir(&place))?;
    // What stands in the archive comes second, and of it what is called.
    run(LD.for_target(triple)?.args(["-r", "-o", "joined.o"]).args(&own).arg(&archive).current_dir(&place))?;
    let keep = symbols.iter().map(|symbol| format!("--keep-global-symbol={symbol}"));
    let files = ["joined.o", OBJECT];
    run(OBJCOPY.for_target(triple)?.arg("--wildcard").args(keep).args(files).current_dir(&place))?;
    Ok(place.join(OBJECT))
}

/// Makes an archive of the object, beside it: where it is.
pub fn pack(object: &Path, triple: Option<&str>) -> Result<PathBuf, String> {
    let place = object.parent().unwrap_or(Path::new("."));
    // D: without times and users, so that two builds are the same file.
    run(AR.for_target(triple)?.args(["rcsD", ARCHIVE, OBJECT]).current_dir(place))?;
    Ok(place.join(ARCHIVE))
}

const OBJECT: &str = "region.o";
pub const ARCHIVE: &str = "libregion.a";
