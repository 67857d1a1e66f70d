//! `.ci/run` and those who call it agree on the names of its steps.
#![cfg(all(target_os = "linux", not(miri)))]

use std::collections::BTreeSet;
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn run(arguments: &[&str]) -> Output {
    Command::new(format!("{ROOT}/.ci/run")).args(arguments).output().unwrap()
}

fn steps() -> BTreeSet<String> {
    let list = String::from_utf8(run(&["--list"]).stdout).unwrap();
    let names: BTreeSet<_> = list.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert!(names.len() > 20 && names.len() == list.lines().count(), "{list}");
    names
}

#[test]
fn a_step_that_is_not_there_is_refused_before_anything_runs() {
    let output = run(&["format", "no-such-step"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-step"));
}

#[test]
fn each_step_has_a_function() {
    let script = std::fs::read_to_string(format!("{ROOT}/.ci/run")).unwrap();
    for name in steps() {
        assert!(script.contains(&format!("\nrun_{}() ", name.replace('-', "_"))), "{name} has none");
    }
}

#[test]
fn the_public_workflow_runs_every_step() {
    let workflow = std::fs::read_to_string(format!("{ROOT}/.github/workflows/ci.yml")).unwrap();
    let (_, matrix) = workflow.split_once("        steps:\n").unwrap();
    let groups = matrix.lines().map_while(|line| line.strip_prefix("          - "));
    let named: BTreeSet<String> = groups.flat_map(|group| group.split(' ').map(str::to_owned)).collect();
    assert_eq!(named, steps());
}

/// The names of the test binaries, and their sources.
fn test_files() -> Vec<(String, String)> {
    let files = std::fs::read_dir(format!("{ROOT}/tests")).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files
        .map(|file| (file.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&file).unwrap()))
        .collect()
}

/// A test binary that is new is run on other processors and on Windows, or left out with a reason; and no name of a test
/// that is left out there outlives the test.
#[test]
fn other_processors_know_every_test() {
    let read = |name| std::fs::read_to_string(format!("{ROOT}/.ci/{name}")).unwrap();
    let (script, windows) = (read("port") + &read("portable"), read("windows"));
    let [known, known_to_windows] = [&script, &windows]
        .map(|script| script.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect::<BTreeSet<&str>>());
    let (names, sources): (Vec<String>, String) = test_files().into_iter().unzip();
    for name in &names {
        assert!(known.contains(&**name), ".ci/port does not say what becomes of {name}");
        assert!(known_to_windows.contains(&**name), ".ci/windows does not say what becomes of {name}");
    }
    let between = |script: &str, start, end| {
        let (_, rest) = script.split_once(start).unwrap();
        rest.split_once(end).unwrap().0.to_owned()
    };
    let single = between(&script, "faked=(", ")") + " " + &between(&windows, "faked='", ":");
    for name in single.split_whitespace() {
        assert!(sources.contains(&format!("fn {name}(")), "no test is called {name}");
    }
    assert!(single.split_whitespace().count() > 4, "{single}");
}

/// No name of a test outlives the test in the list of what a machine of another kind does not run.
#[test]
fn other_machines_leave_out_tests_that_there_are() {
    let script = std::fs::read_to_string(format!("{ROOT}/.ci/machine")).unwrap();
    let sources: String = test_files().into_iter().map(|(_, source)| source).collect();
    let (_, single) = script.split_once("\nsingle='").unwrap();
    for line in single.split_once('\'').unwrap().0.lines().filter(|line| !line.is_empty()) {
        let (names, _) = line.split_once(": ").unwrap();
        for name in names.split(", ") {
            assert!(sources.contains(&format!("fn {name}(")), "no test is called {name}");
        }
    }
}
