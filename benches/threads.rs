//! Two threads, and eight, against one thread's throughput: 64 KiB pages of one pool, small arenas, arenas of a pool.
//!
//! ```sh
//! cargo bench --bench threads
//! cargo bench --bench threads -- pages 100    # only the rows that have the word; 100 processes each
//! ```
//!
//! Threads that meet at the same word are several times slower, and whether they do is decided once a process: by where
//! their stacks are. So each row is many processes, and the worst is what counts. "arithmetic" shares nothing and shows
//! what the machine gives to work that stores nothing; a pool for each thread does what the pool of all does and shares
//! nothing, so it shows what two processors of one core give to stores and locked instructions. bumpalo's arenas are there
//! for scale. In a process the two sides take turns, by new threads each time. Eight threads on fewer processors also show
//! what a thread costs the others that stops in the middle.
//!
//! Where other work runs, threads wait for processors: "arithmetic" is below the bar as well. Then the last column says
//! more. It is by the time that threads had a processor, which counts their waits for memory. But threads that seldom
//! run at once meet less, so a quiet machine decides.

mod support;

use std::hint::black_box;
use std::sync::{Barrier, OnceLock};
use std::time::{Duration, Instant};
use support::cells::{Asked, Table, answer, child, in_own_process, median, processors, units_for};
use support::escape;

type Node = [u64; 3];

const PROCESSES: usize = 40;
/// Turns of each number of threads in a process.
const ROUNDS: usize = 5;
/// How long one thread's turn takes, about.
const TURN: Duration = Duration::from_millis(10);
const NODES: u64 = 10;
/// How many threads, and the least throughput over one thread's.
const THREADS: [(usize, f64); 2] = [(2, 1.6), (8, 1.5)];

/// A page is taken, written to and given back.
#[inline(never)]
fn pages(pool: &region::PagePool) {
    let mut page = pool.take().expect("the pool has room");
    // SAFETY: the page is 64 KiB, writable, aligned for any word and nobody else's while it is taken.
    unsafe { page.as_mut_ptr().cast::<u64>().write(1) };
    escape(page.as_ptr());
}

/// Defines a small life.
macro_rules! small {
    ($name:ident, ($($pool:ident: $type:ty)?), $make:expr) => {
        #[inline(never)]
        fn $name($($pool: $type)?) {
            let arena = $make;
            for i in 0..black_box(NODES) {
                escape::<Node>(arena.alloc([i; 3]));
            }
        }
    };
}

small!(arenas, (), region::Arena::new());
small!(pooled, (pool: &region::ArenaPool), pool.get());
small!(bumpalo, (), bumpalo::Bump::new());

/// What shares nothing.
#[inline(never)]
fn arithmetic() {
    let mut sum = black_box(1u64);
    for i in 0..black_box(40) {
        sum = sum.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i);
    }
    black_box(sum);
}

fn page_pool() -> region::PagePool {
    region::PagePool::new(64 << 10, 1_024).expect("addresses for the pool")
}

static PAGES: OnceLock<region::PagePool> = OnceLock::new();
static ARENAS: region::ArenaPool = region::ArenaPool::new();

thread_local! {
    static OWN_PAGES: region::PagePool = page_pool();
    static OWN_ARENAS: region::ArenaPool = const { region::ArenaPool::new() };
}

/// Does a work so many times. Which pool it is about is found once.
type Work = fn(u64);

/// The first so many have a bar, the others are there for scale.
const OURS: usize = 3;
const WORKS: [(&str, Work); 7] = [
    ("64 KiB pages of a PagePool", |times| {
        let pool = PAGES.get_or_init(page_pool);
        (0..times).for_each(|_| pages(pool));
    }),
    ("small arenas", |times| (0..times).for_each(|_| arenas())),
    ("ArenaPool::get", |times| (0..times).for_each(|_| pooled(&ARENAS))),
    ("pages, a pool for each thread", |times| OWN_PAGES.with(|pool| (0..times).for_each(|_| pages(pool)))),
    ("ArenaPool::get, a pool for each", |times| OWN_ARENAS.with(|pool| (0..times).for_each(|_| pooled(pool)))),
    ("small arenas of bumpalo", |times| (0..times).for_each(|_| bumpalo())),
    ("arithmetic", |times| (0..times).for_each(|_| arithmetic())),
];

