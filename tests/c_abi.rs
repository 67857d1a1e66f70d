//! The C ABI from outside: the archive's symbols, the header under every compiler, and `c-tests/`, whose programs are
//! run with every libc and checker that is installed.
//!
//! What is missing is skipped out loud; REGION_REQUIRE_TOOLS=1 makes that fail. REGION_BLESS=1 renews
//! `include/region.h`.

#![cfg(all(feature = "os", target_os = "linux"))]

#[path = "c_abi/attributes.rs"]
mod attributes;
#[path = "support/hugetlb.rs"]
#[allow(dead_code)] // for other tests
mod hugetlb;
#[allow(dead_code)] // each test uses its part
#[path = "c_abi/library.rs"]
mod library;
#[path = "c_abi/moving.rs"]
mod moving;
#[allow(dead_code)] // each test uses its part
#[path = "c_abi/object.rs"]
mod object;
#[path = "c_abi/obstack.rs"]
mod obstack;
#[path = "c_abi/tools.rs"]
mod tools;

use library::{ROOT, cargo, checked, directory, freestanding, header, hosted, panicking, small};
use object::Object;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::{Compiler, STRICT, feed, has, passes, said, skip};

/// The ways to build a C program with a hosted libc.
const WAYS: [Compiler; 8] = [
    Compiler { name: "gcc", command: &["gcc"], flags: &["-std=c99", "-O2", "-g"] },
    Compiler { name: "gcc-O0", command: &["gcc"], flags: &["-std=c11", "-O0", "-g"] },
    Compiler { name: "gcc-static", command: &["gcc"], flags: &["-std=c99", "-O2", "-static"] },
    Compiler { name: "gcc-lto", command: &["gcc"], flags: &["-std=c17", "-O3", "-flto"] },
    Compiler { name: "clang", command: &["clang"], flags: &["-std=c11", "-O2", "-g"] },
    Compiler { name: "musl", command: &["musl-gcc"], flags: &["-std=c99", "-O2"] },
    Compiler { name: "musl-static", command: &["musl-gcc"], flags: &["-std=c99", "-O2", "-static"] },
    Compiler { name: "dietlibc", command: &["diet", "gcc"], flags: &["-std=c99", "-Os"] },
];

/// Sanitized: memory and undefined behaviour of the C side, the inline parts among it.
const SANITIZED: Compiler = Compiler {
    name: "sanitized",
    command: &["gcc"],
    flags: &["-std=c99", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
};

fn strict<'a>(more: &[&'a OsStr]) -> Vec<&'a OsStr> {
    STRICT.iter().map(OsStr::new).chain(more.iter().copied()).collect()
}

#[test]
fn committed_header_is_what_the_source_makes() {
    let made = directory("header").join("region.h");
    let output = cargo().arg("capi-header").arg(&made).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let made = std::fs::read_to_string(made).unwrap();
    let committed = Path::new(ROOT).join("include/region.h");
    if std::env::var_os("REGION_BLESS").is_some_and(|set| set == "1") {
        std::fs::write(&committed, &made).unwrap();
    }
    let there = std::fs::read_to_string(&committed).unwrap();
    assert!(made == there, "include/region.h is stale: cargo capi-header");
    assert!(made.lines().all(|line| line.chars().count() <= 120), "a line of the header is too long");
}

/// Compiles a file that includes a header, and nothing more.
fn compiles(compiler: &str, language: &str, standard: &str, header: &str, more: &[&str]) {
    let name = format!("{compiler}-{standard}-{}{}", header.replace('/', "-"), more.concat());
    let source = directory("headers").join(format!("{name}.{language}"));
    std::fs::write(&source, format!("#include \"{header}\"\n")).unwrap();
    let output = Command::new(compiler)
        .args(["-fsyntax-only", &format!("-std={standard}"), &format!("-I{ROOT}/include")])
        .args(STRICT)
        .args(more)
        .arg(&source)
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", said(&output));
}

