//! What errors say: the call, what it was about, the number, the limit that refused if one did, and what to do.
#![cfg(all(target_os = "linux", not(miri)))]

mod support;

#[cfg(target_pointer_width = "64")]
use region::Arena;
use region::{FileRegion, Input, Region};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
#[cfg(target_pointer_width = "64")]
use support::promised;
use support::{TempPath, forked, in_a_process_of_its_own, limit, skip};

/// A directory of this test's own.
struct Folder(TempPath);

impl Folder {
    fn new() -> Self {
        let path = TempPath::new();
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn join(&self, name: &str) -> Vec<u8> {
        Path::new(self.0.as_ref()).join(name).as_os_str().as_bytes().to_vec()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn read(path: &[u8]) -> String {
    Input::read(path).expect_err("was read").to_string()
}

fn open(path: &[u8]) -> String {
    // SAFETY: the files are this test's own, and nothing is read from them.
    unsafe { FileRegion::open(path) }.expect_err("was opened").to_string()
}

fn create(path: &[u8]) -> String {
    // SAFETY: the files are this test's own.
    unsafe { FileRegion::create(path, 100) }.expect_err("was created").to_string()
}

#[track_caller]
fn says(said: &str, begin: &str, end: &str) {
    assert!(
        said.starts_with(begin) && said.ends_with(end),
        "{said}\nwas to begin with: {begin}\nand to end with: {end}"
    );
}

#[test]
fn a_path_that_cannot_be_opened_says_why_for_what_was_asked() {
    let folder = Folder::new();
    let file = folder.join("file");
    std::fs::write(Path::new(std::ffi::OsStr::from_bytes(&file)), b"x").unwrap();
    let missing = folder.join("missing");
    says(&read(&missing), "cannot open the file: ENOENT (open).", "There is no such file; check the path.");
    says(&open(&missing), "cannot open the file for writing: ENOENT (open).", "There is no such file; check the path.");
    let deep = folder.join("missing/file");
    says(&create(&deep), "cannot create the file: ENOENT (open).", "does not exist; make it first.");

    let through = folder.join("file/further");
    for (said, verb) in [
        (read(&through), "open the file:"),
        (open(&through), "open the file for writing:"),
        (create(&through), "create the file:"),
    ] {
        says(&said, &format!("cannot {verb} ENOTDIR (open)."), "a file where a directory is needed; check the path.");
    }

    let circle = folder.join("circle");
    std::os::unix::fs::symlink("circle", Path::new(std::ffi::OsStr::from_bytes(&circle))).unwrap();
    says(&read(&circle), "cannot open the file: ELOOP (open).", "through a circle of them.");
    let long = folder.join(&"x".repeat(1000));
    says(&create(&long), "cannot create the file: ENAMETOOLONG (open).", "255 bytes on most.");

    let directory = folder.join("");
    says(&read(&directory), "cannot read: it is a directory.", "Name a file in it.");
    says(&open(&directory), "cannot open the file for writing: EISDIR (open).", "name a file in it.");
    says(&create(&directory), "cannot create the file: EISDIR (open).", "name a file in it.");
}

#[test]
fn a_program_that_runs_is_not_written_to_and_the_error_says_so() {
    let me = std::env::current_exe().unwrap();
    says(
        &open(me.as_os_str().as_bytes()),
        "cannot open the file for writing: ETXTBSY (open).",
        "write to another file, or wait for its end.",
    );
}

#[test]
fn permissions_are_named_for_what_was_asked() {
    let folder = Folder::new();
    let file = folder.join("secret");
    let path = Path::new(std::ffi::OsStr::from_bytes(&file));
    std::fs::write(path, b"x").unwrap();
    let ends = forked(|| {
        use std::os::unix::fs::PermissionsExt;
        let only = |mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        only(0);
        // SAFETY: changes the forked child's identity alone; root may open whatever it likes.
        if unsafe { libc::geteuid() } == 0 {
            std::fs::set_permissions(&folder.0, std::fs::Permissions::from_mode(0o755)).unwrap();
            // Down to a user whom the files do not belong to.
            // SAFETY: as above.
            assert_eq!(unsafe { libc::setegid(65_534) }, 0);
            // SAFETY: as above.
            assert_eq!(unsafe { libc::seteuid(65_534) }, 0);
        }
        if std::fs::metadata(path).is_err() {
            // A directory on the way keeps that user out, so nothing can be seen of the file itself.
            return true;
        }
        says(&read(&file), "cannot open the file: EACCES (open).", "do not let this user read it.");
        says(&open(&file), "cannot open the file for writing: EACCES (open).", "read and write it.");
        says(&create(&file), "cannot create the file: EACCES (open).", "do not let this user write to it.");
        true
    });
    assert_eq!(ends, 0);
}

#[test]
fn an_empty_file_is_called_one() {
    let file = TempPath::with(b"");
    says(&open(file.bytes()), "cannot map the file: it is empty,", "or make it longer.");
    // SAFETY: nothing is read of it.
    let directory = unsafe { FileRegion::open_read_only("/") }.unwrap_err().to_string();
    assert_eq!(directory, "cannot map the file: it is a directory. Name a file in it.");
}

#[test]
fn pages_that_are_locked_say_that_they_must_be_unlocked_first() {
    let mut region = Region::new(region::page_size()).unwrap();
    if let Err(error) = region.lock(..) {
        return skip(&format!("giving back locked pages: {error}"));
    }
    says(
        &region.decommit(..).unwrap_err().to_string(),
        &format!("cannot give back the RAM of {} KiB: EINVAL (madvise).", region::page_size() >> 10),
        "The pages are locked in RAM; unlock them first.",
    );
}

// Limits in terms of which 32 bits of addresses are few.
#[cfg(target_pointer_width = "64")]
const GIB: usize = 1 << 30;

#[cfg(target_pointer_width = "64")]
#[test]
fn the_limit_of_addresses_is_named_when_it_refused() {
    in_a_process_of_its_own!("the_limit_of_addresses_is_named_when_it_refused");
    limit(libc::RLIMIT_AS, 4 * GIB as u64);
    for said in [
        Region::new(5 * GIB).unwrap_err().to_string(),
        Region::reserve(5 * GIB).unwrap_err().to_string(),
        Arena::new().try_alloc_slice_fill_copy(5 * GIB, 0u8).unwrap_err().to_string(),
    ] {
        assert!(said.contains("4 GiB of address space (RLIMIT_AS); raise it with `ulimit -v`"), "{said}");
    }
}

#[cfg(target_pointer_width = "64")]
#[test]
fn the_limit_of_data_is_named_when_it_refused_and_no_other() {
    in_a_process_of_its_own!("the_limit_of_data_is_named_when_it_refused_and_no_other");
    // Where the system refuses it, too, no limit is named.
    if !promised(GIB / 2) {
        return;
    }
    limit(libc::RLIMIT_DATA, GIB as u64 / 4);
    // Large enough for all that is asked for here.
    limit(libc::RLIMIT_AS, 64 * GIB as u64);
    let data = "256 MiB of private writable memory (RLIMIT_DATA); raise it with `ulimit -d`";
    let said = Region::new(GIB / 2).unwrap_err().to_string();
    assert!(said.contains("ENOMEM (mmap)") && said.contains(data), "{said}");
    let mut reserved = Region::reserve(GIB / 2).unwrap();
    let said = reserved.commit(..).unwrap_err().to_string();
    assert!(said.contains("ENOMEM (mprotect)") && said.contains(data), "{said}");
    let said = Arena::new().try_alloc_slice_fill_copy(GIB / 2, 0u8).unwrap_err().to_string();
    assert!(said.contains(data), "{said}");
    // Addresses are what is lacking here, whatever the limit of data is.
    let said = Region::reserve(65 * GIB).unwrap_err().to_string();
    assert!(said.contains("RLIMIT_AS") && !said.contains("RLIMIT_DATA"), "{said}");
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_limit_that_did_not_refuse_is_not_named() {
    in_a_process_of_its_own!("a_limit_that_did_not_refuse_is_not_named");
    if !promised(64 * GIB) {
        return;
    }
    limit(libc::RLIMIT_DATA, 64 * GIB as u64);
    // More addresses than a process has.
    let said = Region::reserve(isize::MAX as usize / 2).unwrap_err().to_string();
    assert!(said.contains("ENOMEM") && !said.contains("RLIMIT"), "{said}");
}

#[test]
fn the_limit_of_locked_memory_is_named_when_it_refused() {
    in_a_process_of_its_own!("the_limit_of_locked_memory_is_named_when_it_refused");
    let region = Region::new(1 << 20).unwrap();
    limit(libc::RLIMIT_MEMLOCK, 1 << 16);
    match region.lock(..) {
        // Root may lock what it likes.
        Ok(()) => skip("the limit of locked memory does not bind this user"),
        Err(error) => {
            let said = error.to_string();
            assert!(
                said.contains("64 KiB of memory locked in RAM (RLIMIT_MEMLOCK); raise it with `ulimit -l`"),
                "{said}"
            );
        }
    }
}

#[test]
fn the_limit_of_a_files_length_is_named_when_it_refused() {
    in_a_process_of_its_own!("the_limit_of_a_files_length_is_named_when_it_refused");
    limit(libc::RLIMIT_FSIZE, 1 << 20);
    // SAFETY: the system's own way to keep the signal that goes with this limit from ending the process.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let path = TempPath::new();
    // SAFETY: the file is this test's own.
    let said = unsafe { FileRegion::create(path.bytes(), 2 << 20) }.unwrap_err().to_string();
    says(&said, "cannot set the file's size to 2 MiB: EFBIG (ftruncate).", "or ask for less.");
    assert!(said.contains("1 MiB for the length of a file (RLIMIT_FSIZE); raise it with `ulimit -f`"), "{said}");
}

#[test]
fn too_many_open_files_are_named() {
    in_a_process_of_its_own!("too_many_open_files_are_named");
    limit(libc::RLIMIT_NOFILE, 0);
    says(&read(b"/proc/self/status"), "cannot open the file: EMFILE (open).", "raise `ulimit -n`, or close some.");
}
