//! What the compiler makes of the fast paths: instructions and branches, and no panic behind `try_`.
//!
//! The probe (`codegen/probe.rs`) is built as a crate of its own that depends on this one, as a
//! release with LTO, so that its assembly holds all that a call can reach. That is then read. Counts are of the path
//! that is taken when there is room: from the entry, past branches not taken, to `ret`.
//!
//! ```sh
//! cargo test --test codegen -- --nocapture     # prints the listings
//! ```

#![cfg(all(feature = "os", unix, not(miri)))]

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The functions of an assembly file: each with its lines.
struct Assembly(HashMap<String, Vec<String>>);

/// What running through a function costs when nothing is out of the ordinary.
#[derive(Debug, Default, PartialEq)]
struct Steps {
    instructions: usize,
    branches: usize,
    calls: usize,
}

impl Assembly {
    fn parse(text: &str) -> Self {
        let mut functions = HashMap::<String, Vec<String>>::new();
        let mut name = String::new();
        for line in text.lines() {
            match line.strip_suffix(':') {
                Some(label) if !line.starts_with(['.', '\t', ' ']) => name = label.trim_matches('"').to_owned(),
                _ => functions.entry(name.clone()).or_default().push(line.to_owned()),
            }
        }
        Assembly(functions)
    }

    fn lines(&self, function: &str) -> &[String] {
        self.0.get(function).unwrap_or_else(|| panic!("the probe has no function {function}"))
    }

    /// The function as a reader wants it: labels and instructions, no directives.
    fn listing(&self, function: &str) -> String {
        let shown = self.lines(function).iter().filter(|line| instruction(line).is_some() || line.starts_with(".LBB"));
        shown.fold(format!("{function}:\n"), |text, line| text + line + "\n")
    }

    /// Follows the function from its entry to `ret`, not taking conditional branches.
    fn straight_path(&self, function: &str) -> Steps {
        let lines = self.lines(function);
        let mut steps = Steps::default();
        let (mut at, mut jumps) = (0, 0);
        while let Some(line) = lines.get(at) {
            at += 1;
            let Some((mnemonic, operand)) = instruction(line) else { continue };
            steps.instructions += 1;
            match flow(mnemonic) {
                Flow::Return => return steps,
                Flow::Jump => {
                    let label = format!("{operand}:");
                    at = lines.iter().position(|line| *line == label).expect("a jump within the function");
                    jumps += 1;
                    assert!(jumps < 10, "the straight path loops:\n{}", self.listing(function));
                }
                Flow::Branch => steps.branches += 1,
                Flow::Call => steps.calls += 1,
                Flow::Next => {}
            }
        }
        panic!("no ret on the straight path:\n{}", self.listing(function));
    }

    /// Every symbol that the function mentions, and those that the functions of this file behind it mention.
    fn reachable(&self, function: &str) -> HashSet<String> {
        let (mut seen, mut next) = (HashSet::new(), vec![function.to_owned()]);
        while let Some(name) = next.pop() {
            for line in self.0.get(&name).into_iter().flatten() {
                let Some((_, operands)) = instruction(line) else { continue };
                let is_symbol = |c: char| c.is_alphanumeric() || "_.$".contains(c);
                for symbol in operands.split(|c| !is_symbol(c)).filter(|symbol| symbol.starts_with('_')) {
                    if seen.insert(symbol.to_owned()) {
                        next.push(symbol.to_owned());
                    }
                }
            }
        }
        seen
    }
}

/// How an instruction goes on, by its mnemonic.
enum Flow {
    Next,
    Branch,
    Jump,
    Call,
    Return,
}

