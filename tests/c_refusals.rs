//! The built archive when it is refused something: by a caller's mistake, by a limit, by the system.
//!
//! Every exported function is seen to fail, under every system call that the library makes and the kernel could refuse.

#![cfg(all(feature = "os", target_os = "linux"))]

#[allow(dead_code)] // each test uses its part
#[path = "c_abi/library.rs"]
mod library;
#[allow(dead_code)]
#[path = "c_abi/object.rs"]
mod object;
#[allow(dead_code)]
#[path = "c_abi/tools.rs"]
mod tools;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[path = "c_abi/tracer.rs"]
mod tracer;

use library::{header, hosted};
use object::Object;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use tools::{Compiler, STRICT, has, passes, said, skip};

/// How the programs are built.
const WAY: Compiler = Compiler { name: "refusals", command: &["gcc"], flags: &["-std=c99", "-O1", "-g"] };

fn strict<'a>(more: &[&'a OsStr]) -> Vec<&'a OsStr> {
    STRICT.iter().map(OsStr::new).chain(more.iter().copied()).collect()
}

fn build(source: &str, more: &[&OsStr]) -> PathBuf {
    WAY.build(source, &strict(more))
}

/// Functions that have no way to fail, and why.
const CANNOT_FAIL: [(&str, &str); 17] = [
    ("region_abi_version", "a constant"),
    ("region_version", "a constant"),
    ("region_page_size", "what the machine has"),
    ("region_strerror", "every number has a sentence, which bad_input.c checks"),
    ("region_trim", "gives back what there is"),
    ("region_cache_set_budget", "any number is one"),
    ("region_cache_enable", "sets a word"),
    ("region_scratch", "chooses one of two; twins.c calls it by its name"),
    ("region_arena_mark", "of NULL, a mark that no arena takes: bad_input.c hands it to region_arena_rewind"),
    ("region_free", "answers nothing; of NULL it does nothing"),
    ("region_hook_free", "answers nothing; of NULL it does nothing"),
    ("region_tracked_free", "answers nothing; of NULL it does nothing"),
    ("region_heap_hook_free", "answers nothing; of NULL it does nothing"),
    ("region_heap_good_size", "arithmetic"),
    ("region_string_free", "answers nothing; of NULL it does nothing"),
    ("region_array_free_", "answers nothing; of NULL it does nothing"),
    ("region_oom_abort", "ends the process, which oom_abort.c checks"),
];

/// The functions whose calls a program saw fail, by what FAILS and EMPTY of check.h printed.
fn refused(mut command: Command) -> BTreeSet<String> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    let calls = printed.lines().filter_map(|line| line.strip_prefix("refused: "));
    let name = |call: &str| {
        // The twins are called by their names as text.
        let call = call.strip_prefix("get(\"").unwrap_or(call);
        call.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap().to_owned()
    };
    calls.map(name).collect()
}

#[test]
fn every_function_is_seen_to_fail() {
    if !has("nm", "that every function fails") || !has("gcc", "that every function fails") {
        return;
    }
    let archive = hosted().archive.as_os_str();
    let mut by_header = refused(Command::new(build("bad_input.c", &[archive])));
    by_header.append(&mut refused(Command::new(build("shared.c", &[archive]))));
    by_header.append(&mut refused(Command::new(build("marks.c", &[archive]))));
    by_header.append(&mut refused(Command::new(build("from_elsewhere.c", &[archive]))));
    by_header.append(&mut refused(Command::new(build("heap.c", &[archive]))));
    by_header.append(&mut refused(Command::new(build("sync_heap.c", &[archive, OsStr::new("-pthread")]))));
    let by_name = refused({
        let mut command = Command::new(build("twins.c", &[OsStr::new("-ldl")]));
        command.arg(&hosted().shared);
        command
    });
    let header = header();
    let inline = |name: &str| {
        let call = format!("{name}(");
        header.lines().any(|line| line.starts_with("static inline ") && line.contains(&call))
    };
    let exported = Object::of(&hosted().archive, "failures").names("T");
    for (name, why) in CANNOT_FAIL {
        assert!(exported.iter().any(|exported| exported == name), "{name} is not exported");
        assert!(!by_header.contains(name), "{name} fails, and is listed as what cannot: {why}");
    }
    let can_fail = |name: &str| !CANNOT_FAIL.iter().any(|(cannot, _)| *cannot == name);
    let mut missing: Vec<&str> = Vec::new();
    for name in exported.iter().map(String::as_str).filter(|name| can_fail(name)) {
        // What the header has inline is another function than the exported one of that name.
        let seen = by_header.contains(name) && (!inline(name) || by_name.contains(name));
        if !seen {
            missing.push(name);
        }
    }
    assert!(
        missing.is_empty(),
        "no test sees these fail; give each a FAILS(...) or EMPTY(...) in c-tests/bad_input.c, those that are inline \
         in the header one in c-tests/twins.c too, or say in CANNOT_FAIL why they cannot: {missing:#?}"
    );
}

