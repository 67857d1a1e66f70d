//! The programs for bumpalo that also run on region by a change of import, on this crate without one.

#[path = "../../../tests/moving_from_bumpalo.rs"]
mod programs;