/// By the names of x86-64, aarch64 and riscv64, of which none means two things.
fn flow(mnemonic: &str) -> Flow {
    match mnemonic {
        _ if mnemonic.starts_with("ret") => Flow::Return,
        "b" | "j" | "jr" | "tail" | "br" => Flow::Jump,
        // Also by a register: `jmpq`.
        _ if mnemonic.starts_with("jmp") => Flow::Jump,
        "bl" | "blr" | "jalr" | "jal" => Flow::Call,
        "cbz" | "cbnz" | "tbz" | "tbnz" => Flow::Branch,
        _ if mnemonic.starts_with("call") => Flow::Call,
        // `bic`, `bfi` and the like compute; conditions follow a point, or are these.
        _ if mnemonic.starts_with('j') || mnemonic.starts_with("b.") => Flow::Branch,
        "beq" | "bne" | "blt" | "bge" | "bltu" | "bgeu" | "beqz" | "bnez" | "blez" | "bgez" | "bltz" | "bgtz" => {
            Flow::Branch
        }
        _ => Flow::Next,
    }
}

/// Mnemonic and operands of a line that is an instruction.
fn instruction(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix('\t')?;
    if line.starts_with(['.', '#', '/']) || line.is_empty() {
        return None;
    }
    Some(line.split_once('\t').unwrap_or((line, "")))
}

/// The probe's assembly; none where it cannot be had, which is said loudly.
fn assembly() -> Option<&'static Assembly> {
    static BUILT: OnceLock<Option<Assembly>> = OnceLock::new();
    BUILT.get_or_init(build).as_ref()
}

fn build() -> Option<Assembly> {
    if !cfg!(all(target_arch = "x86_64", target_pointer_width = "64")) {
        eprintln!("SKIPPED: the counts are for x86-64 alone");
        return None;
    }
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    if Command::new(&cargo).arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no cargo here to compile the probe with");
        return None;
    }
    Some(compile("codegen", "probe.rs", "cdylib", Command::new(cargo).args(["rustc", "--offline"])))
}

/// The assembly of a crate of tests/codegen, compiled below a directory of this name by what `cargo` begins.
fn compile(name: &str, source: &str, kind: &str, cargo: &mut Command) -> Assembly {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&home).unwrap();
    let manifest = format!(
        "[package]\nname = \"codegen-probe\"\nedition = \"2024\"\n\n[lib]\npath = {:?}\ncrate-type = [\"{kind}\"]\n\n\
         [dependencies]\nlibregion = {{ path = {root:?} }}\n\n[profile.release]\nlto = \"fat\"\npanic = \"abort\"\n\n[workspace]\n",
        root.join("tests/codegen").join(source),
    );
    std::fs::write(home.join("Cargo.toml"), manifest).unwrap();
    // The versions that this very build has, so that nothing needs to be fetched.
    let _ = std::fs::copy(root.join("Cargo.lock"), home.join("Cargo.lock"));
    let listing = home.join("probe.s");
    let output = cargo
        .args(["--quiet", "--release", "--manifest-path"])
        .arg(home.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(home.join("target"))
        .args(["--", "--emit"])
        .arg(format!("asm={}", listing.display()))
        // What instruments a build of the tests must not get into what is counted.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Assembly::parse(&std::fs::read_to_string(listing).unwrap())
}

/// Checks a fast path against the most that it may cost, and prints its listing.
#[track_caller]
fn at_most(function: &str, instructions: usize, branches: usize) {
    let Some(assembly) = assembly() else { return };
    let steps = assembly.straight_path(function);
    let listing = assembly.listing(function);
    println!("{steps:?}\n{listing}");
    assert!(
        steps.instructions <= instructions && steps.branches <= branches && steps.calls == 0,
        "{steps:?} is more than {instructions} instructions and {branches} branches:\n{listing}"
    );
}

#[test]
fn a_word_costs_eight_instructions_and_one_branch() {
    at_most("probe_alloc_u64", 8, 1);
}

#[test]
fn a_node_costs_one_branch() {
    // Nine, and six that save three registers: on their own, not where the call is inlined in a loop.
    at_most("probe_alloc_node", 15, 1);
}

#[test]
fn a_value_with_an_alignment_of_its_own_costs_one_branch() {
    at_most("probe_alloc_line", 12, 1);
}

#[test]
fn a_layout_costs_twelve_instructions_and_two_branches() {
    at_most("probe_alloc_layout", 12, 2);
}

