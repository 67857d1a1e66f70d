//! A shared arena across processes: forked children allocate in it at once, one of them is killed, and a
//! program that was started anew gets it over a socket.
//!
//! A binary of its own with one test, so that no other thread is about when the process forks.
#![cfg(all(target_os = "linux", not(miri), not(loom)))]

mod support;

use region::SharedArena;
use region::shared::{AtomicOffset, Offset};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::{again, fd, fork, owned, wait};

const CHILDREN: u64 = 8;
const EACH: u64 = 1_000_000;

/// Bytes before the first value.
const HEADER: usize = 1152;

/// The word of the header that says up to where memory was claimed.
const CURSOR: usize = 8;

/// Most words of one allocation.
const MOST: u64 = 3;

/// The most bytes that a process claims ahead.
const STRETCH: u64 = 16 << 10;

/// Words at the ends of stretches that were too short for what was asked for: one or two in each slot at the end of the
/// arena, and a few that found no slot. Eight children that take 16,000,000 words leave some thirty.
const RESTS: u64 = 256;

/// Set for the program that is started anew.
const PEER: &str = "REGION_TEST_SHARED_PEER";

#[test]
fn processes_share_one_arena() {
    if std::env::var_os(PEER).is_some() {
        return peer();
    }
    eight_children_allocate_a_million_times_each();
    a_killed_child_loses_one_stretch_at_most();
    children_build_one_structure();
    a_program_opens_what_it_got_over_a_socket();
}

/// How many words a child's allocation of this number has.
fn size(child: u64, number: u64) -> u64 {
    (child + number) % MOST + 1
}

/// What each of those words holds.
fn mark(child: u64, number: u64) -> u64 {
    child << 32 | number
}

/// Allocates so many values and writes to every word of them whose it is and which.
fn allocate(arena: &SharedArena, child: u64, count: u64) -> bool {
    (1..=count).all(|number| {
        let value = mark(child, number);
        match size(child, number) {
            1 => arena.alloc([value; 1]).is_ok(),
            2 => arena.alloc([value; 2]).is_ok(),
            _ => arena.alloc([value; 3]).is_ok(),
        }
    })
}

/// Words that so many allocations of a child take.
fn words_of(child: u64, count: u64) -> u64 {
    (1..=count).map(|number| size(child, number)).sum()
}

/// What lies in the arena up to its cursor: how many allocations each child has, each of them whole and there once, and how
/// many words hold nothing.
fn inventory(arena: &SharedArena) -> ([u64; CHILDREN as usize + 1], u64) {
    let words = arena.region().words();
    let cursor = words[CURSOR].load(Ordering::Relaxed) as usize;
    let words = &words[HEADER / 8..cursor / 8];
    let mut found: [Vec<u32>; CHILDREN as usize + 1] = Default::default();
    let (mut blank, mut at) = (0, 0);
    while at < words.len() {
        let value = words[at].load(Ordering::Relaxed);
        if value == 0 {
            blank += 1;
            at += 1;
            continue;
        }
        let (child, number) = (value >> 32, value & 0xffff_ffff);
        found[usize::try_from(child).unwrap()].push(number as u32);
        for word in words.get(at..at + size(child, number) as usize).expect("the last allocation is whole") {
            let held = word.load(Ordering::Relaxed);
            // A child that was killed may have left the rest of its last one blank.
            assert!(held == value || (held == 0 && child == CHILDREN), "two allocations meet at word {at}");
            at += 1;
        }
    }
    let counts = found.map(|mut numbers| {
        numbers.sort_unstable();
        assert!(
            numbers.iter().zip(1..).all(|(&number, next)| number == next),
            "an allocation is missing or there twice"
        );
        numbers.len() as u64
    });
    (counts, blank)
}

