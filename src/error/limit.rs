//! The limits of a process that make a call fail, for error sentences to name.
//!
//! `sys` finds out which of them refused, at the time of the failure: the error number alone does not say.

use crate::bytes::Bytes;
use core::fmt;

/// A limit of the process, `setrlimit(2)`, that a call ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(all(feature = "os", unix)), allow(dead_code))]
pub(crate) enum Limit {
    /// `RLIMIT_AS`: addresses, whatever lies there.
    AddressSpace,
    /// `RLIMIT_DATA`: private memory that may be written.
    Data,
    /// `RLIMIT_MEMLOCK`: memory that is locked in RAM.
    Locked,
    /// `RLIMIT_FSIZE`: the length of a file.
    FileSize,
}

#[cfg_attr(region_staticlib, allow(dead_code))]
impl Limit {
    /// The end of an error's sentence: the limit, and what to do.
    pub(crate) fn explain(self, bytes: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (of, name, option) = match self {
            Limit::AddressSpace => ("of address space", "RLIMIT_AS", "-v"),
            Limit::Data => ("of private writable memory", "RLIMIT_DATA", "-d"),
            Limit::Locked => ("of memory locked in RAM", "RLIMIT_MEMLOCK", "-l"),
            Limit::FileSize => ("for the length of a file", "RLIMIT_FSIZE", "-f"),
        };
        let limit = Bytes(bytes);
        write!(f, " The process is limited to {limit} {of} ({name}); raise it with `ulimit {option}`, or ask for less.")
    }
}
