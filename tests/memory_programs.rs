//! The examples about memory as programs: what they print and draw is what the system says.

#[path = "support/programs.rs"]
mod programs;

use std::path::Path;
use std::process::{Command, Output};

/// Runs an example, built if `cargo test` did not build it along.
fn run(name: &str, arguments: &[&str]) -> Output {
    Command::new(programs::built(&["--example", name]).join(name)).args(arguments).output().unwrap()
}

/// What a program printed that succeeded, and what it drew.
fn printed_and_drawn(name: &str) -> (String, String) {
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.svg", std::process::id()));
    let output = run(name, &["--svg", picture.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let drawn = std::fs::read_to_string(&picture).unwrap();
    std::fs::remove_file(&picture).unwrap();
    assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"), "{drawn}");
    assert_eq!(drawn.matches("<text").count(), drawn.matches("</text>").count());
    (String::from_utf8(output.stdout).unwrap(), drawn)
}

/// Mebibytes in a line that has them before the last unit.
fn mebibytes(line: &str) -> f64 {
    let (before, _) = line.rsplit_once(" MiB").unwrap();
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn probe_tells_settings_costs_and_consequences() {
    let (text, drawn) = printed_and_drawn("probe");
    for part in ["base page", "overcommit", "RLIMIT_AS", "4 KiB faults", "map + unmap 64 KiB", "Arenas take 64 KiB"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let overcommit = std::fs::read_to_string("/proc/sys/vm/overcommit_memory").unwrap();
    let line = text.lines().find(|line| line.contains("overcommit")).unwrap();
    assert_eq!(line.split_whitespace().nth(1), Some(overcommit.trim()));
    assert!(drawn.contains(">4 KiB faults<"));
}

#[test]
fn residency_draws_what_an_arena_keeps_and_gives_back() {
    let (text, drawn) = printed_and_drawn("residency");
    let steps = |name: &str| -> Vec<f64> {
        let lines = text.lines().filter(|line| line.trim_start().starts_with(name));
        lines.map(|line| line.split(',').map(|part| mebibytes(part.trim_end())).sum()).collect()
    };
    for row in 0..2 {
        let [new, filled, reset, kept, none] =
            ["new", "5 MiB", "reset()", "reset_keeping(1", "reset_keeping(0)"].map(|name| steps(name)[row]);
        assert!(new == 0.0 && none == 0.0, "{text}");
        assert!((5.0..=6.5).contains(&reset) && filled >= 5.0, "{text}");
        assert!((1.0..=2.0).contains(&kept) || row == 1, "{text}");
    }
    assert!(drawn.contains("<title id=") && drawn.contains("An arena on base pages. new: 0.0 MiB huge"), "{drawn}");
    assert!(drawn.contains(">reset_keeping(0)<") && drawn.matches("<rect").count() > 2 * 6 * 32);
}

#[test]
fn heap_pages_draws_pages_that_empty_and_go_back() {
    let (text, drawn) = printed_and_drawn("heap_pages");
    let steps: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(steps.len(), 7, "{text}");
    let full = |step: usize| steps[step].matches('█').count();
    assert!(full(1) > 200 && full(2) < full(1) / 2, "{text}");
    for (step, lines) in [(1, 8), (2, 8), (3, 8), (4, 8), (5, 8)] {
        assert!(steps[step].lines().count() >= lines, "{text}");
    }
    // Trimmed memory is not in RAM, and a cleared heap has no page.
    assert!(
        steps[4].contains(", 0 bytes of it in RAM") && steps[5].contains("0 bytes used, 0 bytes of pages"),
        "{text}"
    );
    assert!(steps[6].contains("heap with ") && steps[6].contains("block size"), "{text}");
    assert!(drawn.contains(">60 % freed, in no order<") && drawn.matches("<rect").count() > 300, "{drawn}");
}

#[test]
fn region_gives_back_what_the_program_break_keeps() {
    let output = run("socks", &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (malloc, region) = text.split_once("region::Arena").unwrap();
    let of = |side: &str, step: &str| mebibytes(side.lines().find(|line| line.contains(step)).unwrap());
    assert!(of(region, "256 MiB") > 230.0 && of(malloc, "256 MiB") > 230.0, "{text}");
    assert!(of(region, "one block lives") < 16.0, "{text}");
    if cfg!(target_env = "gnu") {
        assert!(of(malloc, "all freed but the last") > 230.0, "{text}");
        assert!(of(malloc, "the last freed too") < 16.0, "{text}");
    }
}

#[test]
fn too_little_memory_for_socks_is_a_sentence() {
    let socks = programs::built(&["--example", "socks"]).join("socks");
    for (side, kibibytes) in [("malloc", 100_000), ("malloc", 20_000), ("region", 100_000)] {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -v {kibibytes}; exec \"$0\" {side}")]);
        let output = shell.arg(&socks).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{side}: {message}");
        assert!(message.starts_with("socks: no memory for 256 MiB: "), "{side}: {message}");
        assert_eq!(message.lines().count(), 1, "{side}: {message}");
    }
}

#[test]
fn wrong_arguments_are_told_how_to_be_right() {
    for name in ["probe", "residency", "heap_pages", "socks"] {
        let output = run(name, &["--nonsense"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).ends_with(&format!("Try {name} --help.\n")), "{name}");
    }
}
