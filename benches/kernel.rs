//! What the kernel asks for memory: addresses, first touches by kind of page, and RAM that is given back and wanted again.
//!
//! ```sh
//! cargo bench --bench kernel
//! cargo bench --bench kernel -- again         # only the contests whose title has the word
//! ```
//!
//! System calls and stores alone, no part of the library: these are the prices that its policy weighs (src/policy.rs).
//! Run by root, the sizes of huge pages below 2 MiB (mTHP) are allowed one after the other for the time of a contest;
//! otherwise those rows are left out aloud.

mod support;

use std::time::Duration;
use support::cells::resident;
use support::setting::Setting;
use support::{Cost, Duel, cost};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;
const HUGE: usize = 2 * MIB;
const PAGE: usize = 4 * KIB;
const ROUNDS: usize = 15;
/// Bytes that a contest touches in a run, in as many rounds as that takes: short work is timed many times over.
const TOUCHED: usize = 64 * MIB;

/// Linux 5.14; libc does not name it for every target.
const POPULATE_WRITE: i32 = 23;

/// A private mapping that starts at a multiple of 2 MiB, unmapped when dropped.
struct Mapping {
    start: *mut u8,
    whole: *mut libc::c_void,
    mapped: usize,
}

impl Mapping {
    fn new(len: usize) -> Self {
        let mapped = len + HUGE;
        // SAFETY: a new private mapping, where the kernel likes, changes nothing that there is.
        let whole = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                mapped,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        assert!(whole != libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
        let start = whole.cast::<u8>();
        Mapping { start: start.wrapping_add(start.align_offset(HUGE)), whole, mapped }
    }

    /// Advice over `from..from + len`; whether the kernel took it.
    fn advise(&self, from: usize, len: usize, advice: i32) -> bool {
        // SAFETY: the range lies in this mapping, whose content no reference looks at.
        unsafe { libc::madvise(self.start.add(from).cast(), len, advice) == 0 }
    }

    /// Writes a word of each cache line of `from..from + len`.
    fn fill(&self, from: usize, len: usize) {
        for at in (from..from + len).step_by(64) {
            // SAFETY: the word lies in this mapping, is aligned, and nobody else knows it.
            unsafe { self.start.add(at).cast::<u64>().write_volatile(at as u64) };
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly what `new` mapped; nothing refers to it any more.
        unsafe { libc::munmap(self.whole, self.mapped) };
    }
}

/// Maps, touches one page, unmaps.
fn touch_one_of(len: usize) {
    let mapping = Mapping::new(len);
    mapping.fill(0, PAGE);
}

/// Fills new memory of `len` bytes, brought in by `step` bytes a call; by faults where that is 0.
fn fill_new(len: usize, step: usize, advice: i32) {
    let mapping = Mapping::new(len);
    mapping.advise(0, len, advice);
    if step == 0 {
        return mapping.fill(0, len);
    }
    for from in (0..len).step_by(step) {
        mapping.advise(from, step.min(len - from), POPULATE_WRITE);
        mapping.fill(from, step.min(len - from));
    }
}

/// Does `work`, on `len` bytes each time, until `TOUCHED` bytes had their turn; the cost of one.
fn repeated(len: usize, mut work: impl FnMut()) -> Cost {
    let times = (TOUCHED / len).max(1) as u32;
    let all = cost(|| (0..times).for_each(|_| work()));
    Cost { time: all.time / times, faults: all.faults / u64::from(times) }
}

/// What is done with the RAM of `len` bytes between one use and the next.
fn used_again(len: usize, huge: bool, mut between: impl FnMut(&Mapping)) -> Cost {
    let mapping = Mapping::new(len);
    mapping.advise(0, len, if huge { libc::MADV_HUGEPAGE } else { libc::MADV_NOHUGEPAGE });
    mapping.fill(0, len);
    repeated(len, || {
        between(&mapping);
        mapping.fill(0, len);
    })
}

fn populated(mapping: &Mapping, len: usize) {
    for from in (0..len).step_by(256 * KIB) {
        mapping.advise(from, (256 * KIB).min(len - from), POPULATE_WRITE);
    }
}

fn addresses() {
    Duel::new("addresses: mapped, one page touched, unmapped", 1, 201)
        .add("64 KiB", || touch_one_of(64 * KIB))
        .add("4 GiB", || touch_one_of(4 * GIB))
        .add("64 GiB", || touch_one_of(64 * GIB))
        .run();
}

fn new_memory(len: usize, title: &str) {
    let small = libc::MADV_NOHUGEPAGE;
    Duel::new(title, (len / PAGE) as u64, ROUNDS)
        .add_costed("faults", || repeated(len, || fill_new(len, 0, small)))
        .add_costed("populated by 64 KiB", || repeated(len, || fill_new(len, 64 * KIB, small)))
        .add_costed("populated by 256 KiB", || repeated(len, || fill_new(len, 256 * KIB, small)))
        .add_costed("populated by 2 MiB", || repeated(len, || fill_new(len, HUGE, small)))
        .add_costed("populated at once", || repeated(len, || fill_new(len, len, small)))
        .add_costed("faults of 2 MiB", || repeated(len, || fill_new(len, 0, libc::MADV_HUGEPAGE)))
        .run();
}

fn again(len: usize, huge: bool, title: &str) {
    let mut duel = Duel::new(title, (len / PAGE) as u64, ROUNDS)
        .add_costed("kept", || used_again(len, huge, |_| ()))
        .add_costed("half kept, DONTNEED", || {
            used_again(len, huge, |mapping| assert!(mapping.advise(len / 2, len / 2, libc::MADV_DONTNEED)))
        })
        .add_costed("FREE", || used_again(len, huge, |mapping| assert!(mapping.advise(0, len, libc::MADV_FREE))))
        .add_costed("DONTNEED, faults", || {
            used_again(len, huge, |mapping| assert!(mapping.advise(0, len, libc::MADV_DONTNEED)))
        });
    if !huge {
        duel = duel.add_costed("DONTNEED, populated", || {
            used_again(len, huge, |mapping| {
                assert!(mapping.advise(0, len, libc::MADV_DONTNEED));
                populated(mapping, len);
            })
        });
    }
    duel.add_costed("unmapped, mapped", || {
        repeated(len, || fill_new(len, 0, if huge { libc::MADV_HUGEPAGE } else { libc::MADV_NOHUGEPAGE }))
    })
    .run();
}

const SIZES: &str = "/sys/kernel/mm/transparent_hugepage";

/// Whether pages of so many KiB are used where a program asks for them, if that can be changed.
fn pages_of(kib: usize) -> Option<Setting> {
    Setting::of(format!("{SIZES}/hugepages-{kib}kB/enabled")).filter(|setting| setting.set(&setting.before))
}

/// New memory in pages between the smallest and 2 MiB, each size allowed alone.
fn sizes_between(len: usize, title: &str) {
    const BETWEEN: [(usize, &str); 3] = [(64, "pages of 64 KiB"), (256, "pages of 256 KiB"), (1024, "pages of 1 MiB")];
    let Some(largest) = pages_of(2048) else {
        println!("\n{title}\n  left out: {SIZES}/hugepages-*/enabled cannot be written");
        return;
    };
    let settings: Vec<_> = BETWEEN.iter().filter_map(|&(kib, name)| Some((pages_of(kib)?, name))).collect();
    let mut duel = Duel::new(title, (len / PAGE) as u64, ROUNDS)
        .add_costed("faults of 4 KiB", || repeated(len, || fill_new(len, 0, libc::MADV_NOHUGEPAGE)));
    for (setting, name) in &settings {
        let largest = &largest;
        duel = duel.add_costed(name, move || {
            assert!(largest.set("never") && setting.set("madvise"));
            let cost = repeated(len, || fill_new(len, 0, libc::MADV_HUGEPAGE));
            assert!(largest.set(&largest.before) && setting.set(&setting.before));
            cost
        });
    }
    duel.add_costed("faults of 2 MiB", || repeated(len, || fill_new(len, 0, libc::MADV_HUGEPAGE))).run();
}

/// After `madvise`: bytes of the mapping that the kernel still counts as the process's.
fn what_stays_resident() {
    println!("\nresident of 16 MiB, right after");
    for (name, advice) in [("FREE", libc::MADV_FREE), ("DONTNEED", libc::MADV_DONTNEED)] {
        let mapping = Mapping::new(16 * MIB);
        mapping.advise(0, 16 * MIB, libc::MADV_NOHUGEPAGE);
        let before = resident();
        mapping.fill(0, 16 * MIB);
        assert!(mapping.advise(0, 16 * MIB, advice));
        println!("  {name:<28} {:>9} KiB", (resident().saturating_sub(before)) / KIB);
    }
}

fn main() {
    let began = std::time::Instant::now();
    addresses();
    new_memory(64 * KIB, "new 64 KiB");
    new_memory(MIB, "new 1 MiB");
    new_memory(16 * MIB, "new 16 MiB");
    new_memory(64 * MIB, "new 64 MiB");
    again(64 * KIB, false, "again 64 KiB");
    again(MIB, false, "again 1 MiB");
    again(16 * MIB, false, "again 16 MiB");
    again(16 * MIB, true, "again 16 MiB, in pages of 2 MiB");
    again(48 * MIB, true, "again 48 MiB, in pages of 2 MiB");
    sizes_between(MIB, "sizes between, new 1 MiB");
    sizes_between(16 * MIB, "sizes between, new 16 MiB");
    what_stays_resident();
    let whole: Duration = began.elapsed();
    println!("\n{} s", whole.as_secs());
}