/// Functions of arenas and texts that take no memory, by what comes after `region_`.
const TAKES_NOTHING: [&str; 24] = [
    "arena_init",
    "arena_init_",
    "arena_free",
    "arena_reset",
    "arena_mark",
    "arena_rewind",
    "arena_rewind_to",
    "arena_cancel",
    "realloc_in_place",
    "scratch",
    "arena_defer_node",
    "arena_on_oom",
    "arena_set_limit",
    "arena_error",
    "arena_contains",
    "arena_stats",
    "arena_resident",
    "arena_print_stats",
    "free",
    "string_free",
    "array_remove_",
    "array_finish_",
    "array_free_",
    "oom_abort",
];

#[test]
fn every_function_that_takes_memory_is_seen_under_every_policy() {
    if !has("gcc", "policies for a lack of memory") {
        return;
    }
    let output = Command::new(build("policies.c", &[hosted().archive.as_os_str()])).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    let seen: BTreeSet<&str> = printed.lines().filter_map(|line| line.strip_prefix("policies: region_")).collect();
    let header = header();
    let takers = header.lines().filter(|line| !line.starts_with([' ', '/', '#', 't'])).filter_map(|line| {
        let (name, parameters) = line.split_once('(')?;
        let of_arena = ["region_arena *", "region_string *", "void *arena", "void *array"]
            .iter()
            .any(|of| parameters.contains(of));
        let name = name.rsplit([' ', '*']).next()?.strip_prefix("region_")?;
        // What frees through a hook is given back, not taken.
        (of_arena && !name.ends_with("_free") && !TAKES_NOTHING.contains(&name)).then_some(name)
    });
    let takers: BTreeSet<&str> = takers.collect();
    assert_eq!(seen, takers, "c-tests/policies.c has not the functions of the header that take memory");
}

#[test]
fn a_parser_undoes_its_work_when_any_of_its_allocations_fails() {
    if has("gcc", "a parser without memory") {
        passes(Command::new(build("out_of_memory.c", &[hosted().archive.as_os_str()])));
    }
}

