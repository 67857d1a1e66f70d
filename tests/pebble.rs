//! The Pebble example's language from inside: that it leaves the heap alone, and that its pieces keep what they
//! promise. The program around it is `tests/pebble_program.rs`.

#[path = "../examples/pebble/language/mod.rs"]
mod language;

use language::syntax::Code;
use language::{Kind, Limits, machine, parse, run};
use proptest::prelude::*;
use region::Arena;
use region::cage::Cage;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting what each thread asks of it.
struct Counting;

// SAFETY: everything is passed on to the system's allocator as it came; the counter is no part of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.with(|requests| requests.set(requests.get() + 1));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

const LIMITS: Limits = Limits { depth: 2000, memory: 64 << 20 };

/// Runs `body` on a thread with the stack that the limits ask for, and little more.
fn on_stack<R: Send>(body: impl FnOnce() -> R + Send) -> R {
    let stack = (256 << 10) + LIMITS.depth * machine::STACK_PER_LEVEL;
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(stack).spawn_scoped(scope, body).unwrap().join().unwrap()
    })
}

#[test]
fn a_program_at_the_limit_of_depth_stays_on_the_stack_it_asked_for() {
    let source = "fn f(n) { while true { for x in [1] { if true { return [1 + f(n + 1)]; } } } } f(0);";
    let deepest = on_stack(|| {
        let tree = Code::arena();
        let program = parse(source, &tree).unwrap();
        let (mut one, mut another) = (Arena::new(), Arena::new());
        let (spent, result) = run(&program, [&mut one, &mut another], LIMITS, &mut std::io::sink());
        assert!(matches!(result.unwrap_err().kind, Kind::TooDeep(_)));
        assert!(spent.calls > LIMITS.depth / 10 && spent.rewound > 0);
        spent.depth
    });
    assert_eq!(deepest, LIMITS.depth);
}

/// Runs a program and gives the length of what it prints, and how often it asked the heap for memory while it was
/// parsed and run.
fn heap_requests(source: &str, output: &mut [u8]) -> (usize, usize) {
    let len = output.len();
    let before = REQUESTS.get();
    let tree = Code::arena();
    let (mut one, mut another) = (Arena::new(), Arena::new());
    let program = parse(source, &tree).unwrap();
    let mut rest = &mut *output;
    let (_, result) = run(&program, [&mut one, &mut another], LIMITS, &mut rest);
    let printed = len - rest.len();
    let requests = REQUESTS.get() - before;
    result.unwrap();
    (printed, requests)
}

#[test]
fn parsing_and_running_leave_the_heap_alone() {
    let mut output = vec![0; 4096];
    for (source, start) in [
        (include_str!("../examples/pebble/programs/tour.pebble"), "map: [0, 1, 4, 9, 16]\n"),
        (include_str!("../examples/pebble/programs/queens.pebble"), "Q . ."),
    ] {
        let (printed, requests) = on_stack(|| heap_requests(source, &mut output));
        assert!(output[..printed].starts_with(start.as_bytes()), "{:?}", String::from_utf8_lossy(&output[..printed]));
        assert_eq!(requests, 0);
    }
    // The count counts.
    let before = REQUESTS.get();
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(REQUESTS.get(), before + 1);
}

#[test]
fn errors_leave_the_heap_alone_until_they_are_shown() {
    let tree = Code::arena();
    let before = REQUESTS.get();
    for source in ["let x = ;", "\"open", "nowhere(1);", "99999999999999999999"] {
        assert!(parse(source, &tree).is_err());
    }
    let source = "print(1 / 0);";
    let program = parse(source, &tree).unwrap();
    let (mut one, mut another) = (Arena::new(), Arena::new());
    let error = run(&program, [&mut one, &mut another], LIMITS, &mut std::io::sink()).1.unwrap_err();
    assert_eq!(REQUESTS.get(), before);
    assert!(matches!(error.kind, Kind::DivisionByZero));
    assert!(error.report("zero", source).to_string().starts_with("zero:1:7: division by zero\n"));
}

#[test]
fn a_name_is_one_address_however_often_it_is_written() {
    use language::symbol::Symbols;
    let (arena, scratch) = (Code::arena(), Arena::new());
    let mut symbols = Symbols::new(&arena, &scratch);
    // More than any first size of the table, so that it grows on the way.
    let names: Vec<String> = (0..10_000).map(|number| format!("name_{number}")).collect();
    let first: Vec<_> = names.iter().map(|name| symbols.intern(name)).collect();
    for (name, symbol) in names.iter().zip(&first) {
        let again = symbols.intern(&name.clone());
        assert!(again == *symbol && std::ptr::eq(again.name(), symbol.name()));
        assert_eq!(again.name(), name);
    }
    assert_eq!(symbols.len(), names.len());
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn the_tree_does_not_need_its_source() {
    let tree = Code::arena();
    let source = String::from("let text = \"kept\\n\"; fn f(x) { text + x } print(f(\"too\"));");
    let program = parse(&source, &tree).unwrap();
    drop(source);
    // Three of its own, and the built-in functions'.
    assert!(program.symbols > 3 && program.globals as usize + 1 == program.symbols);
    let (mut one, mut another) = (Arena::new(), Arena::new());
    let mut output = Vec::new();
    assert!(run(&program, [&mut one, &mut another], LIMITS, &mut output).1.is_ok());
    assert_eq!(output, b"kept\ntoo\n");
    // Everything went with the program.
    assert_eq!((one.used(), another.used()), (0, 0));
}

/// Pieces of programs, right and wrong.
const PIECES: [&str; 40] = [
    "let",
    "fn",
    "if",
    "else",
    "while",
    "for",
    "in",
    "return",
    "nil",
    "true",
    "and",
    "or",
    "not",
    "x",
    "f",
    "print",
    "é",
    "1",
    "99999999999999999999",
    "\"text\"",
    "\"\\n",
    "\"\\",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "=",
    "==",
    "<",
    "+",
    "-",
    "*",
    "%",
    "# é\n",
    "\n",
    "\u{1f680}",
];

proptest! {
    /// Whatever is written, the parser takes it or says where it is wrong, and that can be shown.
    #[test]
    fn any_row_of_words_is_parsed_or_refused(words in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)) {
        let source = words.join(" ");
        let tree = Code::arena();
        if let Err(error) = parse(&source, &tree) {
            prop_assert!(error.at.start <= error.at.end && error.at.end as usize <= source.len());
            let report = error.report("it", &source).to_string();
            prop_assert!(report.starts_with("it:") && report.ends_with('^'), "{}", report);
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(source in any::<String>()) {
        let tree = Code::arena();
        if let Err(error) = parse(&source, &tree) {
            prop_assert!(error.report("it", &source).to_string().ends_with('^'));
        }
    }
}
