//! What the header tells compilers of its functions: what is lost if nobody takes it, and how long a block is.

use super::library::{ROOT, directory, header};
use super::tools::{has, said};
use std::process::Command;

/// Functions whose pointer, offset or mark nobody needs to take: some that free if they get 0 bytes, what is static.
const MAY_BE_LEFT: [&str; 6] = [
    "region_hook_realloc",
    "region_tracked_realloc",
    "region_heap_hook_realloc",
    "region_heap_hook_resize",
    "region_strerror",
    "region_version",
];

/// The functions of the header that return something else than a status, a figure or an answer, with a call of each.
fn results() -> Vec<(String, String)> {
    let header = header();
    let mut found = Vec::new();
    for line in header.lines() {
        let line = line.strip_prefix("static inline ").unwrap_or(line);
        let (Some((before, after)), false) = (line.split_once('('), line.starts_with([' ', '/', '#'])) else {
            continue;
        };
        let Some(at) = before.rfind([' ', '*']) else { continue };
        let (kind, name) = before.split_at(at + 1);
        if kind.contains('*') || kind.starts_with("region_mark") || kind.starts_with("uint64_t") {
            let Some(arguments) = after.split(')').next() else { continue };
            let zeroes = match arguments {
                "void" => String::new(),
                some => vec!["0"; some.split(',').count()].join(", "),
            };
            found.push((name.to_owned(), format!("{name}({zeroes});")));
        }
    }
    // Those of varying arguments have a format.
    found.retain(|(name, _)| !name.ends_with("printf") && name != "region_shared_root");
    found
}

#[test]
fn compilers_warn_of_results_that_nobody_takes() {
    for compiler in ["gcc", "clang"] {
        if !has(compiler, "results that nobody takes") {
            continue;
        }
        let calls = results();
        assert!(calls.len() > 20, "{calls:?}");
        let body: String = calls.iter().map(|(_, call)| format!("    {call}\n")).collect();
        let program =
            format!("#include \"region.h\"\nvoid f(region_arena *a) {{\n{body}    region_printf(a, \"x\");\n}}\n");
        let source = directory("headers").join(format!("{compiler}-unused.c"));
        std::fs::write(&source, program).unwrap();
        let mut command = Command::new(compiler);
        command.args(["-c", "-O1", "-Wall", "-Wno-nonnull", &format!("-I{ROOT}/include"), "-o"]);
        let output = command.arg(source.with_extension("o")).arg(&source).output().unwrap();
        let warnings = said(&output);
        let warned = |name: &str| {
            let named = [format!("{name}("), format!("‘{name}’"), format!("'{name}'")];
            warnings.lines().any(|line| line.contains("nused-result") && named.iter().any(|named| line.contains(named)))
                || warnings
                    .lines()
                    .zip(warnings.lines().skip(1))
                    .any(|(line, next)| line.contains("nused-result") && next.contains(&format!("{name}(")))
        };
        for (name, _) in &calls {
            assert_eq!(warned(name), !MAY_BE_LEFT.contains(&name.as_str()), "{compiler}: {name}: {warnings}");
        }
        assert!(warned("region_printf"), "{compiler}: {warnings}");
    }
}

#[test]
fn compilers_know_how_long_a_block_is() {
    const PROGRAM: &str = "#include \"region.h\"
#define KNOWN(call, size) do { void *block = (call); if (__builtin_object_size(block, 0) != (size)) unknown_(#call); \\
    keep(block); } while (0)
