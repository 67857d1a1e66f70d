//! The Pebble example as a program: its samples, what it says of programs that are wrong, and its bounds.

#[path = "support/programs.rs"]
mod programs;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The program, built if `cargo test` did not build it along.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| programs::built(&["--example", "pebble"]).join("pebble"))
}

fn run_bytes(arguments: &[&str], source: &[u8]) -> Output {
    let mut command = Command::new(program());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that refuses its arguments does not read.
    _ = child.stdin.take().unwrap().write_all(source);
    child.wait_with_output().unwrap()
}

fn run(arguments: &[&str], source: &str) -> Output {
    run_bytes(arguments, source.as_bytes())
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What it prints, without complaint.
fn prints_with(arguments: &[&str], source: &str) -> String {
    let output = run(arguments, source);
    assert_eq!(text(&output.stderr), "", "of {source}");
    assert_eq!(output.status.code(), Some(0), "of {source}");
    text(&output.stdout).to_string()
}

fn prints(source: &str) -> String {
    prints_with(&[], source)
}

/// What it complains of with exit code 1.
fn complains_with(arguments: &[&str], source: &str) -> String {
    let output = run(arguments, source);
    assert_eq!(output.status.code(), Some(1), "of {source}: {}", text(&output.stderr));
    text(&output.stderr).to_string()
}

/// The first line of it, which tells what and where.
fn complains(source: &str) -> String {
    let message = complains_with(&[], source);
    let line = message.lines().next().unwrap();
    line.strip_prefix("standard input:").unwrap_or_else(|| panic!("{message}")).to_string()
}

fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pebble/programs").join(name);
    path.to_str().unwrap().to_string()
}

fn figure(report: &str, row: &str) -> u64 {
    let line = report.lines().find(|line| line.trim_start().starts_with(row)).unwrap_or_else(|| panic!("{report}"));
    line.split_whitespace().last().unwrap().parse().unwrap()
}

#[test]
fn the_samples_print_what_they_should() {
    assert_eq!(
        prints_with(&[&sample("tour.pebble")], ""),
        "map: [0, 1, 4, 9, 16]\n\
         sum: 55\n\
         composed: 42\n\
         fib: [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377]\n\
         even: true odd: false\n\
         words: a. r. e. n. a.\n\
         nested: [1, [\"two\", [3, nil]], true] 5\n"
    );
    assert_eq!(prints_with(&[&sample("primes.pebble")], ""), "primes below 100000 are 9592\n");
    let queens = prints_with(&[&sample("queens.pebble")], "");
    assert!(queens.starts_with("Q . . . . . . .\n. . . . Q . . .\n"), "{queens}");
    assert!(queens.ends_with("8 queens: 92 ways\n"), "{queens}");
}

#[test]
fn operators_bind_as_in_arithmetic_and_logic() {
    for (source, value) in [
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("10 - 3 - 2", "5"),
        ("-2 * -3", "6"),
        ("-7 / 2", "-3"),
        ("-7 % 3", "-1"),
        ("1 + 2 == 3 and not 1 == 2", "true"),
        ("false and 1 / 0 == 0 or true", "true"),
        ("\"a\" + \"b\" < \"ac\"", "true"),
        ("[1, 2] + [3] == [1, 2, 3]", "true"),
        ("[[1], 2][0][0]", "1"),
        ("if 1 < 2 { \"yes\" } else if true { \"no\" } else { nil }", "yes"),
        ("{ let x = 2; x * x }", "4"),
        ("(fn(x) { x + 1 })(1)", "2"),
        ("fn f(n) { if n == 0 { 1 } else { n * f(n - 1) } }(20)", "2432902008176640000"),
        ("\"tab\\tquote\\\" é\"", "tab\tquote\" é"),
    ] {
        assert_eq!(prints(&format!("print({source});")), format!("{value}\n"), "{source}");
    }
}