/// Room is for all, and for what each child may hold in its hands when it is interrupted; what that leaves, the parent
/// gets.
fn eight_children_allocate_a_million_times_each() {
    let wanted = (1..=CHILDREN).map(|child| words_of(child, EACH)).sum::<u64>();
    let in_hands = CHILDREN * STRETCH / 8;
    let arena = &SharedArena::new((wanted + RESTS + in_hands) as usize * 8).unwrap();
    let children: Vec<_> = (1..=CHILDREN).map(|id| fork(move || allocate(arena, id, EACH))).collect();
    for child in children {
        assert_eq!(wait(child), 0, "a child was refused room that is there");
    }
    let (counts, blank) = inventory(arena);
    assert_eq!(counts[1..], [EACH; CHILDREN as usize]);
    let used = arena.used() as u64 / 8;
    assert!((wanted..=wanted + RESTS.min(blank)).contains(&used), "{used} words for {wanted}, and {blank} are blank");
    // No child is left, so nothing is in anyone's hands: every word up to the end is one of somebody, or a rest.
    let mut ours = 0;
    while arena.alloc(mark(0, ours + 1)).is_ok() {
        ours += 1;
    }
    let left = (arena.capacity() - arena.used()) as u64 / 8;
    assert_eq!(left, 0, "words up to the end serve nobody");
    let end = arena.region().words()[CURSOR].load(Ordering::Relaxed) / 8;
    let lost = end - HEADER as u64 / 8 - wanted - ours;
    assert!(lost <= RESTS, "{lost} words are lost");
}

/// Kills the last child at a random moment while the others allocate: once in the same long run, and time and
/// again in short ones.
fn a_killed_child_loses_one_stretch_at_most() {
    // Different each time the test runs; printed should it fail.
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
    println!("seed {seed}");
    let mut random = u64::from(seed) | 1;
    let mut midway = 0;
    for (round, count) in [EACH].into_iter().chain([20_000; 12]).enumerate() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let arena = &SharedArena::new((CHILDREN * count * MOST * 8) as usize).unwrap();
        let others: Vec<_> = (1..CHILDREN).map(|id| fork(move || allocate(arena, id, count))).collect();
        let victim = fork(move || allocate(arena, CHILDREN, count));
        // A moment of their work, not of the clock: when so many of the others' bytes are handed out.
        let others_take: u64 = (1..CHILDREN).map(|id| words_of(id, count) * 8).sum();
        let moment = (random >> 33) % (others_take / 2);
        while (arena.used() as u64) < moment {
            std::thread::sleep(Duration::from_micros(20));
        }
        // SAFETY: `victim` is a child of this process that has not been waited for.
        assert_eq!(unsafe { libc::kill(victim, libc::SIGKILL) }, 0);
        let status = wait(victim);
        for child in others {
            assert_eq!(wait(child), 0, "a child was held up or refused by another's death");
        }
        let (counts, _) = inventory(arena);
        assert_eq!(counts[1..CHILDREN as usize], [count; CHILDREN as usize - 1], "round {round}");
        let theirs: u64 = (1..=CHILDREN).map(|child| words_of(child, counts[child as usize])).sum();
        // A stretch or a value of the victim's, and rests.
        let lost = (arena.used() as u64 / 8).saturating_sub(theirs);
        assert!(lost <= STRETCH / 8 + MOST + RESTS, "round {round}: {lost} words are nobody's");
        midway += u32::from(status & 0x7f == libc::SIGKILL && (1..count).contains(&counts[CHILDREN as usize]));
        assert!(arena.alloc(1u64).is_ok());
    }
    assert!(midway > 0, "no child was killed while it was allocating");
}

region::concurrent! {
    /// A list that every process pushes to.
    struct Link { next: AtomicOffset<Link>, text: AtomicOffset<str>, by: AtomicU64 }
}

fn push(arena: &SharedArena, by: u64, text: &str) -> bool {
    let (Ok(text), mut next) = (arena.alloc_str(text), arena.root()) else { return false };
    let link = Link { next: AtomicOffset::new(next), text: AtomicOffset::new(Some(text)), by: by.into() };
    let Ok(link) = arena.alloc(link) else { return false };
    loop {
        match arena.root_link().compare_exchange(next, Some(link)) {
            Ok(_) => return true,
            Err(now) => next = now,
        }
        arena.get(link).unwrap().next.store(next);
    }
}

