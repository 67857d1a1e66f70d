//! Heaps in the built archive: other people's libraries in them, under checkers as well; what a strict heap does; and
//! what they add to a program.
//!
//! What a heap's functions hold to is in `c_abi.rs`, with every libc and compiler.

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

use library::{Library, ROOT, checked, hosted};
use object::run;
use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::{Compiler, STRICT, has, passes, said, skip};

const WAY: Compiler = Compiler { name: "heap", command: &["gcc"], flags: &["-std=c99", "-O2", "-g"] };

/// How C++'s and C's sanitizers are asked for.
const SANITIZED: Compiler = Compiler {
    name: "heap-sanitized",
    command: &["gcc"],
    flags: &["-std=c99", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
};

/// Programs of c-tests/libraries, with how pkg-config calls the library, and Debian.
const LIBRARIES: [(&str, &str, &str); 10] = [
    ("sqlite", "sqlite3", "libsqlite3-dev"),
    ("lua", "lua5.4", "liblua5.4-dev"),
    ("expat", "expat", "libexpat1-dev"),
    ("zlib", "zlib", "zlib1g-dev"),
    ("bzip2", "-lbz2", "libbz2-dev"), // brings nothing for pkg-config
    ("cjson", "libcjson", "libcjson-dev"),
    ("libuv", "libuv", "libuv1-dev"),
    ("openssl", "libcrypto", "libssl-dev"),
    ("curl", "libcurl", "libcurl4-openssl-dev"),
    ("zstd", "libzstd", "libzstd-dev"),
];

/// What a program with the library is compiled and linked with; `None`, said out loud, if the library is not here.
fn flags_of(package: &str, debian: &str) -> Option<Vec<String>> {
    if package.starts_with("-l") {
        let found = Path::new("/usr/include/bzlib.h").exists();
        if !found {
            skip(package, &format!("{debian} is not installed"));
        }
        return found.then(|| vec![package.to_owned()]);
    }
    let flags = Command::new("pkg-config").args(["--cflags", "--libs", package]).output().unwrap();
    if !flags.status.success() {
        skip(package, &format!("{debian} is not installed"));
        return None;
    }
    // Other people's headers are not held to our warnings.
    let flags = String::from_utf8(flags.stdout).unwrap();
    Some(flags.split_whitespace().map(|flag| flag.replace("-I", "-isystem")).collect())
}

/// Builds a library's program; `None` if the library is not here.
fn build(way: Compiler, library: &Library, name: &str) -> Option<PathBuf> {
    let (_, package, debian) = LIBRARIES.iter().find(|(known, ..)| *known == name).unwrap();
    let flags = flags_of(package, debian)?;
    let source = format!("libraries/{name}.c");
    std::fs::create_dir_all(library::directory(way.name).join("libraries")).unwrap();
    let archive = [library.archive.as_os_str()];
    let strict = STRICT.iter().map(OsStr::new);
    let more: Vec<&OsStr> = strict.chain(archive).chain(flags.iter().map(OsStr::new)).collect();
    Some(way.build(&source, &more))
}

#[test]
fn real_libraries_take_half_as_much_again_as_they_use_and_no_more_for_more_work() {
    if !has("gcc", "other libraries in heaps") || !has("pkg-config", "other libraries in heaps") {
        return;
    }
    for (name, ..) in LIBRARIES {
        let Some(program) = build(WAY, hosted(), name) else { continue };
        let output = Command::new(program).output().unwrap();
        print!("{}", String::from_utf8_lossy(&output.stdout));
        assert!(output.status.success(), "{name}: {}: {}", output.status, said(&output));
    }
}

#[test]
fn checkers_find_nothing_in_libraries_in_heaps() {
    const WHAT: &str = "libraries in heaps under checkers";
    if !has("gcc", WHAT) || !has("pkg-config", WHAT) {
        return;
    }
    // With the archive that poisons what is no block.
    if SANITIZED.works(WHAT) {
        for name in ["sqlite", "lua", "expat", "zlib", "libuv", "cjson"] {
            let Some(program) = build(SANITIZED, checked(), name) else { continue };
            passes(Command::new(program));
        }
    }
    if has("valgrind", WHAT) {
        let way = Compiler { name: "heap-valgrind", flags: &["-std=c99", "-O1", "-g"], ..WAY };
        for (name, amount) in [("sqlite", "6000"), ("lua", "2000"), ("expat", "10")] {
            let Some(program) = build(way, checked(), name) else { continue };
            let mut command = Command::new("valgrind");
            passes({
                command.args(["--quiet", "--error-exitcode=9"]).arg(program).arg(amount);
                command
            });
        }
    }
}

#[test]
fn hooks_and_heaps_compile_without_a_warning_at_every_level() {
    for level in ["-O0", "-O1", "-O2", "-O3"] {
        for compiler in ["gcc", "clang", "g++", "clang++"] {
            if !has(compiler, "hooks at every level") {
                continue;
            }
            let is_c = !compiler.ends_with("++");
            // What follows the sources is no source.
            let flags: &[&str] = if is_c { &["-std=c99", level] } else { &["-std=c++11", level, "-x", "c++"] };
            let way = Compiler { name: &format!("heap-{compiler}{level}"), command: &[compiler], flags };
            let archive = [OsStr::new("-x"), OsStr::new("none"), hosted().archive.as_os_str()];
            let more: Vec<&OsStr> = STRICT.iter().map(OsStr::new).chain(archive).collect();
            for source in if is_c { &["hooks.c", "heap.c"][..] } else { &["hooks.c"] } {
                passes(Command::new(way.build(source, &more)));
            }
        }
    }
}

#[test]
fn a_strict_heap_ends_the_process_at_a_mistake() {
    if !has("gcc", "strict heaps") {
        return;
    }
    let program = WAY.build("heap_strict.c", &[hosted().archive.as_os_str()]);
    passes(Command::new(&program));
    for (which, sentence) in [
        ("a second free", "it was freed before."),
        ("inside a block", "no block begins there, or it was freed before."),
        ("of elsewhere", "it is not of this heap."),
        ("resized after it was freed", "it was freed before."),
    ] {
        let output = Command::new(&program).arg(which).output().unwrap();
        assert!(output.status.signal().is_some(), "{which}: {}", output.status);
        let said = said(&output);
        assert!(
            said.starts_with(&format!("region: a block cannot be freed or resized: {sentence}")),
            "{which}: {said}"
        );
    }
}

/// Bytes of code of heaps that a program links: all functions of the header over every kind of memory; and those of heaps of
/// many threads.
const HEAP_TEXT: usize = 16_300;
const SYNC_HEAP_TEXT: usize = 18_100;

/// Whether a symbol is of heaps that many threads use.
fn is_of_many(symbol: &str) -> bool {
    symbol.contains("sync_heap") || symbol.contains("SyncHeap") || symbol.contains("sharded")
}

#[test]
fn programs_without_a_heap_have_nothing_of_it() {
    if !has("gcc", "what heaps add") || !has("nm", "what heaps add") {
        return;
    }
    let archive = hosted().archive.as_os_str();
    let way = Compiler { name: "heap-sections", flags: &["-std=c99", "-O2", "-Wl,--gc-sections"], ..WAY };
    let names = |source: &str| {
        let program = way.build(source, &[archive, OsStr::new("-pthread")]);
        run(Command::new("nm").arg("-C").arg(program))
    };
    for source in ["arena.c", "pool.c", "marks.c", "shared.c"] {
        let listing = names(source);
        let of_heaps: Vec<&str> = listing.lines().filter(|line| line.contains("heap")).collect();
        assert!(of_heaps.is_empty(), "{source}: {of_heaps:?}");
    }
    assert!(names("heap.c").contains("region_heap_alloc"));
    let of_heaps = |source: &str| -> usize {
        let program = way.build(source, &[archive, OsStr::new("-pthread")]);
        let listing = run(Command::new("nm").args(["-C", "-S"]).arg(program));
        let ours = listing.lines().filter(|line| line.contains("region") && line.contains("heap"));
        // An address, a length, a kind, a name.
        let words = ours.map(|line| line.split(' ').collect::<Vec<_>>());
        let code = words.filter(|words| words.len() > 3 && ["t", "T"].contains(&words[2]));
        code.map(|words| usize::from_str_radix(words[1], 16).unwrap()).sum()
    };
    for (source, most) in [("heap.c", HEAP_TEXT), ("sync_heap.c", SYNC_HEAP_TEXT)] {
        let bytes = of_heaps(source);
        println!("{source}: {bytes} bytes of code");
        assert!(bytes > 4 << 10 && bytes <= most, "{source}: {bytes} bytes");
    }
    // A heap of one thread is linked without what those of many threads are made of.
    let of_many: Vec<String> = names("heap.c").lines().filter(|line| is_of_many(line)).map(str::to_owned).collect();
    assert!(of_many.is_empty(), "{of_many:?}");
    let with_many = way.build("sync_heap.c", &[archive, OsStr::new("-pthread")]);
    assert!(run(Command::new("nm").arg("-C").arg(with_many)).lines().any(is_of_many));
}

/// c-tests/libraries names each library of the table in docs/c.md.
#[test]
fn libraries_in_the_table_have_a_program() {
    let page = std::fs::read_to_string(format!("{ROOT}/docs/c.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| [")).collect();
    for (name, ..) in LIBRARIES {
        let link = format!("c-tests/libraries/{name}.c");
        assert!(rows.iter().any(|row| row.contains(&link)), "docs/c.md has no row with {link}");
        assert!(Path::new(ROOT).join(&link).exists());
    }
}