#[test]
fn closures_capture_values_and_functions_see_globals_as_they_are() {
    assert_eq!(
        prints(
            "fn makers() { let all = []; for n in range(0, 3) { all = push(all, fn(x) { [n, x] }); } all }
             for f in makers() { print(f(9)); }
             let level = 1;
             fn show() { level }
             level = 2;
             print(show(), later());
             fn later() { \"defined below\" }"
        ),
        "[0, 9]\n[1, 9]\n[2, 9]\n2 defined below\n"
    );
    // Three functions deep, and by its own name in between.
    assert_eq!(
        prints(
            "fn outer(a) {
                 fn middle(b) { if b > 1 { middle(b - 1) } else { fn(c) { [a, b, c] } } }
                 middle(3)(5)
             }
             print(outer(7));"
        ),
        "[7, 1, 5]\n"
    );
}

#[test]
fn arguments_under_way_are_not_disturbed_by_calls_among_them() {
    assert_eq!(
        prints(
            "fn three(a, b, c) { [a, b, c] }
             fn id(x) { let junk = [x, x, x]; x }
             print(three(id(1), three(id(2), id(3), 4), { let y = id(5); three(y, y, y) }));"
        ),
        "[1, [2, 3, 4], [5, 5, 5]]\n"
    );
}

#[test]
fn results_outlive_the_scopes_they_were_made_in() {
    assert_eq!(
        prints(
            "fn build(n, list) { if n == 0 { list } else { build(n - 1, push(list, \"item \" + str(n))) } }
             let built = build(100, []);
             let noise = build(50, []);
             print(len(built), built[0], built[99], built == build(100, []));
             fn adder(n) { let name = \"plus \" + str(n); fn(x) { name + \" \" + str(x + n) } }
             let f = adder(3);
             let g = adder(4);
             print(f(1), g(1));"
        ),
        "100 item 100 item 1 true\nplus 3 4 plus 4 5\n"
    );
}

#[test]
fn a_hundred_thousand_calls_take_the_memory_of_one() {
    let source = "fn work(n) { let text = \"number \" + str(n); len(text) }
                  let n = 0;
                  while n < 100000 { work(n); n = n + 1; }";
    let output = run(&["--stats"], source);
    assert_eq!(output.status.code(), Some(0));
    let report = text(&output.stderr);
    assert_eq!(figure(report, "calls"), 100_000);
    assert!(figure(report, "values, rewound") > 3_000_000, "{report}");
    assert!(figure(report, "values, peak") < 4096, "{report}");
    assert_eq!(figure(report, "values, left"), 0);
    assert!(figure(report, "tree, used") < 8192, "{report}");
}

#[test]
fn what_is_no_program_is_shown_with_its_place() {
    for (source, message) in [
        ("let x = 1 +;", "1:12: expected an expression, found `;`"),
        ("print(1", "1:8: expected `,` or `)`, but the program ends here"),
        ("let x = \"open\nprint(1);", "1:9: this string does not end"),
        ("let x = \"\\q\";", "1:10: no such escape: \\q"),
        ("let s = 99999999999999999999;", "1:9: this number is too large; the largest is 9223372036854775807"),
        ("let s = 12x;", "1:11: 'x' means nothing here"),
        ("print(1) @", "1:10: '@' means nothing here"),
        ("let é = 1;\nprint(é, ü);", "2:10: `ü` is not defined"),
        ("fn f() { g() }", "1:10: `g` is not defined"),
        ("fn f() { 1 }\nfn f() { 2 }", "2:4: the function `f` is defined twice"),
        ("let n = 0; fn f() { n = 1; }", "1:21: `n` is not a variable of this function"),
        ("fn f() { let n = 1; fn() { n = 2; } }", "1:28: `n` is not a variable of this function"),
        ("[1][0] = 2;", "1:1: only a variable can be assigned to"),
        ("return 1;", "1:1: `return` outside of a function"),
        ("let x = 1 let y = 2;", "1:11: expected `;`, found `let`"),
        ("1 2", "1:3: expected `;`, found `2`"),
        ("fn f(a b) { }", "1:8: expected `,` or `)`, found `b`"),
        ("if true { 1 \n\n# end\n", "1:12: expected `;` or `}`, but the program ends here"),
    ] {
        let complaint = complains(source);
        assert!(complaint.starts_with(message), "{source}: {complaint}");
    }
}

#[test]
fn what_goes_wrong_while_it_runs_is_shown_with_its_place() {
    for (source, message) in [
        ("print(1 / 0);", "1:7: division by zero"),
        ("print(9223372036854775807 + 1);", "1:7: the result of `+` does not fit a number of 64 bits"),
        ("print(0 - 9223372036854775807 - 2);", "1:7: the result of `-` does not fit"),
        ("print((0 - 9223372036854775807 - 1) / -1);", "1:7: the result of `/` does not fit"),
        ("print(-(0 - 9223372036854775807 - 1));", "1:7: the result of `-` does not fit"),
        ("1 + \"a\";", "1:1: `+` does not take a number and a string"),
        ("if 1 { }", "1:4: a condition is true or false, not a number"),
        ("nil();", "1:1: only functions can be called, not nil"),
        ("fn f(a) { a } f(1, 2);", "1:15: `f` takes 1 argument, not 2"),
        ("len(1);", "1:1: len does not take a number"),
        ("push([], 1, 2);", "1:1: `push` takes 2 arguments, not 3"),
        ("[1, 2][2];", "1:1: no element 2: the list has 2, from 0"),
        ("[1][-1];", "1:1: no element -1"),
        ("int(\"x\");", "1:1: this text is not a whole number"),
        ("for x in 3 { }", "1:10: `for` does not take a number"),
        ("print(x); let x = 1;", "1:7: `x` is used before its `let`"),
    ] {
        let complaint = complains(source);
        assert!(complaint.starts_with(message), "{source}: {complaint}");
    }
    // What was printed before stays.
    let output = run(&[], "print(\"before\"); print(1 / 0);");
    assert_eq!((text(&output.stdout), output.status.code()), ("before\n", Some(1)));
}

#[test]
fn the_place_is_underlined() {
    let message = complains_with(&[], "let x = 1;\n\tprint(x, wrong);\n");
    assert_eq!(
        message,
        "standard input:2:11: `wrong` is not defined\n   2 │  print(x, wrong);\n     │           ^^^^^\n"
    );
    // A long line shows its part around the place; control characters do nothing to a terminal.
    let message = complains_with(&[], &format!("{}\u{1b} \"{}\"", "x = ".repeat(1000), "y".repeat(1000)));
    assert!(message.lines().all(|line| line.chars().count() < 160), "{message}");
    assert!(!message.contains('\u{1b}'), "{message}");
}

#[test]
fn depth_is_an_error_and_not_the_end_of_the_stack() {
    let endless = "fn f(n) { 1 + f(n + 1) }\nf(0);";
    for depth in [&[][..], &["--max-depth", "100"], &["--max-depth", "50000"]] {
        let message = complains_with(depth, endless);
        assert!(message.contains(":1:") && message.contains("calls nest too deep"), "{message}");
    }
    // A call by itself takes no less.
    assert!(complains("fn f() { f() } f();").contains("calls nest too deep"));
    // What is deep but not too deep runs.
    let deep = "fn f(n) { if n == 0 { 0 } else { 1 + f(n - 1) } } print(f(2000));";
    assert_eq!(prints(deep), "2000\n");

    // The source may nest, or go on, for ever too.
    for source in ["(".repeat(100_000), "[".repeat(100_000), "-".repeat(100_000), "{".repeat(100_000)] {
        assert!(complains(&source).contains("nested more than 256 deep"), "{}", &source[..1]);
    }
    let fns = "fn(){".repeat(100_000);
    assert!(complains(&format!("1 + {fns}")).contains("nested more than 256 deep"));
    assert!(complains(&format!("print(1{});", " + 1".repeat(100_000))).contains("calls nest too deep"));
    assert_eq!(prints(&format!("print(1{});", " + 1".repeat(10_000))), "10001\n");
    // Values too: copying and printing them recurses.
    let nested = "let x = []; let n = 0; while n < 1000000 { x = [x]; n = n + 1; }";
    assert!(complains(nested).contains("lists are nested more than 500 deep"));
}

#[test]
fn memory_is_an_error_and_not_the_end_of_the_machine() {
    for source in [
        "let x = [1]; while true { x = x + x; }",
        "let x = \"text\"; while true { x = x + x; }",
        "fn twice(x) { [x, x] } let x = []; let n = 0; while n < 100 { x = twice(x); n = n + 1; }",
        "range(0, 9223372036854775807);",
    ] {
        let message = complains_with(&["--max-memory", "16"], source);
        assert!(message.contains("the program's memory is used up"), "{source}: {message}");
    }
}

#[test]
fn what_cannot_be_read_is_named_with_the_reason() {
    for (name, reason) in [("/no/such.pebble", "o such file"), (env!("CARGO_MANIFEST_DIR"), "s a directory")] {
        let message = complains_with(&[name], "");
        assert!(message.starts_with(&format!("{name}: ")) && message.contains(reason), "{message}");
    }
    let output = run_bytes(&[], b"print(\"\xff\");");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "standard input: not UTF-8 at byte 7\n");
    // Nothing is a program.
    assert_eq!(prints(""), "");
    assert_eq!(prints("# only a comment"), "");
}

