//! The ways to build the C library: every flag of rustc's and LLVM's that makes them what they are.
//!
//! docs/c.md ("Measurements") has the sizes and instructions of `capi` and `capi-small`, docs/measurements.md
//! ("The archive for C") what each flag of `SMALL` gives.

/// One way to build it.
pub struct Flavour {
    /// The alias that asks for it.
    pub command: &'static str,
    /// Where it goes below the target directory.
    pub directory: &'static str,
    pub features: &'static str,
    /// What programs are linked with. An object is linked whether or not something asked for it before.
    pub object: Object,
    /// What its symbols begin with, or are: all others are made local.
    pub symbols: &'static [&'static str],
    /// If there is a shared library too: its name.
    pub shared: Option<Shared>,
    pub rustc: &'static [&'static str],
}

/// What the object goes into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// libregion.a.
    Archive,
    /// A file of this name as it is.
    Alone(&'static str),
}

/// A shared library's names.
pub struct Shared {
    /// That of the file.
    pub file: &'static str,
    /// That by which programs which were linked with it ask for it, if there are such programs.
    pub soname: Option<&'static str>,
    /// The version of its symbols; none for those that take the place of somebody else's.
    pub version: Option<&'static str>,
}

/// The name by which programs that were linked with the C ABI's shared library ask for it.
pub const SONAME: &str = "libregion.so.0";

/// The symbols of the C ABI.
const REGION: &[&str] = &["region_*"];

// The cfg `region_staticlib`, which all of them have and no feature gives, brings the panic handler: `--all-features`
// must go on building.
pub const ALL: [Flavour; 5] = [
    // Inlining at a third of the usual thresholds makes the archive a quarter smaller for at most a fifteenth more
    // instructions in what is called; what must be inlined says so itself. Loops are unrolled in full, where they are
    // short, or not at all: no loop here is long and hot but those that are written out by hand.
    Flavour {
        command: "capi",
        directory: "",
        features: "capi",
        object: Object::Archive,
        symbols: REGION,
        // Functions that are added within one soname get a new version, which names this one as its predecessor.
        shared: Some(Shared { file: "libregion.so", soname: Some(SONAME), version: Some("REGION_0") }),
        rustc: &[
            "-C",
            "llvm-args=--inline-threshold=75 --inlinehint-threshold=150 --unroll-threshold=50 --align-loops=1 \
             --unroll-runtime=false --unroll-allow-partial=false",
        ],
    },
    // The same library made for size: a quarter smaller, for a sixth to a half more instructions in what is called. The
    // cfg leaves out what is there for speed alone: blocks that pools keep ready, and AVX2.
    Flavour {
        command: "capi-small",
        directory: "small",
        features: "capi",
        object: Object::Archive,
        symbols: REGION,
        shared: None,
        rustc: &["--cfg", "region_small", "-C", "opt-level=z", "-C", SMALL],
    },
    // Needs no symbol of anybody's, and is as small as can be.
    Flavour {
        command: "capi-freestanding",
        directory: "freestanding",
        features: "capi",
        object: Object::Archive,
        symbols: REGION,
        shared: None,
        rustc: &["--cfg", "region_mem", "--cfg", "region_small", "-C", "opt-level=z", "-C", SMALL],
    },
    // For programs under AddressSanitizer and valgrind: a touch of memory that an arena did not hand out, or took back,
    // is reported. Every allocation is a call then.
    Flavour {
        command: "capi-checked",
        directory: "checked",
        features: "capi,poison",
        object: Object::Archive,
        symbols: REGION,
        shared: None,
        rustc: &[],
    },
    // malloc(3), to be preloaded or linked in. No function of the C ABI is in it.
    Flavour {
        command: "capi-malloc",
        directory: "malloc",
        features: "os",
        object: Object::Alone("region_malloc.o"),
        symbols: &[
            "malloc",
            "calloc",
            "realloc",
            "reallocarray",
            "free",
            "aligned_alloc",
            "posix_memalign",
            "memalign",
            "valloc",
            "pvalloc",
            "malloc_usable_size",
            "malloc_trim",
        ],
        shared: Some(Shared { file: "libregion_malloc.so", soname: None, version: None }),
        rustc: &["--cfg", "region_malloc"],
    },
];

const SMALL: &str = "llvm-args=--inline-threshold=25 --disable-machine-licm --enable-shrink-wrap=false \
                     --enable-pre=false --split-spill-mode=size";
