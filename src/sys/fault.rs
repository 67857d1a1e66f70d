//! Injected faults for tests: the Nth system call of a kind fails, once or from then on.
//!
//! Every function of `sys` asks here before it makes its call. The answer is yes, and is compiled away, unless the
//! crate is built with `--cfg region_faults`. Then tests/faults.rs says for each thread what is refused, and increases
//! N for every operation until no call of a run is refused. `munmap` is refused only when a test names it: the kernel
//! refuses it only where a mapping would be split, and this crate returns whole ones.

use crate::error::{Call, Error};

/// Whether a call may be made. A test may refuse it.
#[inline(always)]
pub(super) fn may(call: Call, size: usize) -> Result<(), Error> {
    #[cfg(region_faults)]
    return plan::may(call, size);
    #[cfg(not(region_faults))]
    {
        let _ = (call, size);
        Ok(())
    }
}

#[cfg(region_faults)]
pub use plan::{FaultPlan, plan_faults, refusals};

#[cfg(region_faults)]
mod plan {
    use crate::error::{Call, Errno, Error, Reason};
    use core::cell::Cell;

    /// Which calls of this thread are refused.
    #[derive(Clone, Copy, Debug)]
    pub struct FaultPlan {
        /// The calls that count; every one but `munmap` if none.
        pub call: Option<Call>,
        /// The number of the first that is refused, from 0.
        pub nth: usize,
        /// Whether those after it are refused too.
        pub lasting: bool,
        /// What they are refused with.
        pub errno: Errno,
    }

    std::thread_local! {
        static PLAN: Cell<Option<FaultPlan>> = const { Cell::new(None) };
        static SEEN: Cell<usize> = const { Cell::new(0) };
        static REFUSED: Cell<usize> = const { Cell::new(0) };
    }

    /// Refuses calls of this thread by this plan from now on, or no calls without a plan. Counting begins again.
    pub fn plan_faults(plan: Option<FaultPlan>) {
        PLAN.set(plan);
        SEEN.set(0);
        REFUSED.set(0);
    }

    /// How many calls were refused since the plan was made.
    pub fn refusals() -> usize {
        REFUSED.get()
    }

    pub(super) fn may(call: Call, size: usize) -> Result<(), Error> {
        let Some(plan) = PLAN.get() else { return Ok(()) };
        if plan.call.map_or(call == Call::Unmap, |counted| counted != call) {
            return Ok(());
        }
        let number = SEEN.replace(SEEN.get() + 1);
        if number < plan.nth || (number > plan.nth && !plan.lasting) {
            return Ok(());
        }
        REFUSED.set(REFUSED.get() + 1);
        Err(Error::new(call, Reason::Os(plan.errno), size))
    }
}