#[test]
fn headers_compile_without_a_warning_as_every_standard() {
    for compiler in ["gcc", "clang"] {
        if has(compiler, "the header as C") {
            for standard in ["c99", "c11", "c17", "c2x"] {
                let more = ["-Wstrict-prototypes", "-Wc++-compat"];
                compiles(compiler, "c", standard, "region.h", &more);
                compiles(compiler, "c", standard, "region.h", &["-DREGION_FREESTANDING", "-ffreestanding"]);
                compiles(compiler, "c", standard, "region/obstack.h", &more);
            }
        }
    }
    for compiler in ["g++", "clang++"] {
        if has(compiler, "the headers as C++") {
            for standard in ["c++11", "c++14", "c++17", "c++20"] {
                compiles(compiler, "cpp", standard, "region.h", &["-DREGION_FREESTANDING"]);
                compiles(compiler, "cpp", standard, "region.h", &[]);
                compiles(compiler, "cpp", standard, "region/obstack.h", &[]);
            }
            for standard in ["c++17", "c++20"] {
                compiles(compiler, "cpp", standard, "region.hpp", &[]);
            }
        }
    }
}

/// Names that only code on its way to a panic refers to.
const PANICS: [&str; 6] =
    ["panicking", "unwrap_failed", "expect_failed", "index_fail", "begin_unwind", "slice_error_fail"];

#[test]
fn archive_is_closed() {
    if !has("nm", "the archive's symbols") {
        return;
    }
    let memory = &["memcpy", "memmove", "memset", "memcmp"][..];
    for (library, name, may_need) in
        [(hosted(), "hosted", memory), (small(), "small", memory), (freestanding(), "freestanding", &[][..])]
    {
        let object = Object::of(&library.archive, name);
        for defined in object.names("ABCDGRSTVW") {
            assert!(defined.starts_with("region_"), "{name} defines {defined}");
        }
        for needed in object.names("Uuvw") {
            // What linkers define.
            let internal = ["_GLOBAL_OFFSET_TABLE_", "_DYNAMIC"].contains(&needed.as_str());
            // LeakSanitizer's, and a byte of glibc's, which are asked for weakly.
            const WEAK: [&str; 3] =
                ["__lsan_register_root_region", "__lsan_unregister_root_region", "__libc_single_threaded"];
            let weak = WEAK.contains(&needed.as_str());
            let internal = internal || (weak && name != "freestanding" && object.names("w").contains(&needed));
            assert!(internal || may_need.contains(&needed.as_str()), "{name} needs {needed}");
        }
        for symbol in object.symbols() {
            assert!(!PANICS.iter().any(|panic| symbol.name.contains(panic)), "{name} may panic: {}", symbol.name);
        }
        for (section, size) in object.sections() {
            // What is kept is given back at unloading, where there is a libc that unloads.
            let at_unload = section.starts_with(".fini_array") && name != "freestanding";
            let starts = [".tdata", ".tbss", ".init_array", ".ctors", ".fini_array"];
            let strange = starts.iter().any(|start| section.starts_with(start)) && !at_unload;
            assert!(size == 0 || !strange, "{name} has {section}");
        }
    }
}

#[test]
fn no_path_leads_to_a_panic() {
    if !has("nm", "that nothing panics") {
        return;
    }
    // Inlined, a panic may leave no name of its own, but whatever it ends in would need this one.
    let needed = Object::of(&panicking().archive, "panicking").names("U");
    assert!(!needed.iter().any(|name| name == "region_panicked_"), "something may panic: {needed:?}");
}

#[test]
fn shared_library_exports_the_abi_alone() {
    if !has("nm", "the shared library's symbols") {
        return;
    }
    let listing = object::run(Command::new("nm").args(["-D", "--defined-only"]).arg(&hosted().shared));
    let exported: Vec<&str> = listing.lines().filter_map(|line| line.split_whitespace().last()).collect();
    assert!(exported.len() > 100, "{exported:?}");
    // The version that all of them have is a name, too.
    for name in exported.iter().filter(|name| **name != "REGION_0") {
        assert!(name.starts_with("region_") && name.ends_with("@@REGION_0"), "libregion.so exports {name}");
    }
}

#[test]
fn header_and_archive_have_the_same_functions() {
    if !has("nm", "the archive's symbols") {
        return;
    }
    let header = header();
    let exported = Object::of(&hosted().archive, "functions").names("T");
    // A declaration begins at the margin with a type; the name stands before the first parenthesis.
    let declared: Vec<&str> = header
        .lines()
        .filter(|line| {
            line.contains('(') && line.starts_with(|c: char| c.is_ascii_lowercase()) && !line.starts_with("typedef")
        })
        .filter_map(|line| line.split('(').next()?.split([' ', '*']).next_back())
        .collect();
    // Variadic functions need the libc's va_list, and macros give answers by functions of their own: these are inline
    // alone.
    let inline_only = [
        "region_printf",
        "region_vprintf",
        "region_string_printf",
        "region_string_vprintf",
        "region_array_answer_",
        "region_array_took_",
    ];
    for name in &declared {
        let known = exported.iter().any(|exported| exported == name);
        assert!(known != inline_only.contains(name), "{name} is in the header; exported: {known}");
    }
    for name in &exported {
        assert!(declared.contains(&name.as_str()), "{name} is exported and not in the header");
    }
}

