//! Huge pages that are set aside for a test, and the system's settings put back.
//!
//! These are the whole machine's, so tests that change them take turns, and every change is undone at drop.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

static TURN: Mutex<()> = Mutex::new(());

/// A setting of the system, changed for a while.
pub struct Setting {
    path: PathBuf,
    before: String,
    _turn: Option<MutexGuard<'static, ()>>,
}

impl Setting {
    /// Writes `value`; nothing if that is not allowed here, which is said aloud with what is `untested` then.
    pub fn change(path: &str, value: &str, untested: &str) -> Option<Self> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let change = || {
            let before = std::fs::read_to_string(path).ok()?;
            // What is chosen of several stands in brackets.
            let chosen = before.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
            let before = chosen.map_or(before.trim(), |(chosen, _)| chosen).to_owned();
            std::fs::write(path, value).ok()?;
            Some(before)
        };
        let Some(before) = change() else {
            eprintln!("SKIPPED: {path} cannot be changed here; {untested} was NOT tested");
            return None;
        };
        Some(Setting { path: path.into(), before, _turn: Some(turn) })
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        std::fs::write(&self.path, &self.before).unwrap();
    }
}

const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";

/// 2 MiB pages that are free now and not promised to anybody.
pub fn free_huge_pages() -> usize {
    let read = |name| std::fs::read_to_string(format!("{POOL}/{name}")).map_or(0, |text| text.trim().parse().unwrap());
    // Two files, read one after the other: a child of another test's fork may end in between.
    loop {
        let (free, promised): (usize, usize) = (read("free_hugepages"), read("resv_hugepages"));
        if let Some(free) = free.checked_sub(promised) {
            return free;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Whether so many pages are free at once or soon: a child that another test forked meanwhile has its share of
/// every mapping until it ends.
pub fn free_huge_pages_become(pages: usize) -> bool {
    (0..2_000).any(|_| {
        free_huge_pages() == pages || {
            std::thread::sleep(std::time::Duration::from_millis(1));
            false
        }
    })
}

/// Sets so many 2 MiB pages aside beyond those that there are; nothing where that cannot be, which is said aloud.
pub fn set_huge_pages_aside(pages: usize, untested: &str) -> Option<Setting> {
    let (path, free) = (format!("{POOL}/nr_hugepages"), free_huge_pages());
    let now: usize = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let setting = Setting::change(&path, &(now + pages - free.min(pages)).to_string(), untested)?;
    if free_huge_pages() < pages {
        eprintln!("SKIPPED: no {pages} huge pages can be set aside here; {untested} was NOT tested");
        return None;
    }
    Some(setting)
}

/// Whether the kernel takes huge pages that were set aside back from a mapping that stays (since Linux 5.18); says if not.
pub fn huge_pages_go_back(untested: &str) -> bool {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // Nobody touches it, so no page has to be free.
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_HUGETLB | libc::MAP_HUGE_2MB;
    // SAFETY: a new mapping at an address of the kernel's choice, which nobody uses and which is unmapped as a whole.
    let go_back = unsafe {
        let page = libc::mmap(std::ptr::null_mut(), 2 << 20, access, kind, -1, 0);
        assert_ne!(page, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
        let go_back = libc::madvise(page, 2 << 20, libc::MADV_DONTNEED) == 0;
        assert_eq!(libc::munmap(page, 2 << 20), 0);
        go_back
    };
    if !go_back {
        eprintln!("SKIPPED: this kernel gives no huge page back before its mapping ends; {untested} was NOT tested");
    }
    go_back
}
