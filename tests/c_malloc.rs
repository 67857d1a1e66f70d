//! The malloc that `cargo capi-malloc` makes: programs of other people's, preloaded, give the same results; and what
//! malloc(3) promises holds with every libc and way to link it.

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

use library::{ROOT, directory, malloc, panicking_malloc};
use object::{Object, run};
use std::ffi::OsStr;
use std::fmt::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use tools::{Compiler, STRICT, feed, has, said, skip};

/// A compiler that leaves no call of malloc's out, and what it links.
const fn way(
    name: &'static str,
    command: &'static [&'static str],
    flags: &'static [&'static str],
) -> Compiler<'static> {
    Compiler { name, command, flags }
}

const PRELOADED: [Compiler; 2] = [
    way("malloc-glibc", &["gcc"], &["-std=gnu11", "-O2", "-fno-builtin", "-pthread"]),
    way("malloc-musl", &["musl-gcc"], &["-std=gnu11", "-O2", "-fno-builtin", "-pthread"]),
];

const LINKED: [Compiler; 4] = [
    way("malloc-linked", &["gcc"], &["-std=gnu11", "-O2", "-fno-builtin", "-pthread"]),
    way("malloc-static", &["gcc"], &["-std=gnu11", "-O2", "-fno-builtin", "-pthread", "-static"]),
    way("malloc-musl-linked", &["musl-gcc"], &["-std=gnu11", "-O2", "-fno-builtin", "-pthread"]),
    way("malloc-musl-static", &["musl-gcc"], &["-std=gnu11", "-O2", "-fno-builtin", "-pthread", "-static"]),
];

/// Builds c-tests/malloc.c, with the object if it is to be `linked`; `None`, said out loud, if that compiler is not here.
fn build(way: Compiler, linked: bool) -> Option<PathBuf> {
    if !way.works(way.name) {
        return None;
    }
    let object = linked.then(|| malloc().archive.as_os_str());
    let more: Vec<&OsStr> = STRICT.iter().map(OsStr::new).chain(object).collect();
    Some(way.build("malloc.c", &more))
}

/// The command with the library preloaded.
fn preloaded(mut command: Command) -> Command {
    command.env("LD_PRELOAD", &malloc().shared);
    command
}

fn holds(mut command: Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    // A loader that cannot preload says so and goes on.
    let complaint = said(&output);
    assert!(
        output.status.success() && text == "malloc holds\n" && complaint.is_empty(),
        "{command:?}: {}: {text}{complaint}",
        output.status
    );
}

#[test]
fn malloc_keeps_its_promises_preloaded_and_linked_with_every_libc() {
    for way in PRELOADED {
        if let Some(program) = build(way, false) {
            holds(preloaded(Command::new(program)));
        }
    }
    for way in LINKED {
        if let Some(program) = build(way, true) {
            holds(Command::new(program));
        }
    }
}

#[test]
fn what_is_no_block_ends_the_process_with_a_sentence() {
    // This is also how it shows that it is this malloc that the programs have.
    let preloaded_ones = PRELOADED.into_iter().map(|way| (build(way, false), true));
    let linked_ones = LINKED.into_iter().map(|way| (build(way, true), false));
    for (program, is_preloaded) in preloaded_ones.chain(linked_ones) {
        let Some(program) = program else { continue };
        for (which, sentence) in [
            ("double free", "free(): invalid pointer: the block was freed before (double free)\n"),
            ("inside", "free(): invalid pointer: no block begins there, or it was freed before (double free)\n"),
            ("misaligned", "free(): invalid pointer: no block begins there, or it was freed before (double free)\n"),
            ("foreign", "free(): invalid pointer: no block of this malloc is there\n"),
            ("wild", "free(): invalid pointer: no block of this malloc is there\n"),
            ("realloc", "realloc(): invalid pointer: the block was freed before (double free)\n"),
            ("large twice", "free(): invalid pointer: no block begins there, or it was freed before (double free)\n"),
        ] {
            let mut command = Command::new(&program);
            command.arg(which);
            let output = if is_preloaded { preloaded(command) } else { command }.output().unwrap();
            assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{}: {which}", program.display());
            assert_eq!((said(&output).as_str(), output.stdout.len()), (sentence, 0), "{}", program.display());
        }
    }
}

#[test]
fn the_library_has_the_symbols_of_malloc_alone_and_needs_no_other_library() {
    const OWN: [&str; 12] = [
        "aligned_alloc",
        "calloc",
        "free",
        "malloc",
        "malloc_trim",
        "malloc_usable_size",
        "memalign",
        "posix_memalign",
        "pvalloc",
        "realloc",
        "reallocarray",
        "valloc",
    ];
    if !has("nm", "malloc's symbols") || !has("readelf", "malloc's symbols") {
        return;
    }
    let names = |arguments: &[&str]| {
        let listing = run(Command::new("nm").args(arguments).arg(&malloc().shared));
        let mut names: Vec<String> =
            listing.lines().map(|line| line.split(' ').next_back().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&["-D", "--defined-only"]), OWN);
    let object = Object::alone(&malloc().archive);
    let mut own = object.names("TDBRVW");
    own.sort();
    assert_eq!(own, OWN);
    // What it needs of others are the functions that compilers call by themselves, and an end; all else may be missing.
    for needed in object.names("U") {
        assert!(["memcpy", "memmove", "memset", "memcmp", "abort"].contains(&needed.as_str()), "needs {needed}");
    }
    for file in [&malloc().shared, &malloc().archive] {
        let facts = run(Command::new("readelf").args(["--wide", "--dynamic", "--sections"]).arg(file));
        for unwanted in ["NEEDED", ".tdata", ".tbss"] {
            assert!(!facts.contains(unwanted), "{}: {unwanted}", file.display());
        }
        let symbols = run(Command::new("nm").arg(file));
        assert!(!symbols.contains("pthread"), "{}: {symbols}", file.display());
    }
    let panics = Object::alone(&panicking_malloc().archive);
    assert!(!panics.names("U").contains(&"region_panicked_".to_owned()), "there is a path to a panic");
}