/// Bytes of code that the whole ABI may have, made for speed and made for size. The second is what there is and a
/// little, so that growth is noticed.
const FAST_TEXT: usize = 82 << 10;
const SMALL_TEXT: usize = 63 << 10;
/// Bytes of a stripped program without a libc that uses an arena.
const HELLO: u64 = 7936;

#[test]
fn code_stays_small() {
    if !has("size", "the archive's size") {
        return;
    }
    let (small, fast) = (Object::of(&small().archive, "small").text(), Object::of(&hosted().archive, "fast").text());
    println!("code: {small} bytes for size, {fast} for speed");
    assert!(small <= SMALL_TEXT && fast <= FAST_TEXT, "{small} bytes for size, {fast} for speed");
}

/// The command at the head of c-tests/freestanding.c.
const NO_LIBC: Compiler = Compiler {
    name: "freestanding",
    command: &["gcc"],
    flags: &[
        "-std=c99",
        "-Oz",
        "-ffreestanding",
        "-fno-stack-protector",
        "-fno-asynchronous-unwind-tables",
        "-nostdlib",
        "-static",
        "-s",
        "-Wl,--gc-sections,--build-id=none,-z,noseparate-code,-z,norelro",
        concat!("-Wl,-T,", env!("CARGO_MANIFEST_DIR"), "/c-tests/small.ld"),
    ],
};

#[test]
fn program_without_a_libc_runs_and_is_small() {
    if !has("gcc", "a program without a libc") {
        return;
    }
    let program = NO_LIBC.build("freestanding.c", &strict(&[freestanding().archive.as_os_str()]));
    let output = Command::new(&program).output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert_eq!(output.stdout, b"hello\n");
    let size = program.metadata().unwrap().len();
    println!("program without a libc: {size} bytes");
    assert!(size <= HELLO, "{size} bytes");
}

/// Programs that say by their exit whether their claims hold, with what they are linked with besides: the lines of
/// `c-tests/claims`, which packages and other processors run, too.
fn claims() -> impl Iterator<Item = (String, Vec<&'static str>)> {
    let lines = include_str!("../c-tests/claims").lines();
    lines.map(|line| {
        let mut words = line.split(' ');
        (format!("{}.c", words.next().unwrap()), words.collect())
    })
}

fn check_claims(way: Compiler, archive: &Path, wrap: impl Fn(&Path) -> Command) {
    for (source, libraries) in claims() {
        // diet's threads are a library of their own, and not for programs that fork.
        if way.name == "dietlibc" && ["pool.c", "sync_heap.c"].contains(&&*source) {
            continue;
        }
        let more: Vec<&OsStr> = [archive.as_os_str()].into_iter().chain(libraries.iter().map(OsStr::new)).collect();
        passes(wrap(&way.build(&source, &strict(&more))));
    }
}

#[test]
fn programs_hold_their_claims_with_every_libc_and_compiler() {
    for way in WAYS {
        if way.works(&format!("C programs built by {}", way.name)) {
            check_claims(way, &hosted().archive, |program| Command::new(program));
        }
    }
}

#[test]
fn programs_hold_their_claims_with_the_small_and_the_freestanding_archive() {
    if has("gcc", "C programs with other archives") {
        // It keeps first blocks alone.
        let flags = &["-std=c99", "-O2", "-g", "-DKEEPS_FIRST_BLOCKS"];
        let small_way = Compiler { name: "gcc-small", flags, ..WAYS[0] };
        check_claims(small_way, &small().archive, |program| Command::new(program));
        let bare_way = Compiler { name: "gcc-bare", flags, ..WAYS[0] };
        check_claims(bare_way, &freestanding().archive, |program| Command::new(program));
    }
}