#[test]
fn a_link_costs_one_instruction_more_than_a_pointer_and_none_by_a_base() {
    let Some(assembly) = assembly() else { return };
    // Two loads and `ret`.
    at_most("probe_follow_pointer", 3, 0);
    let pointer = assembly.straight_path("probe_follow_pointer").instructions;
    at_most("probe_follow_link", pointer + 1, 0);
    at_most("probe_follow_link_by_base", pointer, 0);
    at_most("probe_follow_link_of_a_constant", pointer + 1, 0);
    at_most("probe_follow_link_of_16_bytes", pointer + 2, 0);
}

#[test]
fn links_that_are_followed_together_load_their_base_once() {
    at_most("probe_follow_three", 7, 0);
}

#[test]
fn a_link_to_a_new_value_costs_a_subtraction_and_a_shift() {
    let Some(assembly) = assembly() else { return };
    let pointer = assembly.straight_path("probe_put_pointer");
    println!("{pointer:?}\n{}", assembly.listing("probe_put_pointer"));
    at_most("probe_put_link", pointer.instructions + 2, 1);
}

#[test]
fn no_panic_is_reachable_from_a_try_form() {
    let Some(assembly) = assembly() else { return };
    let panics = |function: &str| {
        let reachable = assembly.reachable(function);
        reachable.into_iter().filter(|symbol| symbol.contains("panic")).collect::<Vec<_>>()
    };
    let control = panics("probe_alloc_str");
    assert!(
        !control.is_empty(),
        "the search finds no panic where there is one:\n{}",
        assembly.listing("probe_alloc_str")
    );
    let tries = ["probe_try_alloc_u64", "probe_try_alloc_layout", "probe_try_alloc_str", "probe_try_alloc_slice_copy"];
    for function in tries {
        let found = panics(function);
        println!("{}", assembly.listing(function));
        assert!(found.is_empty(), "{function} reaches {found:?}:\n{}", assembly.listing(function));
    }
}

/// `alloc(u64)` by hand: the new cursor is compared before anything is stored. In the header of region.h the two words
/// are the first of the arena, which is the first argument.
const BY_HAND: [(&str, &str); 2] = [
    (
        "aarch64-unknown-linux-gnu",
        "ldp x8, x9, [x0]; add x10, x8, #8; cmp x10, x9; b.hi more; str x10, [x0]; str x1, [x8]; mov x0, x8; ret",
    ),
    (
        "riscv64gc-unknown-linux-gnu",
        "ld a2, 0(a0); ld a3, 8(a0); addi a4, a2, 8; bltu a3, a4, more; sd a4, 0(a0); sd a1, 0(a2); mv a0, a2; ret",
    ),
];

/// `.ci/debian-rust` fetches a compiler that builds the core library of any processor; or it is installed.
#[test]
fn a_word_costs_at_most_one_instruction_more_than_by_hand_on_other_processors() {
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/debian-rust/usr");
    for (triple, by_hand) in BY_HAND {
        let installed = Command::new("rustc").args(["--print", "target-libdir", "--target", triple]).output();
        let installed = installed.is_ok_and(|found| Path::new(String::from_utf8_lossy(&found.stdout).trim()).is_dir());
        let mut command = Command::new(&cargo);
        command.args(["rustc", "--target", triple]);
        if !installed && fetched.join("bin/rustc").is_file() {
            let libraries = fetched.join("lib/x86_64-linux-gnu");
            command.arg("-Zbuild-std=core").env("RUSTC", fetched.join("bin/rustc"));
            command.env("RUSTC_BOOTSTRAP", "1").env("LD_LIBRARY_PATH", libraries);
        } else if !installed {
            println!(
                "SKIPPED: instructions on {triple}: its core library is not here; .ci/ports fetches what builds it"
            );
            continue;
        }
        let assembly = compile(&format!("codegen-{triple}"), "elsewhere.rs", "staticlib", &mut command);
        let (steps, minimum) = (assembly.straight_path("probe_alloc_u64"), by_hand.split("; ").count());
        let listing = assembly.listing("probe_alloc_u64");
        println!("{triple}: {} instructions, by hand {minimum}: {by_hand}\n{listing}", steps.instructions);
        assert!(steps.instructions <= minimum + 1 && (steps.branches, steps.calls) == (1, 0), "{steps:?}\n{listing}");
    }
}