/// How many links of each process there are; every one of them must have its text.
fn count(arena: &SharedArena) -> [u64; 4] {
    let (mut counts, mut at) = ([0; 4], arena.root::<Link>());
    while let Some(link) = at {
        let link = arena.get(link).unwrap();
        let by = link.by.load(Ordering::Relaxed);
        let mut text = [0; 64];
        let text = arena.read_str(link.text.load().unwrap(), &mut text).unwrap();
        assert_eq!(text, format!("by {by}"));
        counts[by as usize] += 1;
        at = link.next.load();
    }
    counts
}

fn children_build_one_structure() {
    let arena = &SharedArena::new(16 << 20).unwrap();
    let children = [1, 2, 3].map(|id| {
        fork(move || {
            let text = format!("by {id}");
            // Reading along the way, so that what the others link is followed while they go on.
            (0..20_000).all(|round| push(arena, id, &text) && (round % 5_000 != 0 || count(arena)[id as usize] > 0))
        })
    });
    assert_eq!(children.map(wait), [0; 3]);
    assert_eq!(count(arena), [0, 20_000, 20_000, 20_000]);
}

/// Sends a descriptor over a Unix socket.
fn send(socket: RawFd, descriptor: RawFd) {
    let mut byte = [1u8];
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    let mut control = [0u64; 8];
    // SAFETY: the message names one byte and one control buffer, both of which outlive the call, and the
    // control message that is written fits into the latter: `CMSG_SPACE` of an `int` is at most 24.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        (message.msg_iov, message.msg_iovlen) = (&mut part, 1);
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(4) as _;
        let header = libc::CMSG_FIRSTHDR(&message);
        ((*header).cmsg_level, (*header).cmsg_type) = (libc::SOL_SOCKET, libc::SCM_RIGHTS);
        (*header).cmsg_len = libc::CMSG_LEN(4) as _;
        libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(descriptor);
        assert_eq!(libc::sendmsg(socket, &message, 0), 1, "{}", std::io::Error::last_os_error());
    }
}

/// Receives a descriptor over a Unix socket.
fn receive(socket: RawFd) -> OwnedFd {
    let mut byte = [0u8];
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    let mut control = [0u64; 8];
    // SAFETY: as in `send`; the kernel writes at most as much as the buffers are said to hold.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        (message.msg_iov, message.msg_iovlen) = (&mut part, 1);
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control) as _;
        assert_eq!(libc::recvmsg(socket, &mut message, 0), 1, "{}", std::io::Error::last_os_error());
        let header = libc::CMSG_FIRSTHDR(&message);
        assert!(!header.is_null(), "no descriptor came along");
        owned(libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned())
    }
}

fn a_program_opens_what_it_got_over_a_socket() {
    let mut ends = [0; 2];
    // SAFETY: a plain call that fills two integers.
    let made = unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr()) };
    assert_eq!(made, 0);
    let (ours, theirs) = (owned(ends[0]), owned(ends[1]));
    let arena = SharedArena::sealed(1 << 20, c"over a socket").unwrap();
    (0..100).for_each(|_| assert!(push(&arena, 1, "by 1")));
    let mut program = again("processes_share_one_arena").env(PEER, "1").stdin(theirs).spawn().unwrap();
    send(ours.as_raw_fd(), arena.descriptor().unwrap().as_raw());
    // Both push now, at addresses of their own.
    let begun = Instant::now();
    while count(&arena)[2] == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the program does not answer");
        std::thread::yield_now();
    }
    (0..1000).for_each(|_| assert!(push(&arena, 3, "by 3")));
    assert!(program.wait().unwrap().success(), "the program met something else than it was sent");
    assert_eq!(count(&arena), [0, 100, 1000, 1000]);
}

/// The program at the other end of the socket, which is its standard input.
fn peer() {
    let memory = receive(0);
    let arena = SharedArena::open(fd(&memory)).unwrap();
    drop(memory);
    assert_eq!(count(&arena)[1], 100);
    let first: Offset<Link> = arena.root().unwrap();
    assert_eq!(arena.get(first).unwrap().by.load(Ordering::Relaxed), 1);
    (0..1000).for_each(|_| assert!(push(&arena, 2, "by 2")));
}
