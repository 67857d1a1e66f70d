//! What the calls are asked for and what they say, on every system: access, sharing, advice, kinds of pages and files.
//!
//! Types alone. What a system makes of them is in its own modules, and what it cannot do is refused there.

// Windows does not have all that can be asked for.
#![cfg_attr(windows, allow(dead_code))]

/// What may be done with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Nothing: any touch faults. Takes address space, no RAM and no commit charge.
    None,
    /// Reading only.
    Read,
    /// Reading and writing.
    ReadWrite,
}

/// Whether other processes see a mapping's writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Copy-on-write, this process only.
    Private,
    /// Seen by forked children, and written to the file if there is one.
    Shared,
}

/// Pages that the administrator set aside (hugetlb), by their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HugePool {
    /// 2 MiB.
    Mega2,
    /// 1 GiB.
    Giga1,
}

impl HugePool {
    /// Bytes of one of its pages.
    pub(crate) const fn page(self) -> usize {
        match self {
            HugePool::Mega2 => 2 << 20,
            HugePool::Giga1 => 1 << 30,
        }
    }
}

/// A request for an anonymous mapping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapRequest {
    /// Bytes, a multiple of the page size.
    pub len: usize,
    /// The pool of huge pages to take from; `len` is a multiple of its pages. Ordinary pages without one.
    pub huge: Option<HugePool>,
    pub access: Access,
    pub sharing: Sharing,
    /// Charge the commit limit at map time; without it RAM is accounted as touched.
    pub charge: bool,
    /// Bring all pages in before the call returns.
    pub populate: bool,
}

/// How memory is going to be used. Advice never changes content, in this process or another; see `madvise(2)`.
///
/// A kernel that does not know an advice answers EINVAL; one that knows it may still do nothing. [`AtFork`] says what a
/// forked child gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// No particular use: undoes `Sequential` and `Random`.
    Normal,
    /// Read from low addresses to high: read ahead far.
    Sequential,
    /// Read in no order: do not read ahead.
    Random,
    /// Needed soon: start reading it in.
    WillNeed,
    /// Prefer 2 MiB pages (`MADV_HUGEPAGE`). Success means that the kernel knows, not that it has such pages.
    HugePage,
    /// Do not use 2 MiB pages here.
    NoHugePage,
    /// Bring every page in now, for reading (Linux 5.14).
    PopulateRead,
    /// Bring every page in now, for writing: one call instead of a fault per page (Linux 5.14).
    PopulateWrite,
    /// Make huge pages of what is resident, now, whatever the THP setting says (Linux 6.1).
    Collapse,
    /// Not needed for a while: first to go under memory pressure (Linux 5.4).
    Cold,
    /// Not needed for long: swap it out now (Linux 5.4).
    PageOut,
    /// Leave it out of core dumps.
    DontDump,
    /// Put it into core dumps again.
    DoDump,
}

/// What a forked child gets of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AtFork {
    /// A copy of private memory, page by page as it is written; shared memory itself.
    #[default]
    Keep,
    /// Zeroes (`MADV_WIPEONFORK`): for keys and random states that must not be used twice. Private memory only.
    Wipe,
    /// Nothing (`MADV_DONTFORK`): its addresses are free there, and the child may map something else at them later.
    Drop,
}

/// What `madvise(2)` is given for pages.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hint {
    /// How they are going to be used.
    Use(Advice),
    /// What children that are forked from now on get of them.
    AtFork(AtFork),
}

/// What a run of pages is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageState {
    /// Not in RAM: never touched, given back, swapped out, or only ever read (the kernel's one page of zeroes).
    Absent,
    /// In RAM, in base pages.
    Base,
    /// In RAM, in huge pages.
    Huge,
    /// In RAM; this kernel does not say in pages of which size.
    Unknown,
}

/// Bytes of the longest path that the system takes, its NUL included: Linux's `PATH_MAX`.
pub(crate) const PATH_MAX: usize = 4096;

/// The kinds of file that are read in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file of this size. For `/proc` and `/sys` the size is wrong.
    Regular(u64),
    /// A pipe or fifo: its buffer can be enlarged.
    Pipe,
    Directory,
    /// A stream to another program, of which `fstat` says that it has no bytes.
    Socket,
    /// A terminal, `/dev/zero`, a sound card: bytes without a length.
    CharacterDevice,
    /// A disk or a part of one, whose length is not in `fstat`'s answer: `file::device_size` asks for it.
    BlockDevice,
    /// An event counter, a set of descriptors and so on: `read` decides.
    Other,
}
