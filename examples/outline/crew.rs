//! The threads: each has an arena of the pool, takes the next file as long as there is one, and hands its trees
//! over by reference.

use crate::files;
use crate::item::{Error, Outline};
use crate::progress::Progress;
use crate::scanner;
use region::{Arena, ArenaPool};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Bytes of stack of a thread. A file that nests as deep as the scanner lets it took between 512 KiB and 1 MiB in a
/// debug build; too little is a crash, too much costs address space alone.
const STACK: usize = 8 << 20;

/// Parses all files on so many threads. The outlines come in the order of the files, and live with the pool.
pub fn parse<'pool>(
    files: &[PathBuf],
    pool: &'pool ArenaPool,
    threads: usize,
    progress: &Progress,
) -> Vec<Result<Outline<'pool>, Error>> {
    // Files differ in length by far, so there are no fixed shares: a thread that is done takes the next.
    let next = AtomicUsize::new(0);
    let work = || {
        // The thread's own arena, for as long as the pool: nobody else allocates in it, so there is nothing to wait
        // for, and what is in it stays when the thread ends.
        let arena = pool.member().into_arena();
        let mut done = Vec::new();
        loop {
            // Only the number counts: what a thread reads of the files does not depend on another thread.
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = files.get(number) else { return done };
            done.push((number, file(path, arena)));
            progress.one_more();
        }
    };
    let mut all: Vec<_> = thread::scope(|scope| {
        // One that cannot be had (EAGAIN, at a limit of the user's) leaves its work to the others.
        let thread = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok();
        let mut all = Vec::new();
        let others: Vec<_> = (0..threads).filter_map(thread).collect();
        if others.is_empty() {
            all = work();
        }
        for thread in others {
            match thread.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|&(number, _)| number);
    all.into_iter().map(|(_, outline)| outline).collect()
}

fn file<'pool>(path: &Path, arena: &'pool Arena) -> Result<Outline<'pool>, Error> {
    let input = files::read(path).map_err(Error::Unreadable)?;
    let source = input.as_str().map_err(|error| Error::NotUtf8 { at: error.valid_up_to() })?;
    // The input goes here; the outline has copies of the few words that it is made of.
    scanner::outline(source, arena)
}