/// What a program says and how it ends.
fn result(output: &Output) -> (Option<i32>, String, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), said(output))
}

/// Runs a program twice, with the library and without, and compares. It is run in a directory of its own.
fn same(program: &str, arguments: &[&str], input: &str) {
    if !has(program, "a program with another malloc") {
        return;
    }
    let command = || {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(directory("malloc-programs"));
        // Hashes that differ from run to run have another order.
        command.env("PERL_HASH_SEED", "0").env("PYTHONHASHSEED", "0");
        command
    };
    let usual = feed(command(), input.as_bytes());
    let ours = feed(preloaded(command()), input.as_bytes());
    assert_eq!(result(&ours), result(&usual), "{program} {arguments:?}");
    assert!(usual.status.success(), "{program} {arguments:?}: {}", said(&usual));
}

#[test]
fn a_program_has_the_library_when_it_is_preloaded() {
    if !has("cat", "preloading") {
        return;
    }
    let mut command = Command::new("cat");
    command.arg("/proc/self/maps");
    let output = preloaded(command).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("libregion_malloc.so"));
    assert_eq!(said(&output), "");
}

#[test]
fn programs_give_the_same_results() {
    let mut lines = String::new();
    for line in 0..40_000u32 {
        let _ = writeln!(lines, "{} {}", line.wrapping_mul(2_654_435_761) % 100_003, "word".repeat(line as usize % 7));
    }
    same(
        "sh",
        &["-c", "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); x=$x.$i; done; echo ${#x}; ls / | sort | head -3"],
        "",
    );
    same(
        "bash",
        &["-c", "for i in {1..20000}; do a[i % 500]=\"${a[i % 300]:0:40}x$i\"; done; echo \"${a[*]}\" | cksum"],
        "",
    );
    same("sort", &["-k2,2", "-k1,1n"], &lines);
    same(
        "awk",
        &["{ n[$1 % 977] = n[$1 % 977] substr($2, 1, 3); if ($1 % 5 == 0) delete n[$1 % 977] } \
                   END { for (i = 0; i < 977; i++) t += length(n[i]) * i; print t }"],
        &lines,
    );
    same(
        "perl",
        &[
            "-e",
            "my %h; while (<>) { my ($a, $b) = split; push @{$h{$a % 997}}, $b // ''; delete $h{$a % 499} if $a % 3 == 0; } \
                 print join(',', map { \"$_:\" . scalar(@{$h{$_}}) } sort { $a <=> $b } keys %h), \"\\n\";",
        ],
        &lines,
    );
    same(
        "sqlite3",
        &[
            ":memory:",
            "create table t(a, b); with recursive c(x) as (select 1 union all select x + 1 from c where x < 20000) \
             insert into t select x, printf('%08d', x * 7919 % 20011) from c; create index i on t(b); \
             delete from t where a % 3 = 0; update t set b = b || b where a % 5 = 0; \
             select count(*), sum(a), max(b), min(b) from t; select group_concat(a) from t where b like '0000%';",
        ],
        "",
    );
    same("git", &["-C", ROOT, "ls-files", "--stage", "src"], "");
    same("git", &["-C", ROOT, "grep", "-c", "unsafe", "--", "src"], "");
    let include = format!("-I{ROOT}/include");
    let source = format!("{ROOT}/c-tests/sexpr.c");
    same("gcc", &["-std=c99", "-O2", &include, "-S", "-o", "-", &source], "");
    same(
        "g++",
        &["-std=c++17", "-O1", &include, "-S", "-o", "-", "-x", "c++", "-"],
        "#include <region.hpp>\nint main() {}\n",
    );
}

#[test]
fn python_gives_the_same_results_and_passes_its_own_tests() {
    if !has("python3", "python with another malloc") {
        return;
    }
    let script = "import json, re, subprocess, sys, threading\n\
                  made = [{'a': i, 'b': [i] * (i % 10), 'c': 'x' * (i % 300)} for i in range(20000)]\n\
                  text = json.dumps(made)\n\
                  assert json.loads(text) == made\n\
                  found = {}\n\
                  def work(n):\n\
                  \x20   found[n] = sum(len(x) * n for x in re.findall(r'x+', text[n * 1000:(n + 50) * 1000]))\n\
                  threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]\n\
                  [t.start() for t in threads]; [t.join() for t in threads]\n\
                  print(len(text), sorted(found.items()), hash(tuple(sorted(found))))\n\
                  print(subprocess.run([sys.executable, '-c', 'print(2 ** 1000)'], capture_output=True).stdout)\n";
    same("python3", &["-c", script], "");
    // Without an allocator of its own in front.
    same("env", &["PYTHONMALLOC=malloc", "python3", "-c", script], "");
    let there = Command::new("python3").args(["-c", "import test.test_list"]).output().unwrap();
    if !there.status.success() {
        return skip("python's own tests", "this python has no package `test`");
    }
    // Those of threads and processes are in benches/c/preload: they depend on how fast a machine is.
    let tests = ["-m", "test", "test_list", "test_dict", "test_json"];
    let mut command = Command::new("python3");
    command.args(tests).current_dir(directory("malloc-programs"));
    let output = preloaded(command).output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), said(&output));
}
