//! Why a request or an allocation failed: each reason once, with what it means and what its sentence says.
//!
//! The parts of a sentence that depend on more than the reason are written in the parent and in `alloc`. `packed` makes
//! one word of a reason.

use super::{Errno, Error};
#[cfg(not(region_staticlib))]
use crate::bytes::Bytes;
#[cfg(not(region_staticlib))]
use core::fmt;

/// A cage that cannot give an arena more: which one, and how long it is.
#[cfg(not(region_staticlib))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CageFull {
    name: &'static str,
    len: usize,
}

#[cfg(not(region_staticlib))]
impl CageFull {
    #[cfg_attr(not(all(feature = "os", unix)), allow(dead_code))]
    pub(crate) const fn new(name: &'static str, len: usize) -> Self {
        CageFull { name, len }
    }

    /// The name of the cage's type.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many bytes of addresses it has.
    pub const fn size(&self) -> usize {
        self.len
    }
}

#[cfg(not(region_staticlib))]
impl fmt::Display for CageFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = Bytes(self.len);
        write!(
            f,
            "the cage `{}` of {len} has no run of addresses for it; drop arenas, or make the cage larger",
            self.name
        )
    }
}

/// An enum of reasons: `Os`, the system's, one with a detail of its own if there is such, and those of a table. A row has
/// a reason's documentation, its name with the bytes that it names, and its sentence: a format string, with an argument at
/// most.
macro_rules! reasons {
    (
        $(#[$of_all:meta])* $reasons:ident;
        $(#[$of_os:meta])* Os($error:ty);
        $(; $(#[$of_other:meta])* $other:ident($detail:ty);)?
        $($(#[$of_one:meta])* $name:ident $(($bytes:ident: $unit:ty))? = $sentence:literal $(, $argument:expr)?;)+
    ) => {
        $(#[$of_all])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $reasons {
            $(#[$of_os])*
            Os($error),
            // The archive's reasons are one word.
            $(#[cfg(not(region_staticlib))] $(#[$of_other])* $other($detail),)?
            $($(#[$of_one])* $name $(($unit))?,)+
        }

        /// The reasons' numbers for `packed`, in their order. None is 0.
        const _: () = {
            #[repr(usize)]
            enum Number {
                Os = 1,
                $($name,)+
            }

            #[allow(dead_code)] // `AllocReason` is one word in the C archive alone
            impl $reasons {
                /// The number of the system's reasons; the others follow.
                pub(super) const OS: usize = Number::Os as usize;
                /// How many others there are.
                pub(super) const OTHERS: usize = [$(Number::$name as usize),+].len();

                pub(super) const fn number(self) -> usize {
                    match self {
                        $reasons::Os(_) => Number::Os as usize,
                        $(#[cfg(not(region_staticlib))] $reasons::$other(_) => 0,)?
                        $($reasons::$name { .. } => Number::$name as usize,)+
                    }
                }

                /// The bytes that it names; 0 if it names none.
                pub(super) const fn bytes(self) -> usize {
                    match self {
                        $reasons::Os(_) => 0,
                        $(#[cfg(not(region_staticlib))] $reasons::$other(_) => 0,)?
                        $($reasons::$name $(($bytes))? => { 0 $(+ $bytes)? })+
                    }
                }

                /// The reason of a number, but for the system's, with the bytes that it names if it names any.
                pub(super) const fn numbered(number: usize, bytes: usize) -> Option<Self> {
                    let _ = bytes;
                    $(if number == Number::$name as usize {
                        return Some($reasons::$name $(({ let $bytes: $unit = bytes; $bytes }))?);
                    })+
                    None
                }
            }
        };

        #[cfg(not(region_staticlib))]
        impl $reasons {
            /// Writes the sentence.
            pub(super) fn write(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $reasons::Os(error) => fmt::Display::fmt(&error, f),
                    $($reasons::$other(detail) => fmt::Display::fmt(&detail, f),)?
                    $($reasons::$name $(($bytes))? => {
                        $(let $bytes = Bytes($bytes);)?
                        write!(f, $sentence $(, $argument)?)
                    })+
                }
            }
        }
    };
}

reasons! {
    /// Why a request to the operating system failed.
    Reason;
    /// The operating system refused with this error number.
    Os(Errno);
    /// Zero bytes were asked for; a mapping holds at least one page.
    Empty = "a mapping holds at least one page. Ask for more than 0 bytes.";
    /// The size exceeds `isize::MAX` or what is left of the address space.
    TooLarge = "no object may exceed {} bytes or what is left of the address space. Ask for less.", isize::MAX;
    /// An alignment that is not a power of two.
    BadAlignment = "the alignment is not a power of two.";
    /// A range that reaches outside the region, or is not made of whole pages.
    BadRange = "the range is not made of whole pages inside the region. Round it to page_size().";
    /// The descriptor is a directory, which has no bytes to read.
    Directory = "it is a directory. Name a file in it.";
    /// A range that reaches outside the file.
    OutsideFile = "the range reaches outside the file.";
    /// The region is not the file itself: it is a private copy, or read-only.
    NotShared = "the region is a private copy of the file, or read-only. Open the file for writing.";
    /// The file is not one that an arena was built in, or it was cut.
    NotAnArena = "it does not begin as an arena's file of this version and machine does, or was cut.";
    /// A path with a NUL byte or too long to hand to the system; on Windows also one that is no UTF-8.
    BadPath = "the path holds a NUL byte or is longer than 4095 bytes{}.", if cfg!(windows) { ", or is no UTF-8" } else { "" };
    /// The file is empty; a mapping holds at least one byte of one.
    EmptyFile = "it is empty, or one of /proc that shows no length, and a mapping holds at least one byte. Read one of \
                 /proc with `Input::read`; write to any other first, or make it longer.";
    /// Other processes have the bytes, too, and may be using them.
    Shared = "the region is shared, and every process would hand out the same bytes. Take a `SharedArena`, or a region \
              that is not shared.";
    /// Another process opened the file: this one was forked from it.
    NotOpener = "another process opened it, and may be using its bytes; this one was forked. Open it in this one.";
    /// The descriptor is a pipe or a fifo, whose bytes pass by and cannot be mapped.
    Pipe = "it is a pipe, whose bytes pass by. Read it with `Input::read_fd`.";
    /// The descriptor is a socket, whose bytes pass by and cannot be mapped.
    Socket = "it is a socket, whose bytes pass by. Read it with `Input::read_fd`.";
    /// The descriptor is a character device, such as a terminal or `/dev/zero`, which has no length.
    CharacterDevice = "it is a character device, such as a terminal or /dev/zero, and has no length. Read it with \
                       `Input::read_more_up_to`; zeroed memory is a `Region`.";
    /// The descriptor is no file: an event counter, a set of descriptors, a timer.
    NoFile = "the descriptor is no file but an event counter, a timer or the like. Open a file.";
}

reasons! {
    /// Why an arena could not serve an allocation.
    AllocReason;
    /// The operating system refused more memory.
    Os(Error);
    ;
    /// The cage that the arena's memory comes from has no such run of free addresses any more.
    Cage(CageFull);
    /// The size, rounded to its alignment, exceeds `isize::MAX`.
    TooLarge = "no object may exceed {} bytes", isize::MAX;
    /// The arena's own limit of this many bytes would be passed.
    Limit(limit: usize) = "the arena's limit is {limit}; raise it with `set_limit`, or reset the arena";
    /// The arena's memory is a buffer or reservation of this many bytes, and it is used up.
    Exhausted(len: usize) =
        "the arena's memory of {len} is used up; give it a larger one, or let it go on in mapped memory";
    /// The global allocator refused more memory.
    Refused = "the global allocator has no such memory; ask for less, or free some";
    /// WebAssembly's memory cannot grow any further.
    Grow = "the memory has its greatest size; ask for less, or give the module more (the linker's `--max-memory`)";
    /// No alignment above this one means the same at every address where shared memory may be mapped.
    Alignment(most: usize) = "shared memory keeps alignments up to {most} only";
    /// Shared memory's own account of what is taken makes no sense: another process wrote over it.
    Corrupt = "another process wrote over the shared arena's header; make a new arena";
    /// A `Display` implementation returned an error while it was formatted into the arena.
    Format = "a Display implementation returned an error";
    /// The reservation of this many bytes is used up, and its values never move.
    Reservation(len: usize) =
        "the reservation of {len} is used up, and values in it never move; reserve more with `with_reservation`";
    /// There are as many values as an [`Id`](crate::typed::Id) can name.
    Ids = "an Id names one of {} values; use indices, or another vector", u32::MAX;
    /// A block was to get another size, and no block of the heap that is in use begins there.
    NoBlock = "no block in use begins at the pointer; it was freed before, or is not of this heap";
    /// The arena is claimed ([`Arena::claim`](crate::Arena::claim)): for now its claim alone allocates.
    Claimed = "the arena is claimed; allocate through the claim, or drop the claim first";
    /// Another arena has [adopted](crate::Arena::adopt) all that this one held.
    Adopted = "another arena adopted this one and has its memory; allocate in that one";
    /// The blocks of the arena that was to be adopted belong to its own backing, or the arena that was to adopt it has
    /// one range of memory and no more.
    Bound = "what the arena holds cannot move to the other one: the memory of one of them is a buffer, a region, a \
             file, or one reservation; make both without, or copy the values";
}

impl Reason {
    /// Whether this is what the file itself is, whatever size was meant.
    #[cfg(not(region_staticlib))]
    pub(super) const fn is_of_the_file(self) -> bool {
        use Reason::{CharacterDevice, Directory, EmptyFile, NoFile, Pipe, Socket};
        matches!(self, CharacterDevice | Directory | EmptyFile | NoFile | Pipe | Socket)
    }
}