#[test]
fn a_wrong_command_line_is_refused() {
    for arguments in [
        &["--no-such-option"][..],
        &["--max-depth"],
        &["--max-depth", "0"],
        &["--max-memory", "much"],
        &["--stats=yes"],
        &["a.pebble", "b.pebble"],
    ] {
        let output = run(arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("Try pebble --help"), "{arguments:?}");
    }
    assert!(prints_with(&["--help"], "").contains("Usage: pebble"));
    let output = run(&["--", "--help"], "");
    assert!(text(&output.stderr).starts_with("--help: "));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child =
        Command::new(program()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(b"for n in range(0, 100000) { print(n); }").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

/// No text makes it panic or crash: each sample with a part cut out runs, or is refused.
#[test]
fn a_sample_with_a_hole_runs_or_is_refused() {
    let source = fs::read_to_string(sample("tour.pebble")).unwrap();
    let cuts: Vec<usize> = source.char_indices().map(|(at, _)| at).step_by(37).collect();
    for (from, to) in cuts.iter().zip(&cuts[1..]) {
        let cut = [&source[..*from], &source[*to..]].concat();
        let output = run(&["--max-memory", "16"], &cut);
        assert!(matches!(output.status.code(), Some(0 | 1)), "without {from}..{to}: {output:?}");
    }
}

#[test]
fn every_integer_of_64_bits_can_be_written() {
    assert_eq!(
        prints("print(-9223372036854775808, - 9223372036854775808);"),
        "-9223372036854775808 -9223372036854775808\n"
    );
    assert_eq!(
        prints("print(9223372036854775807, 0 - -9223372036854775807);"),
        "9223372036854775807 9223372036854775807\n"
    );
    assert_eq!(prints("print(-9223372036854775808 + 1 == -9223372036854775807);"), "true\n");
    for (source, place) in
        [("9223372036854775808", "1:7"), ("0 - 9223372036854775808", "1:11"), ("-9223372036854775809", "1:8")]
    {
        let said = complains(&format!("print({source});"));
        assert!(said.contains(&format!("{place}: this number is too large")), "{said}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_program() {
    assert_eq!(prints("\u{feff}print(1);"), "1\n");
    assert!(complains("\u{feff}print(x);").contains("1:7: `x` is not defined"));
}

#[test]
fn the_remainder_of_the_least_integer_fits() {
    assert_eq!(prints("print(-9223372036854775808 % -1, -9223372036854775808 % 10);"), "0 -8\n");
    assert!(complains("-9223372036854775808 / -1;").starts_with("1:1: the result of `/` does not fit"));
}

#[test]
fn a_string_in_a_message_does_nothing_to_a_terminal() {
    let said = complains_with(&[], "let x = 1 \"\u{1b}[31m\u{202e}\u{7f}\";");
    assert!(said.contains("expected `;`, found `\"\u{241b}[31m"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{202e}', '\u{7f}']), "{said}");
}

#[test]
fn memory_is_told_in_mebibytes() {
    let help = prints_with(&["--help"], "");
    assert!(help.contains("--max-memory MIB") && !help.contains("MB"), "{help}");
    // Half of it is each arena's.
    let said = complains_with(&["--max-memory", "2"], "let x = [1]; while true { x = x + x; }");
    assert!(said.contains("the arena's limit is 1 MiB;"), "{said}");
}