extern void keep(void *);
extern void unknown_(const char *) __attribute__((error(\"a size is not known\")));
void f(region_arena *a, region_heap *h, void *p) {
    KNOWN(region_alloc_slow_(a, 40), 40);
    KNOWN(region_alloc_aligned(a, 40, 8), 40);
    KNOWN(region_alloc_array(a, 5, 8, 8), 40);
    KNOWN(region_calloc(a, 5, 8), 40);
    KNOWN(region_calloc_aligned(a, 5, 8, 8), 40);
    KNOWN(region_realloc(a, p, 8, 40), 40);
    KNOWN(region_memdup(a, p, 40), 40);
    KNOWN(region_hook_malloc(a, 40), 40);
    KNOWN(region_hook_realloc(a, p, 8, 40), 40);
    KNOWN(region_tracked_malloc(a, 40), 40);
    KNOWN(region_tracked_calloc(a, 5, 8), 40);
    KNOWN(region_tracked_realloc(a, p, 40), 40);
    KNOWN(region_heap_alloc(h, 40), 40);
    KNOWN(region_heap_alloc_aligned(h, 40, 8), 40);
    KNOWN(region_heap_alloc_array(h, 5, 8, 8), 40);
    KNOWN(region_heap_calloc(h, 5, 8), 40);
    KNOWN(region_heap_calloc_aligned(h, 5, 8, 8), 40);
    KNOWN(region_heap_realloc(h, p, 40), 40);
    KNOWN(region_heap_hook_malloc(h, 40), 40);
    KNOWN(region_heap_hook_calloc(h, 5, 8), 40);
    KNOWN(region_heap_hook_realloc(h, p, 40), 40);
    KNOWN(region_heap_hook_resize(h, p, 8, 40), 40);
    if (region_strerror(1) == NULL || region_version() == NULL) unknown_(\"NULL\");
}
";
    for compiler in ["gcc", "clang"] {
        if has(compiler, "sizes of blocks") {
            let source = directory("headers").join(format!("{compiler}-sizes.c"));
            std::fs::write(&source, PROGRAM).unwrap();
            let mut command = Command::new(compiler);
            command.args(["-c", "-O2", "-Wno-nonnull-compare", &format!("-I{ROOT}/include"), "-o"]);
            command.arg(source.with_extension("o"));
            let output = command.arg(&source).output().unwrap();
            assert!(output.status.success(), "{compiler}: {}", said(&output));
        }
    }
}

#[test]
fn arrays_refuse_elements_of_other_types_and_alignments() {
    let compiles = |compiler: &str, name: &str, body: &str| {
        let source = directory("headers").join(format!("{compiler}-array-{name}.c"));
        std::fs::write(&source, format!("#include \"region.h\"\n{body}\n")).unwrap();
        let mut command = Command::new(compiler);
        command.args(["-fsyntax-only", "-std=c99", "-Wall", "-Wextra", "-Werror", &format!("-I{ROOT}/include")]);
        command.arg(&source).output().unwrap().status.success()
    };
    let extends = |items: &str| {
        let array = "REGION_ARRAY(int) n = REGION_ARRAY_INIT(a)";
        format!("int f(region_arena *a, {items} *items) {{ {array}; return region_array_extend(&n, items, 1); }}")
    };
    let holds = |align: usize| {
        let element = format!("struct s {{ char c; }} __attribute__((aligned({align})))");
        format!("{element}; typedef REGION_ARRAY(struct s) array; extern array a;")
    };
    for compiler in ["gcc", "clang"] {
        if has(compiler, "arrays of other types") {
            assert!(compiles(compiler, "same", &extends("const int")) && compiles(compiler, "16", &holds(16)));
            assert!(!compiles(compiler, "other", &extends("long")) && !compiles(compiler, "32", &holds(32)));
        }
    }
}

#[test]
fn arrays_refuse_elements_that_cannot_move_byte_by_byte() {
    for compiler in ["g++", "clang++"] {
        if !has(compiler, "arrays of types with constructors") {
            continue;
        }
        let compiles = |name: &str, body: &str| {
            let source = directory("headers").join(format!("{compiler}-array-{name}.cpp"));
            let array =
                "typedef REGION_ARRAY(s) array; int f(array *a, const s &one) { return region_array_push(a, one); }";
            std::fs::write(&source, format!("#include \"region.h\"\nstruct s {{ {body} }};\n{array}\n")).unwrap();
            let mut command = Command::new(compiler);
            command.args(["-fsyntax-only", "-std=c++11", "-Wall", "-Wextra", "-Werror", &format!("-I{ROOT}/include")]);
            command.arg(&source).output().unwrap().status.success()
        };
        assert!(compiles("plain", "int x; const char *name; s(); explicit s(int);"), "{compiler}");
        assert!(!compiles("copied", "s *self; s(const s &); s &operator=(const s &);"), "{compiler}");
        assert!(!compiles("destroyed", "char *text; ~s();"), "{compiler}");
    }
}
