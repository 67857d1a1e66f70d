//! One build at a time: all flavours share cargo's directory, so that the build script is compiled once, and each takes
//! its library from there before the next puts another in the same place.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::Path;

unsafe extern "C" {
    /// `flock(2)`, of the libc that std is linked with.
    fn flock(descriptor: i32, operation: i32) -> i32;
}

/// Waits until nobody else builds in the directory. The turn lasts as long as the file is open.
pub fn wait_for(directory: &Path) -> Result<File, String> {
    const EXCLUSIVE: i32 = 2;
    let path = directory.join("turn");
    let file = fs::File::create(&path).map_err(|error| format!("cannot make {}: {error}", path.display()))?;
    // SAFETY: the descriptor is open, as `file` owns it; the call touches no memory of this process.
    match unsafe { flock(file.as_raw_fd(), EXCLUSIVE) } {
        0 => Ok(file),
        _ => Err(format!("cannot lock {}: {}", path.display(), std::io::Error::last_os_error())),
    }
}