#[test]
fn a_process_that_locked_itself_down_goes_on_with_what_it_reserved() {
    if !has("gcc", "a process under a seccomp filter") {
        return;
    }
    let program = build("locked_down.c", &[hosted().archive.as_os_str()]);
    for errno in [libc::EPERM, libc::ENOSYS, libc::ENOMEM, libc::EINVAL] {
        let mut command = Command::new(&program);
        command.arg(errno.to_string());
        match command.output().unwrap().status.code() {
            Some(77) => skip("a process under a seccomp filter", "there is no seccomp(2)"),
            _ => passes(command),
        }
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod sweep {
    use super::{WAY, build, hosted, skip};
    use crate::tools::Compiler;
    use crate::tracer::{Plan, Traced, run};
    use std::path::Path;
    use std::process::Command;
    use std::sync::OnceLock;

    /// The kinds of calls that the kernel may refuse, as sys/ has them.
    const KINDS: [(&str, &[libc::c_long]); 19] = [
        ("map", &[libc::SYS_mmap]),
        ("protect", &[libc::SYS_mprotect]),
        ("advise", &[libc::SYS_madvise]),
        ("remap", &[libc::SYS_mremap]),
        ("read", &[libc::SYS_read]),
        ("open", &[libc::SYS_openat]),
        ("position", &[libc::SYS_lseek]),
        ("resize", &[libc::SYS_ftruncate]),
        ("make memory", &[libc::SYS_memfd_create]),
        ("residency", &[libc::SYS_mincore]),
        ("name", &[libc::SYS_prctl]),
        ("write", &[libc::SYS_write]),
        ("stat", &[libc::SYS_fstat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_fstatfs]),
        ("seals and pipes", &[libc::SYS_fcntl]),
        ("limits", &[libc::SYS_prlimit64]),
        ("lock", &[libc::SYS_mlock, libc::SYS_munlock]),
        ("write back", &[libc::SYS_msync]),
        ("allocate", &[libc::SYS_fallocate]),
        ("page tables", &[libc::SYS_ioctl]),
    ];

    /// What is not refused in a sweep: memory and descriptors that cannot be given back are lost, and a process's
    /// number is always told.
    const UNREFUSED: [libc::c_long; 3] = [libc::SYS_munmap, libc::SYS_close, libc::SYS_getpid];

    /// What every kind answers in turn.
    const ERRNOS: [i32; 4] = [libc::ENOMEM, libc::EPERM, libc::ENOSYS, libc::EINVAL];

    /// What else a kind may answer. EINTR comes once: who is told so for ever may ask for ever.
    const ANSWERS: [(&str, i32, &[bool]); 4] = [
        ("read", libc::EIO, &[false, true]),
        ("read", libc::EAGAIN, &[false, true]),
        ("read", libc::EINTR, &[false]),
        ("map", libc::EAGAIN, &[false, true]),
    ];

    /// Most calls of a story; more would mean that a sweep does not end.
    const MOST: usize = 500;

    fn program() -> &'static Path {
        static PROGRAM: OnceLock<std::path::PathBuf> = OnceLock::new();
        PROGRAM.get_or_init(|| {
            // A static program starts twice as fast, and this one starts thousands of times.
            let still = Compiler { name: "refusals-static", flags: &["-std=c99", "-O1", "-g", "-static"], ..WAY };
            let archive = hosted().archive.as_os_str();
            match still.works("starting fast") {
                true => still.build("refused.c", &super::strict(&[archive])),
                false => build("refused.c", &[archive]),
            }
        })
    }

    fn tell(story: &str, plan: &Plan, leaks: bool) -> std::io::Result<Traced> {
        let mut command = Command::new(program());
        command.args([story, &plan.errno.to_string()]);
        if leaks {
            command.arg("leaks");
        }
        run(command, plan)
    }

    /// How often a program says that the library said no. Panics unless all its checks held.
    fn told(story: &str, plan: &Plan, traced: &Traced) -> usize {
        let Traced { code, printed, complained, .. } = traced;
        assert_eq!(*code, 0, "{story} under {plan:?}, {} refused: {printed}{complained}", traced.refused);
        printed.lines().find_map(|line| line.strip_prefix("told ")?.parse().ok()).unwrap()
    }

    /// Tells a story under plans made from this one: with its first call refused, then its second, until a run meets no
    /// refusal, once and from then on. How many runs that were, and in how many the program was told of a refusal.
    fn sweep(story: &str, first: &Plan, lasting: &[bool], leaks: bool) -> (usize, usize) {
        let (mut runs, mut loud) = (0, 0);
        for &lasting in lasting {
            for nth in 0.. {
                assert!(nth < MOST, "{story}: the sweep does not end");
                let plan = Plan { nth, lasting, ..first.clone() };
                let traced = tell(story, &plan, leaks).unwrap();
                let told = told(story, &plan, &traced);
                runs += 1;
                loud += usize::from(told != 0);
                assert!(told == 0 || traced.refused != 0 || plan.strict, "{story}: an error without a refusal");
                let unknown: Vec<_> = traced.calls.iter().filter(|number| !known(**number)).collect();
                assert!(unknown.is_empty(), "{story}: calls of no kind: {unknown:?}");
                if traced.refused == 0 {
                    break;
                }
            }
        }
        (runs, loud)
    }

    /// Whether a call belongs to a kind, so that it is refused in some sweep.
    fn known(number: libc::c_long) -> bool {
        KINDS.iter().flat_map(|(_, calls)| *calls).chain(&UNREFUSED).any(|&known| known == number)
    }

    /// Whether stories can be told here; if not, that is said out loud.
    fn can_tell(story: &str) -> bool {
        const WHAT: &str = "the archive under refusing system calls";
        let nothing = Plan { calls: Vec::new(), nth: 0, lasting: false, errno: 0, strict: false };
        if !super::has("gcc", WHAT) {
            return false;
        }
        if std::fs::read_to_string("/proc/sys/vm/overcommit_memory").is_ok_and(|mode| mode.trim() == "2") {
            skip(WHAT, "vm.overcommit_memory is 2, and the system refuses by itself");
            return false;
        }
        match tell(story, &nothing, false) {
            Ok(undisturbed) => {
                assert_eq!(told(story, &nothing, &undisturbed), 0, "refused without a plan");
                true
            }
            Err(error) => {
                skip(WHAT, &format!("ptrace(2): {error}"));
                false
            }
        }
    }

    /// Tells a story with every kind of call refused, and with any.
    fn sweep_kinds(story: &str) {
        if !can_tell(story) {
            return;
        }
        let any = KINDS.iter().flat_map(|(_, calls)| *calls).copied().collect();
        let mut kinds: Vec<(&str, Vec<libc::c_long>)> = KINDS.map(|(name, calls)| (name, calls.to_vec())).to_vec();
        kinds.extend([("any", any), ("unmap", vec![libc::SYS_munmap])]);
        let (mut runs, mut loud) = (0, 0);
        for (kind, calls) in &kinds {
            let answers = ERRNOS.iter().map(|&errno| (errno, &[false, true][..]));
            let more = ANSWERS.iter().filter(|(of, ..)| of == kind).map(|&(_, errno, lasting)| (errno, lasting));
            for (errno, lasting) in answers.chain(more) {
                let plan = Plan { calls: calls.clone(), nth: 0, lasting: false, errno, strict: false };
                let (more_runs, more_loud) = sweep(story, &plan, lasting, *kind == "unmap");
                (runs, loud) = (runs + more_runs, loud + more_loud);
            }
        }
        println!("{story}: {runs} runs, {loud} of them with an error for the caller");
        assert!(loud != 0 && runs > 2 * kinds.len() * ERRNOS.len(), "{story}: no call was ever refused");
    }

    /// Where memory is charged when it is mapped (vm.overcommit_memory 2), arenas reserve without access and commit by
    /// mprotect(2), a call that may fail at every step.
    #[test]
    fn arenas_that_commit_step_by_step_keep_what_they_gave() {
        for story in ["arenas", "reserved arenas", "growing blocks", "heaps"] {
            if !can_tell(story) {
                return;
            }
            let plan =
                Plan { calls: vec![libc::SYS_mprotect], nth: 0, lasting: false, errno: libc::ENOMEM, strict: true };
            let (runs, loud) = sweep(story, &plan, &[false, true], false);
            println!("{story}, step by step: {runs} runs, {loud} of them with an error for the caller");
            assert!(loud != 0, "{story}: no step was ever refused");
        }
    }

    macro_rules! stories {
        ($($name:ident: $story:literal,)*) => { $(
            #[test]
            fn $name() {
                sweep_kinds($story);
            }
        )* };
    }
    stories! {
        arenas_keep_what_they_gave: "arenas",
        reserved_arenas_are_whole_or_empty: "reserved arenas",
        growing_blocks_stay_where_they_were: "growing blocks",
        heaps_keep_what_they_gave: "heaps",
        heaps_over_other_memory_keep_what_they_gave: "heaps over other memory",
        maps_are_whole_or_not_there: "maps",
        rare_maps_are_whole_or_not_there: "rare maps",
        pools_go_on: "pools",
        shared_arenas_are_whole_or_not_there: "shared arenas",
        files_keep_their_bytes: "files",
        inputs_lose_nothing: "inputs",
    }
}
