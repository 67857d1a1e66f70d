//! Bugs that the models must notice: each names one thing that the algorithms may not leave out.

/// A mistake that can be switched on in a model build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(all(loom, test)), allow(dead_code))]
pub(super) enum Bug {
    /// A count is raised without publishing the values below it.
    PublishRelaxed,
    /// A count is read without seeing what it covers.
    SeeRelaxed,
    /// A count is raised before the value is written.
    PublishEarly,
}

crate::seeded::switch!(Bug);