#[test]
fn signal_handlers_threads_and_cleanups_have_arenas_of_their_own() {
    for way in WAYS.iter().filter(|way| ["gcc", "gcc-O0", "clang", "musl"].contains(&way.name)) {
        if way.works(&format!("arenas in signal handlers, built by {}", way.name)) {
            let archive = hosted().archive.as_os_str();
            let program = way.build("signals.c", &strict(&[archive, OsStr::new("-pthread")]));
            let output = Command::new(program).output().unwrap();
            assert!(output.status.success(), "{}: {}: {}", way.name, output.status, said(&output));
            assert_eq!(output.stdout, b"goodbye\n", "{}", way.name);
        }
    }
}

#[test]
fn sanitizers_find_nothing() {
    if SANITIZED.works("C programs under ASan and UBSan") {
        check_claims(SANITIZED, &hosted().archive, |program| Command::new(program));
    }
}

/// Each mistake is found by a checker that runs the program so; and a program without one is not accused.
fn finds_mistakes(way: Compiler, wrap: impl Fn(&Path) -> Command, report: &str) {
    let program = way.build("mistakes.c", &strict(&[checked().archive.as_os_str()]));
    let run = |which: &str| wrap(&program).arg(which).output().unwrap();
    assert!(run("none").status.success(), "{}", said(&run("none")));
    let mistakes = [
        "past the end",
        "after a reset",
        "after a rewind",
        "after a free",
        "beside the blocks of a buffer",
        "past the end of a heap's block",
        "after a heap's block was freed",
        "after a heap was cleared",
    ];
    for which in mistakes {
        let output = run(which);
        assert!(!output.status.success() && said(&output).contains(report), "{which}: {}", said(&output));
    }
}

#[test]
fn checkers_find_touches_of_what_an_arena_did_not_hand_out() {
    if SANITIZED.works("mistakes under ASan") {
        let way = Compiler { name: "sanitized-checked", ..SANITIZED };
        check_claims(way, &checked().archive, |program| Command::new(program));
        finds_mistakes(way, |program| Command::new(program), "AddressSanitizer");
    }
    if has("gcc", "mistakes under valgrind") && has("valgrind", "mistakes under valgrind") {
        let way = Compiler { name: "valgrind-checked", ..VALGRIND };
        finds_mistakes(way, valgrind, "Invalid read");
    }
}

#[test]
fn leak_sanitizer_finds_what_values_of_arenas_refer_to() {
    for (name, flag, archive) in [
        ("leaks-leak", "-fsanitize=leak", hosted()),
        ("leaks-address", "-fsanitize=address", hosted()),
        ("leaks-checked", "-fsanitize=address", checked()),
        ("leaks-small", "-fsanitize=leak", small()),
    ] {
        let way = Compiler { name, command: &["gcc"], flags: &["-std=c11", "-O1", "-g", flag] };
        if !way.works(&format!("leaks, by {flag}")) {
            continue;
        }
        let program = way.build("leaks.c", &strict(&[archive.archive.as_os_str()]));
        let run = |words: &[&str]| Command::new(&program).args(words).output().unwrap();
        let nobodys = run(&["nothing of the library's"]);
        if !said(&nobodys).contains("detected memory leaks") {
            // It stops the process by ptrace(2), which not every system lets it.
            skip("LeakSanitizer", &format!("it finds no leak here: {}", said(&nobodys)));
            continue;
        }
        for place in [
            "first block",
            "large block",
            "reserved arena",
            "map",
            "arena in a map",
            "pool",
            "heap",
            "large block of a heap",
        ] {
            let kept = run(&[place]);
            assert!(kept.status.success(), "{name}: {place}: {}", said(&kept));
            let lost = said(&run(&[place, "lost"]));
            assert!(lost.contains("detected memory leaks"), "{name}: {place}: {lost}");
        }
    }
}

/// How a program is built for valgrind, and run under it.
const VALGRIND: Compiler = Compiler { name: "valgrind", command: &["gcc"], flags: &["-std=c99", "-O1", "-g"] };

fn valgrind(program: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=all"]);
    command.arg(program);
    command
}

#[test]
fn valgrind_finds_no_error_and_no_leak() {
    if !has("gcc", "C programs under valgrind") || !has("valgrind", "C programs under valgrind") {
        return;
    }
    check_claims(VALGRIND, &hosted().archive, valgrind);
}

#[test]
fn arena_in_a_buffer_makes_no_system_call() {
    for way in WAYS.iter().filter(|way| ["gcc", "gcc-O0", "clang", "musl-static"].contains(&way.name)) {
        if way.works(&format!("a program without system calls, built by {}", way.name)) {
            let program = way.build("buffer.c", &strict(&[hosted().archive.as_os_str()]));
            let output = Command::new(program).arg("strict").output().unwrap();
            // Any other call than write(2) and _exit(2) is SIGKILL.
            assert!(output.status.success(), "{}: {}: {}", way.name, output.status, said(&output));
            assert_eq!(output.stdout, b"no system call\n");
        }
    }
}

