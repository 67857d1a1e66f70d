//! What a processor takes for a bump allocation by itself: a cursor and an end in memory, and nodes of 24 bytes, upward and
//! downward, with the same stores in other orders.
//!
//! ```sh
//! cargo bench --bench stores
//! ```
//!
//! Loops in assembly for x86-64, no part of the library: they show how far a direction or an order of stores decides, which
//! are not the compiler's there.

mod support;

#[cfg(not(target_arch = "x86_64"))]
fn main() {
    println!("SKIPPED: stores: its loops are for x86-64");
}

#[cfg(target_arch = "x86_64")]
fn main() {
    x86_64::all();
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::support::Duel;
    use std::arch::asm;

    const NODE: usize = 24;
    const ROUNDS: usize = 31;
    /// Nodes of a run, in as many passes as that takes.
    const NODES: usize = 2_000_000;
    /// The page is the memory's, the words of cursor and end lie in a cache line of their own.
    const PAGE: usize = 4096;

    /// Cursor and end of an arena.
    #[repr(align(64))]
    struct Words([*mut u8; 2]);

    /// A loop that takes `count` nodes: `{words}` leads to the words, `{i}` counts and is what a node consists of. It ends
    /// early where the memory does.
    macro_rules! pass {
        ($name:ident, $($line:literal)+) => { pass!($name, ["nop"] $($line)+); };
        ($name:ident, [$($before:literal)+] $($line:literal)+) => {
            /// # Safety
            /// Between the words there is memory for the nodes, which nobody else uses.
            unsafe fn $name(words: &mut Words, count: usize) {
                // SAFETY: the loop stores into the words and, by the caller's promise, into memory between them, and
                // changes the registers that are named.
                unsafe {
                    asm!(
                        $($before,)+
                        ".p2align 6",
                        "2:",
                        $($line,)+
                        "inc {i}",
                        "cmp {i}, {count}",
                        "jne 2b",
                        "3:",
                        words = in(reg) words.0.as_mut_ptr(),
                        count = in(reg) count,
                        i = inout(reg) 0usize => _,
                        out("rax") _,
                        out("rcx") _,
                        out("rdx") _,
                        out("xmm0") _,
                        options(nostack),
                    );
                }
            }
        };
    }

    pass!(upward, "mov rax, [{words}]" "lea rcx, [rax + 24]" "cmp rcx, [{words} + 8]" "ja 3f" "mov [{words}], rcx"
        "mov [rax], {i}" "mov [rax + 8], {i}" "mov [rax + 16], {i}");
    pass!(cursor_last, "mov rax, [{words}]" "lea rcx, [rax + 24]" "cmp rcx, [{words} + 8]" "ja 3f"
        "mov [rax], {i}" "mov [rax + 8], {i}" "mov [rax + 16], {i}" "mov [{words}], rcx");
    pass!(words_reversed, "mov rax, [{words}]" "lea rcx, [rax + 24]" "cmp rcx, [{words} + 8]" "ja 3f" "mov [{words}], rcx"
        "mov [rax + 16], {i}" "mov [rax + 8], {i}" "mov [rax], {i}");
    pass!(free_bytes, "mov rax, [{words}]" "mov rdx, [{words} + 8]" "sub rdx, rax" "cmp rdx, 24" "jb 3f"
        "lea rcx, [rax + 24]" "mov [{words}], rcx" "mov [rax], {i}" "mov [rax + 8], {i}" "mov [rax + 16], {i}");
    pass!(from_new_cursor, "mov rax, [{words}]" "add rax, 24" "cmp rax, [{words} + 8]" "ja 3f" "mov [{words}], rax"
        "mov [rax - 24], {i}" "mov [rax - 16], {i}" "mov [rax - 8], {i}");
    pass!(cursor_second, "mov rax, [{words}]" "lea rcx, [rax + 24]" "cmp rcx, [{words} + 8]" "ja 3f"
        "mov [rax], {i}" "mov [{words}], rcx" "mov [rax + 8], {i}" "mov [rax + 16], {i}");
    pass!(two_words_at_once, ["movq xmm0, {words}"] "mov rax, [{words}]" "lea rcx, [rax + 24]" "cmp rcx, [{words} + 8]" "ja 3f"
        "mov [{words}], rcx" "movups [rax], xmm0" "mov [rax + 16], {i}");
    pass!(in_a_register, ["mov rax, [{words}]"] "lea rcx, [rax + 24]" "cmp rcx, [{words} + 8]" "ja 3f"
        "mov [{words}], rcx" "mov [rax], {i}" "mov [rax + 8], {i}" "mov [rax + 16], {i}" "mov rax, rcx");
    pass!(downward, "mov rax, [{words}]" "mov rdx, rax" "sub rdx, [{words} + 8]" "cmp rdx, 24" "jb 3f" "sub rax, 24"
        "mov [{words}], rax" "mov [rax], {i}" "mov [rax + 8], {i}" "mov [rax + 16], {i}");

    /// Passes over memory for `count` nodes.
    fn passes(memory: &mut [u8], count: usize, down: bool, pass: unsafe fn(&mut Words, usize)) {
        let pad = memory.as_ptr().align_offset(PAGE);
        let first = memory[pad..pad + count * NODE].as_mut_ptr();
        let last = first.wrapping_add(count * NODE);
        for _ in 0..NODES / count {
            let mut words = Words(if down { [last, first] } else { [first, last] });
            // SAFETY: the nodes' memory lies between the words, and is borrowed mutably here.
            unsafe { pass(&mut words, count) };
            assert_eq!(words.0[0], words.0[1], "the loop ended early");
        }
    }

    /// A loop's name, whether it goes downward, and the loop.
    type Named = (&'static str, bool, unsafe fn(&mut Words, usize));

    const LOOPS: [Named; 9] = [
        ("upward", false, upward),
        ("upward, cursor last", false, cursor_last),
        ("upward, words reversed", false, words_reversed),
        ("upward, free bytes compared", false, free_bytes),
        ("upward, from new cursor", false, from_new_cursor),
        ("upward, cursor second", false, cursor_second),
        ("upward, 16 and 8 bytes", false, two_words_at_once),
        ("upward, in a register", false, in_a_register),
        ("downward", true, downward),
    ];

    pub fn all() {
        for count in [400, 4_000, 40_000] {
            let mut memory = LOOPS.map(|_| vec![1u8; count * NODE + PAGE]);
            let duel = Duel::new(format!("{count} nodes of 24 bytes, warm"), (NODES / count * count) as u64, ROUNDS);
            LOOPS
                .into_iter()
                .zip(&mut memory)
                .fold(duel, |duel, ((name, down, pass), memory)| {
                    duel.add(name, move || passes(memory, count, down, pass))
                })
                .run();
        }
    }
}