/// Time that this thread has had a processor.
fn own_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the plain struct that it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How often a second all of the threads do the work, each of them so many times: by the clock, and by their own time.
fn throughput(threads: usize, times: u64, work: Work) -> [f64; 2] {
    let start = Barrier::new(threads);
    let spans: Vec<_> = std::thread::scope(|scope| {
        let run = || {
            // A few find what the thread keeps, and are not timed.
            work(times.min(16));
            start.wait();
            let (begin, own) = (Instant::now(), own_time());
            work(times);
            (own_time() - own, begin, Instant::now())
        };
        let runs: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        runs.into_iter().map(|run| run.join().expect("a thread that works")).collect()
    });
    let begin = spans.iter().map(|span| span.1).min().expect("there are threads");
    let end = spans.iter().map(|span| span.2).max().expect("there are threads");
    let own: Duration = spans.iter().map(|span| span.0).sum();
    let all = (threads as u64 * times) as f64;
    let running = threads.min(processors()) as f64;
    [all / (end - begin).as_secs_f64(), all / own.as_secs_f64() * running]
}

/// One process: nanoseconds of one thread's work, and what several do over what one does, by the clock and by their own
/// time.
fn process(work: Work, threads: usize) -> [f64; 3] {
    let times = units_for(TURN, &mut |times| work(times));
    let (mut one, mut several) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        let (alone, together) = (throughput(1, times, work), throughput(threads, times, work));
        for by in 0..2 {
            one[by].push(alone[by]);
            several[by].push(together[by]);
        }
    }
    let (one, several) = (one.map(median), several.map(median));
    [1e9 / one[1], several[0] / one[0], several[1] / one[1]]
}

fn main() {
    if let Some(arguments) = child() {
        let [work, threads] = [0, 1].map(|at: usize| arguments[at].parse::<usize>().expect("a number"));
        answer(&process(WORKS[work].1, threads));
    }
    let asked = Asked::new();
    let processes = asked.number_or(PROCESSES);
    let note = format!(
        "throughput over one thread's, by {processes} processes; below: those below the bar. one: ns of one thread.\n\
         cpu: the worst by the time that the threads had one of the {} processors, for busy machines.",
        processors()
    );
    let columns = ["one", "worst", "median", "bar", "below", "cpu"];
    let mut table = Table::new("threads", &note, &columns);
    for (threads, bar) in THREADS {
        for (index, (name, _)) in WORKS.iter().enumerate() {
            let row = format!("{name}, {threads} threads");
            if !asked.wants(&row) {
                continue;
            }
            let run = |_| in_own_process(&[index.to_string(), threads.to_string()]);
            match (0..processes).map(run).collect::<Result<Vec<_>, _>>() {
                Err(reason) => table.reason(&row, &reason),
                Ok(runs) => {
                    let ratios: Vec<f64> = runs.iter().map(|run| run[1]).collect();
                    let one = median(runs.iter().map(|run| run[0]).collect());
                    let worst = ratios.iter().copied().fold(f64::INFINITY, f64::min);
                    let below = ratios.iter().filter(|ratio| **ratio < bar).count();
                    let cells = [
                        format!("{one:.1}"),
                        format!("{worst:.2}"),
                        format!("{:.2}", median(ratios)),
                        format!("{bar:.1}"),
                        below.to_string(),
                        format!("{:.2}", runs.iter().map(|run| run[2]).fold(f64::INFINITY, f64::min)),
                    ];
                    table.row(&row, &cells, below > 0 && index < OURS);
                }
            }
        }
    }
    table.end();
}