#[test]
fn huge_pages_are_had_refused_or_done_without() {
    // Without any, the program checks what is refused, and says what it could not check.
    let _pages = hugetlb::set_huge_pages_aside(8, "C maps in huge pages");
    for way in WAYS.iter().chain([&SANITIZED]) {
        if way.works(&format!("maps in huge pages, built by {}", way.name)) {
            let program = way.build("huge.c", &strict(&[hosted().archive.as_os_str()]));
            let output = Command::new(program).output().unwrap();
            // Past the test runner's capture.
            let _ = std::io::stderr().write_all(&output.stderr);
            assert!(output.status.success(), "{}: {}", way.name, output.status);
        }
    }
}

#[test]
fn lines_are_sorted_without_malloc() {
    let mut text = Vec::new();
    for i in 0..60_000u32 {
        text.extend_from_slice(format!("line {} of many\n", i.wrapping_mul(2_654_435_761)).as_bytes());
    }
    text.extend_from_slice(b"NUL \0 is data\n\nno newline");
    let mut expected: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    expected.sort_unstable();
    let expected: Vec<u8> = expected.iter().flat_map(|line| line.iter().chain(b"\n")).copied().collect();
    let path = directory("sort_lines").join("text");
    std::fs::write(&path, &text).unwrap();

    for way in WAYS.iter().filter(|way| ["gcc", "gcc-static", "musl-static", "dietlibc"].contains(&way.name)) {
        if !way.works(&format!("a program without malloc, built by {}", way.name)) {
            continue;
        }
        let no_malloc = format!("{ROOT}/c-tests/no_malloc.c");
        let mut more = vec![hosted().archive.as_os_str()];
        // Static glibc and diet call malloc themselves before `main`.
        if !["gcc-static", "dietlibc"].contains(&way.name) {
            more.push(OsStr::new(&no_malloc));
        }
        let program = way.build("sort_lines.c", &strict(&more));
        let counts = format!("60003 {} {}\n", 60_000 * 4 + 6, text.len());
        let mut mapped = Command::new(&program);
        mapped.arg(&path);
        for output in [feed(mapped, b""), feed(Command::new(&program), &text)] {
            assert!(output.status.success(), "{}: {}", way.name, output.status);
            assert!(output.stdout == expected, "{}: the lines are not sorted", way.name);
            assert_eq!(said(&output), counts);
        }
        // Names, as `find -print0` writes them.
        let mut names = Command::new(&program);
        names.arg("-z");
        let output = feed(names, b"./two\nlines\0./b\0\0./a b");
        assert!(output.status.success() && output.stdout == b"\0./a b\0./b\0./two\nlines\0", "{output:?}");
        let missing = Command::new(&program).arg("/no/such/file").output().unwrap();
        assert!(!missing.status.success() && said(&missing).contains("ENOENT"));
    }
}

#[test]
fn parser_keeps_nothing_of_an_expression() {
    if !has("gcc", "a parser") {
        return;
    }
    let program = WAYS[0].build("sexpr.c", &strict(&[hosted().archive.as_os_str()]));
    let deep = "(".repeat(2000);
    let text = format!("(+ 1 (* 2 3)) (- 5) 7 (- 10 2 3)\n(foo) ) {deep}");
    let output = feed(Command::new(&program), text.as_bytes());
    let answers = "7\n-5\n7\n5\nerror: not an operation\nerror: a parenthesis is closed that was not opened\n";
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with(&format!("{answers}error: lists are too deep\n")), "{printed}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn process_ends_where_its_arena_was_told_to_end_it() {
    if !has("gcc", "the policy that ends the process") {
        return;
    }
    let program = WAYS[0].build("oom_abort.c", &strict(&[hosted().archive.as_os_str()]));
    let output = Command::new(program).output().unwrap();
    assert!(output.status.signal().is_some(), "{}", output.status);
    assert!(said(&output).starts_with("region: cannot allocate 12345 bytes; the arena has 4000 bytes in use."));
}

