//! A test run again in a process of its own.

use super::skip;
use std::process::Command;

const CHILD: &str = "REGION_TEST_CHILD";

/// Whether this process was started by [`again`].
pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// A command that starts this program. REGION_TEST_RUNNER has the words before its name where no kernel runs it but an
/// emulator, as for cargo.
fn this_program() -> Command {
    let (me, runner) = (std::env::current_exe().unwrap(), std::env::var("REGION_TEST_RUNNER").unwrap_or_default());
    let mut words = runner.split_whitespace();
    match words.next() {
        None => Command::new(me),
        Some(first) => {
            let mut command = Command::new(first);
            command.args(words).arg(me);
            command
        }
    }
}

/// A command that runs the test of this name again, in which [`is_child`] holds. It makes no backtrace when it panics:
/// where memory is limited that may be refused, and std then waits forever for a lock that the panic has taken.
pub fn again(test: &str) -> Command {
    let mut command = this_program();
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1").env("RUST_BACKTRACE", "0");
    command
}

/// Runs the test of this name [`again`], after `prepare` has changed the command. Panics when the test fails there.
pub fn in_child(test: &str, prepare: impl FnOnce(&mut Command)) {
    let mut command = again(test);
    prepare(&mut command);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    // One that a signal ends has perhaps said nothing.
    assert!(output.status.success(), "{said}{complained}{}", output.status);
    complained.lines().filter_map(|line| line.strip_prefix("SKIPPED: ")).for_each(skip);
    assert!(said.contains("1 passed"), "no test has the name {test}: {said}");
}

/// Has the test of this name, which this is, run in a process of its own: the body goes on there.
#[allow(unused_macros)] // each test uses its part
macro_rules! in_a_process_of_its_own {
    ($name:literal) => {
        if !$crate::support::is_child() {
            return $crate::support::in_child($name, |_| {});
        }
    };
}
pub(crate) use in_a_process_of_its_own;