#[test]
fn two_rust_libraries_link_into_one_program() {
    if !has("gcc", "two Rust libraries in one program") {
        return;
    }
    let target = format!("{}/no_std", library::TEMP);
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--features", "os"])
        .args(["--manifest-path", &format!("{ROOT}/tests/no_std/Cargo.toml"), "--target-dir", &target])
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(build.status.success(), "{}", said(&build));
    let other = format!("{target}/release/libno_std_probe.a");
    let own = hosted().archive.as_os_str();
    for (name, libraries) in [("own-first", [own, OsStr::new(&other)]), ("own-last", [OsStr::new(&other), own])] {
        let way = Compiler { name, ..WAYS[0] };
        passes(Command::new(way.build("two_libraries.c", &strict(&libraries))));
    }
}

#[test]
fn exported_twins_serve_other_languages() {
    if has("gcc", "the exported twins") {
        let program = WAYS[0].build("twins.c", &strict(&[OsStr::new("-ldl")]));
        let mut command = Command::new(program);
        command.arg(&hosted().shared);
        passes(command);
    }
}

#[test]
fn owners_and_pmr_containers_work() {
    for (name, command, standard) in
        [("g++", "g++", "-std=c++17"), ("g++20", "g++", "-std=c++20"), ("clang++", "clang++", "-std=c++17")]
    {
        if has(command, "region.hpp") {
            let way = Compiler { name, command: &[command], flags: &[standard, "-O2", "-g"] };
            passes(Command::new(
                way.build("pmr.cpp", &strict(&[hosted().archive.as_os_str(), OsStr::new("-pthread")])),
            ));
        }
    }
    let way = Compiler {
        name: "sanitized++",
        command: &["g++"],
        flags: &["-std=c++17", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    };
    if way.works("region.hpp under ASan and UBSan") {
        passes(Command::new(way.build("pmr.cpp", &strict(&[hosted().archive.as_os_str(), OsStr::new("-pthread")]))));
    }
}

/// Most programs are built by gcc alone where they run, and clang warns of other things.
#[test]
fn clang_has_nothing_to_say_of_any_program() {
    if !has("clang", "clang's warnings") || !has("pkg-config", "clang's warnings") {
        return;
    }
    let libraries = ["lua5.4", "apr-1"].iter().flat_map(|package| {
        let flags = Command::new("pkg-config").args(["--cflags-only-I", package]).output().unwrap().stdout;
        String::from_utf8(flags).unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    });
    let libraries: Vec<String> = libraries.collect();
    let mut folders = vec![PathBuf::from(ROOT).join("c-tests")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let standard = match path.extension().and_then(OsStr::to_str) {
                _ if path.is_dir() => {
                    folders.push(path);
                    continue;
                }
                Some("c") => ["-xc", "-std=gnu11"],
                Some("cpp") => ["-xc++", "-std=c++17"],
                _ => continue,
            };
            let mut clang = Command::new("clang");
            clang.args(standard).args(STRICT).arg("-fsyntax-only").arg(format!("-I{ROOT}/include"));
            let answer = clang.args(&libraries).arg(&path).output().unwrap();
            let words = said(&answer);
            if words.contains("file not found") {
                skip(&format!("clang's warnings of {}", path.display()), words.lines().next().unwrap());
            } else {
                assert!(answer.status.success() && words.is_empty(), "{}", words);
            }
        }
    }
}

#[test]
fn real_libraries_live_in_arenas() {
    let libraries = [
        ("lua.c", "lua5.4", "liblua5.4-dev"),
        ("expat.c", "expat", "libexpat1-dev"),
        ("zlib.c", "zlib", "zlib1g-dev"),
        ("sqlite.c", "sqlite3", "libsqlite3-dev"),
        ("cjson.c", "libcjson", "libcjson-dev"),
    ];
    if !has("gcc", "other libraries in arenas") || !has("pkg-config", "other libraries in arenas") {
        return;
    }
    for (source, package, debian) in libraries {
        let flags = Command::new("pkg-config").args(["--cflags", "--libs", package]).output().unwrap();
        if !flags.status.success() {
            skip(source, &format!("{debian} is not installed"));
            continue;
        }
        let flags = String::from_utf8(flags.stdout).unwrap();
        // Other people's headers are not held to our warnings.
        let flags: Vec<String> = flags.split_whitespace().map(|flag| flag.replace("-I", "-isystem")).collect();
        let more = [hosted().archive.as_os_str()].into_iter().chain(flags.iter().map(OsStr::new));
        let program = WAYS[0].build(source, &strict(&more.collect::<Vec<_>>()));
        passes(Command::new(program));
    }
}
