//! Programs written for bumpalo, run on both: nothing but the imports differs.
//!
//! Each is here once, in a macro that is expanded for `use bumpalo::Bump` and for `use region::Arena as Bump`.
//! Together they call every method of bumpalo's `Bump`, by the names, types, and turbofish that it has there.
//! What they do not rest on is what docs/bumpalo.md lists as different.

macro_rules! programs {
    ($($library:ident { $($import:item)* })*) => { $(
        mod $library {
            $($import)*
            use std::alloc::Layout;
            use std::cell::{Cell, RefCell};
            use std::collections::HashMap;
            use std::ptr::NonNull;

            // A parser: its tree borrows the source and the arena.

            #[derive(Debug, PartialEq)]
            enum Expr<'b> {
                Number(i64),
                Name(&'b str),
                Call { name: &'b str, arguments: &'b [Expr<'b>] },
                Sum(&'b Expr<'b>, &'b Expr<'b>),
            }

            struct Parser<'b, 's> {
                bump: &'b Bump,
                rest: &'s str,
            }

            impl<'b> Parser<'b, '_> {
                fn word(&mut self) -> &'b str {
                    let end = self.rest.find(|char: char| !char.is_alphanumeric()).unwrap_or(self.rest.len());
                    let (word, rest) = self.rest.split_at(end);
                    self.rest = rest;
                    self.bump.alloc_str(word)
                }

                fn sum(&mut self) -> Expr<'b> {
                    let mut left = self.operand();
                    while let Some(rest) = self.rest.strip_prefix('+') {
                        self.rest = rest;
                        let right = self.operand();
                        left = Expr::Sum(self.bump.alloc(left), self.bump.alloc_with(|| right));
                    }
                    left
                }

                fn operand(&mut self) -> Expr<'b> {
                    let word = self.word();
                    if let Ok(number) = word.parse() {
                        return Expr::Number(number);
                    }
                    let Some(rest) = self.rest.strip_prefix('(') else { return Expr::Name(word) };
                    self.rest = rest;
                    let mut arguments = Vec::new();
                    while !self.rest.starts_with(')') {
                        arguments.push(self.sum());
                        self.rest = self.rest.trim_start_matches(',');
                    }
                    self.rest = &self.rest[1..];
                    Expr::Call { name: word, arguments: self.bump.alloc_slice_fill_iter(arguments) }
                }
            }

            #[test]
            fn a_tree_of_borrowed_nodes_is_parsed() {
                let bump = Bump::new();
                let source = String::from("1+f(x,2+y,g())+3");
                let tree = Parser { bump: &bump, rest: &source }.sum();
                drop(source);
                let Expr::Sum(left, Expr::Number(3)) = tree else { panic!("{tree:?}") };
                let Expr::Sum(Expr::Number(1), Expr::Call { name: "f", arguments }) = left else { panic!("{left:?}") };
                assert_eq!(arguments[0], Expr::Name("x"));
                assert_eq!(arguments[1], Expr::Sum(&Expr::Number(2), &Expr::Name("y")));
                assert_eq!(arguments[2], Expr::Call { name: "g", arguments: &[] });
            }

            // Names that are kept once, and a graph with cycles.

            struct Names<'b> {
                bump: &'b Bump,
                known: HashMap<&'b str, usize>,
            }

            impl<'b> Names<'b> {
                fn number(&mut self, name: &str) -> usize {
                    if let Some(number) = self.known.get(name) {
                        return *number;
                    }
                    let number = self.known.len();
                    self.known.insert(self.bump.alloc_str(name), number);
                    number
                }
            }

            #[test]
            fn names_are_kept_once() {
                let bump = Bump::with_capacity(1 << 10);
                let mut names = Names { bump: &bump, known: HashMap::new() };
                let numbers: Vec<usize> = "to be or not to be".split(' ').map(|word| names.number(word)).collect();
                assert_eq!(numbers, [0, 1, 2, 3, 0, 1]);
            }

            struct Node<'b> {
                number: u32,
                edges: RefCell<Vec<&'b Node<'b>>>,
                seen: Cell<bool>,
            }

            fn visit(node: &Node<'_>) -> u32 {
                if node.seen.replace(true) {
                    return 0;
                }
                node.number + node.edges.borrow().iter().map(|edge| visit(edge)).sum::<u32>()
            }

            #[test]
            fn a_graph_may_have_cycles() {
                let bump = Bump::new();
                let node = |number| &*bump.alloc(Node { number, edges: RefCell::default(), seen: Cell::new(false) });
                let [a, b, c] = [1, 20, 300].map(node);
                a.edges.borrow_mut().extend([b, c]);
                b.edges.borrow_mut().push(a);
                c.edges.borrow_mut().push(b);
                assert_eq!(visit(b), 321);
                // Neither library drops values; these own something.
                for node in [a, b, c] {
                    node.edges.take();
                }
            }

            // Records that may be malformed.

            #[derive(Debug, PartialEq)]
            struct Record<'b> {
                key: &'b str,
                value: u32,
            }

            #[derive(Debug, PartialEq)]
            enum LoadError {
                Memory,
                NoValue,
                NotANumber(std::num::ParseIntError),
            }

            impl From<AllocErr> for LoadError {
                fn from(_: AllocErr) -> Self {
                    LoadError::Memory
                }
            }

            impl From<AllocOrInitError<LoadError>> for LoadError {
                fn from(error: AllocOrInitError<LoadError>) -> Self {
                    match error {
                        AllocOrInitError::Alloc(error) => error.into(),
                        AllocOrInitError::Init(error) => error,
                    }
                }
            }

            fn record<'b>(bump: &'b Bump, line: &str) -> Result<Record<'b>, LoadError> {
                let (key, value) = line.split_once('=').ok_or(LoadError::NoValue)?;
                Ok(Record { key: bump.try_alloc_str(key)?, value: value.parse().map_err(LoadError::NotANumber)? })
            }

            fn load<'b>(bump: &'b Bump, line: &str) -> Result<&'b mut Record<'b>, LoadError> {
                Ok(bump.try_alloc_try_with(|| record(bump, line))?)
            }

            #[test]
            fn records_are_made_in_place_or_not_at_all() {
                let bump = Bump::try_new().unwrap();
                let loaded = load(&bump, "width=80").unwrap();
                loaded.value += 1;
                assert_eq!(*loaded, Record { key: "width", value: 81 });
                assert_eq!(load(&bump, "width"), Err(LoadError::NoValue));
                assert!(matches!(load(&bump, "width=x"), Err(LoadError::NotANumber(_))));

                let parsed: Result<&mut u32, _> = bump.alloc_try_with(|| "7".parse::<u32>());
                assert_eq!(parsed, Ok(&mut 7));
                let refused: Result<&mut [u64; 100], &str> = bump.alloc_try_with(|| Err("no"));
                assert_eq!(refused, Err("no"));

                bump.set_allocation_limit(Some(bump.allocated_bytes()));
                let big = bump.try_alloc_try_with(|| Ok::<_, ()>([0u8; 1 << 17]));
                assert!(matches!(big, Err(AllocOrInitError::Alloc(AllocErr { .. }))));
            }

            #[test]
            fn a_failed_constructor_takes_no_memory() {
                let bump = Bump::with_capacity(4096);
                bump.alloc(1u64);
                let before = (bump.allocated_bytes(), bump.chunk_capacity());
                for _ in 0..1000 {
                    assert!(bump.alloc_try_with(|| Err::<[u64; 8], ()>(())).is_err());
                    assert!(bump.alloc_slice_try_fill_with::<u64, _, ()>(8, |_| Err(())).is_err());
                }
                assert_eq!((bump.allocated_bytes(), bump.chunk_capacity()), before);
            }

            // Slices, each way, with the type parameters where bumpalo has them.

            #[test]
            fn slices_are_filled_each_way() {
                let bump = Bump::new();
                let text = |word: &&str| word.to_string();
                assert_eq!(bump.alloc_slice_copy(&[1u8, 2, 3]), [1, 2, 3]);
                assert_eq!(bump.alloc_slice_clone(&["a", "b"].each_ref().map(text)), ["a", "b"]);
                assert_eq!(bump.alloc_slice_fill_with(3, |i| i * i), [0, 1, 4]);
                assert_eq!(bump.alloc_slice_fill_copy(3, 'x'), ['x'; 3]);
                assert_eq!(bump.alloc_slice_fill_clone(2, &String::from("y")), ["y", "y"]);
                assert_eq!(bump.alloc_slice_fill_iter([2, 3, 5].iter().map(|i| i * i)), [4, 9, 25]);
                assert_eq!(bump.alloc_slice_fill_default::<u32>(4), [0; 4]);
                assert_eq!(bump.alloc_slice_try_fill_with(3, |i| Ok::<_, ()>(i)), Ok(&mut [0, 1, 2][..]));
                let some = [Ok(1), Err("second"), Err("third")];
                assert_eq!(bump.alloc_slice_try_fill_iter(some), Err("second"));
                assert_eq!(bump.alloc_slice_try_fill_iter([Ok::<_, ()>(1)]), Ok(&mut [1][..]));

                assert_eq!(bump.try_alloc_slice_copy(&[1.5]).unwrap(), [1.5]);
                assert_eq!(bump.try_alloc_slice_clone(&[Some(1)]).unwrap(), [Some(1)]);
                assert_eq!(bump.try_alloc_slice_fill_with(2, |i| i).unwrap(), [0, 1]);
                assert_eq!(bump.try_alloc_slice_fill_copy(1, 9).unwrap(), [9]);
                assert_eq!(bump.try_alloc_slice_fill_clone(1, &9).unwrap(), [9]);
                assert_eq!(bump.try_alloc_slice_fill_iter(vec![7, 8]).unwrap(), [7, 8]);
                assert_eq!(bump.try_alloc_slice_fill_default::<bool>(2).unwrap(), [false; 2]);
            }

            #[test]
            fn type_parameters_stand_where_they_stood() {
                let bump = Bump::new();
                assert_eq!(*bump.alloc::<u8>(1), 1);
                assert_eq!(*bump.try_alloc::<u8>(1).unwrap(), 1);
                assert_eq!(*bump.alloc_with::<_, u8>(|| 2), 2);
                assert_eq!(*bump.try_alloc_with::<_, u8>(|| 3).unwrap(), 3);
                assert_eq!(bump.alloc_try_with::<_, u8, ()>(|| Ok(4)), Ok(&mut 4));
                assert!(bump.try_alloc_try_with::<_, u8, ()>(|| Err(())).is_err());
                assert_eq!(bump.alloc_slice_copy::<u8>(&[1]), [1]);
                assert_eq!(bump.alloc_slice_clone::<u8>(&[1]), [1]);
                assert_eq!(bump.alloc_slice_fill_with::<u8, _>(1, |_| 5), [5]);
                assert_eq!(bump.try_alloc_slice_fill_with::<u8, _>(1, |_| 5).unwrap(), [5]);
                assert_eq!(bump.alloc_slice_try_fill_with::<u8, _, ()>(1, |_| Ok(6)).unwrap(), [6]);
                assert_eq!(bump.alloc_slice_fill_copy::<u8>(1, 7), [7]);
                assert_eq!(bump.alloc_slice_fill_clone::<u8>(1, &8), [8]);
                assert_eq!(bump.alloc_slice_fill_iter::<u8, _>([9]), [9]);
                assert_eq!(bump.try_alloc_slice_fill_iter::<u8, _>([9]).unwrap(), [9]);
                assert_eq!(bump.alloc_slice_try_fill_iter::<u8, _, ()>([Ok(10)]).unwrap(), [10]);
            }

            #[test]
            fn every_try_form_says_no_instead_of_panicking() {
                let bump = Bump::new();
                bump.set_allocation_limit(Some(0));
                let refused = |ran: &Cell<bool>| assert!(!ran.replace(false));
                let ran = Cell::new(false);
                let run = || ran.set(true);
                assert!(bump.try_alloc(1u64).is_err());
                assert!(bump.try_alloc_with(|| { run(); 1u64 }).is_err());
                refused(&ran);
                assert!(bump.try_alloc_try_with(|| { run(); Ok::<u64, ()>(1) }).is_err());
                refused(&ran);
                assert!(bump.try_alloc_slice_fill_with(4, |i| { run(); i }).is_err());
                refused(&ran);
                assert!(bump.try_alloc_slice_copy(&[1u64]).is_err());
                assert!(bump.try_alloc_slice_clone(&[1u64]).is_err());
                assert!(bump.try_alloc_slice_fill_copy(3, 1u64).is_err());
                assert!(bump.try_alloc_slice_fill_clone(3, &1u64).is_err());
                assert!(bump.try_alloc_slice_fill_iter([1u64]).is_err());
                assert!(bump.try_alloc_slice_fill_default::<u64>(3).is_err());
                assert!(bump.try_alloc_str("text").is_err());
                assert!(bump.try_alloc_layout(Layout::new::<u64>()).is_err());
                // What takes no bytes is no question of memory.
                assert!(bump.try_alloc(()).is_ok());
                assert!(bump.try_alloc_str("").is_ok());
                assert!(Bump::try_with_capacity(isize::MAX as usize).is_err());
            }

            // Memory: limits, capacities, chunks.

            #[test]
            fn a_limit_is_set_asked_and_taken_away() {
                let bump = Bump::new();
                assert_eq!(bump.allocation_limit(), None);
                bump.set_allocation_limit(Some(1 << 16));
                assert_eq!(bump.allocation_limit(), Some(1 << 16));
                assert!(bump.try_alloc_slice_fill_default::<u8>(1 << 17).is_err());
                bump.set_allocation_limit(None);
                assert_eq!(bump.allocation_limit(), None);
                assert!(bump.try_alloc_slice_fill_default::<u8>(1 << 17).is_ok());
            }

            #[test]
            fn a_new_arena_has_nothing() {
                let mut bump = Bump::new();
                assert_eq!(bump.allocated_bytes(), 0);
                assert_eq!(bump.allocated_bytes_including_metadata(), 0);
                assert_eq!(bump.chunk_capacity(), 0);
                assert_eq!(bump.iter_allocated_chunks().count(), 0);
                bump.reset();
                assert_eq!(bump.allocated_bytes(), 0);
            }

            #[test]
            fn capacity_serves_what_it_promises_from_one_chunk() {
                let mut bump = Bump::try_with_capacity(10_000).unwrap();
                assert!(bump.chunk_capacity() >= 10_000);
                bump.alloc_slice_fill_copy(10_000, 1u8);
                assert_eq!(bump.iter_allocated_chunks().count(), 1);
                let rest = bump.chunk_capacity();
                if rest > 0 {
                    bump.alloc_layout(Layout::from_size_align(rest.min(1 << 20), 1).unwrap());
                    assert_eq!(bump.iter_allocated_chunks().count(), 1);
                }
            }

            #[test]
            fn chunks_hold_all_values() {
                let mut bump = Bump::new();
                let mut asked = 0;
                for len in (1..2000).step_by(7) {
                    bump.alloc_slice_fill_copy(len, len as u64);
                    asked += len * 8;
                }
                let total: usize = bump.iter_allocated_chunks().map(|chunk: &[_]| chunk.len()).sum();
                assert!(total >= asked, "{total} for {asked}");
                assert!(bump.allocated_bytes() >= total);
                assert!(bump.allocated_bytes_including_metadata() >= bump.allocated_bytes());
                let iter: ChunkIter<'_> = Bump::iter_allocated_chunks(&mut bump);
                assert_eq!(iter.map(<[_]>::len).sum::<usize>(), total);
                // SAFETY: nothing is allocated while the iterator lives, and nothing is read.
                let raw: ChunkRawIter<'_> = unsafe { bump.iter_allocated_chunks_raw() };
                assert_eq!(raw.map(|(start, len): (*mut u8, usize)| { assert!(!start.is_null()); len }).sum::<usize>(), total);
                // All are of 8 bytes and alignment 8, so every byte of every chunk is a value's.
                let mut largest = 0;
                for chunk in bump.iter_allocated_chunks() {
                    for word in chunk.chunks_exact(8) {
                        // SAFETY: as just said.
                        let bytes = std::array::from_fn(|i| unsafe { word[i].assume_init() });
                        largest = largest.max(u64::from_ne_bytes(bytes));
                    }
                }
                assert_eq!(largest, 1_996);
            }

            #[test]
            fn a_frame_loop_stops_growing() {
                let mut bump = Bump::new();
                let mut sizes = Vec::new();
                for frame in 0..20 {
                    let points = bump.alloc_slice_fill_with(5_000, |i| (i as f32, frame));
                    assert_eq!(points[4_999], (4_999.0, frame));
                    let label = bump.alloc_str("frame");
                    label.make_ascii_uppercase();
                    assert_eq!(label, "FRAME");
                    bump.reset();
                    sizes.push(bump.allocated_bytes());
                }
                assert!(sizes[5..].iter().all(|size| size == &sizes[5]), "{sizes:?}");
            }

            // Alignment.

            fn aligned<const ALIGN: usize>(bump: &Bump<ALIGN>) {
                assert_eq!(bump.min_align(), ALIGN);
                for value in 0..100u8 {
                    assert_eq!(std::ptr::from_mut(bump.alloc(value)).addr() % ALIGN, 0);
                    assert_eq!(bump.alloc_str("odd").as_ptr().addr() % ALIGN, 0);
                }
            }

            #[test]
            fn a_minimum_alignment_is_kept() {
                aligned(&Bump::<1>::with_min_align());
                aligned(&Bump::<4>::with_min_align());
                aligned(&Bump::<8>::with_min_align_and_capacity(800));
                aligned(&Bump::<16>::try_with_min_align_and_capacity(0).unwrap());
                aligned::<2>(&Bump::default());
                assert!(Bump::<16>::with_min_align_and_capacity(1600).chunk_capacity() >= 1600);
                assert!(Bump::<16>::try_with_min_align_and_capacity(isize::MAX as usize).is_err());
            }

            #[test]
            fn bytes_pack_without_a_minimum_alignment() {
                let mut bump = Bump::<1>::with_min_align();
                for byte in *b"abc" {
                    bump.alloc(byte);
                }
                let mut chunk: Vec<u8> = bump
                    .iter_allocated_chunks()
                    .flatten()
                    // SAFETY: bytes alone were allocated, and bytes need no padding.
                    .map(|byte| unsafe { byte.assume_init() })
                    .collect();
                // The newest is first there and last here.
                chunk.sort_unstable();
                assert_eq!(chunk, b"abc");
            }

            // Raw memory, and what the type itself can do.

            #[test]
            fn layouts_of_any_alignment_are_served() {
                let bump = Bump::new();
                for power in 0..13 {
                    let layout = Layout::from_size_align(24, 1 << power).unwrap();
                    let block: NonNull<u8> = bump.alloc_layout(layout);
                    assert_eq!(block.addr().get() % layout.align(), 0);
                    // SAFETY: the block has 24 bytes.
                    unsafe { block.write_bytes(0xa5, 24) };
                    assert!(bump.try_alloc_layout(layout).is_ok());
                }
                #[repr(align(64))]
                struct Line([u8; 64]);
                let line = bump.alloc(Line([7; 64]));
                assert_eq!((std::ptr::from_mut(line).addr() % 64, line.0[63]), (0, 7));
            }

            #[test]
            fn closures_may_allocate_from_the_same_arena() {
                let bump = Bump::new();
                let outer = bump.alloc_with(|| (1, bump.alloc(2), bump.alloc_slice_fill_with(2, |i| *bump.alloc(i))));
                assert_eq!(*outer, (1, &mut 2, &mut [0, 1][..]));
            }

            #[derive(Debug, Default)]
            struct Session {
                bump: Bump,
                requests: u32,
            }

            #[test]
            fn an_arena_is_owned_sent_and_shown() {
                let mut session = Session::default();
                session.bump.alloc(1u64);
                session.requests += 1;
                let session = std::thread::spawn(move || {
                    session.bump.alloc(2u64);
                    session
                });
                let mut session = session.join().unwrap();
                assert!(format!("{session:?}").contains("requests: 1"));
                session.bump = Bump::with_capacity(0);
                assert_eq!(session.bump.allocated_bytes(), 0);
            }

            #[test]
            fn values_are_not_dropped() {
                struct Loud<'c>(&'c Cell<u32>);
                impl Drop for Loud<'_> {
                    fn drop(&mut self) {
                        self.0.set(self.0.get() + 1);
                    }
                }
                let drops = Cell::new(0);
                let mut bump = Bump::new();
                bump.alloc(Loud(&drops));
                bump.alloc_slice_fill_with(3, |_| Loud(&drops));
                bump.reset();
                drop(bump);
                assert_eq!(drops.get(), 0);
                // A value that is refused is.
                let full = Bump::new();
                full.set_allocation_limit(Some(0));
                assert!(full.try_alloc(Loud(&drops)).is_err());
                assert_eq!(drops.get(), 1);
            }
        }
    )* };
}

programs! {
    bumpalo {
        use bumpalo::{AllocErr, AllocOrInitError, Bump, ChunkIter, ChunkRawIter};
    }
    region {
        use region::{AllocError as AllocErr, Arena as Bump};
        use region::arena::{ChunkIter, ChunkRawIter};
        use region::error::AllocOrInitError;
    }
}

/// An iterator that promises three items and has none.
struct Liar;

impl Iterator for Liar {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (3, Some(3))
    }
}

impl ExactSizeIterator for Liar {}

/// The file of bumpalo's arena that this binary was compiled from: bumpalo's panics name it, wherever cargo found it.
fn source_of_bumpalo() -> std::path::PathBuf {
    let (sender, receiver) = std::sync::mpsc::channel();
    let (this, before) = (std::thread::current().id(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == this {
            let _ = sender.send(panic.location().map(|location| location.file().to_owned()));
        } else {
            before(panic);
        }
    }));
    let lied = std::panic::catch_unwind(|| ::bumpalo::Bump::new().alloc_slice_fill_iter(Liar).len());
    drop(std::panic::take_hook());
    assert!(lied.is_err());
    // Vendored sources are named from the package's root on.
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(receiver.recv().unwrap().unwrap())
}

/// The names come from the source of the bumpalo that these tests are built with.
#[test]
fn every_method_of_bumpalos_arena_is_called_here() {
    // compat/bumpalo runs these programs too, with itself for bumpalo, which takes iterators of any length.
    if env!("CARGO_PKG_NAME") != "libregion" {
        return;
    }
    let path = source_of_bumpalo();
    let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(source.contains("pub struct Bump"), "{} is not bumpalo's arena", path.display());

    let names = source.lines().filter_map(|line| {
        let line = line.trim_start().strip_prefix("pub ")?;
        let name = line.strip_prefix("unsafe ").unwrap_or(line).strip_prefix("fn ")?;
        name.split(['(', '<']).next()
    });
    let here = include_str!("moving_from_bumpalo.rs");
    let mut methods = 0;
    for name in names {
        let called = ["(", "::<"]
            .iter()
            .any(|end| [".", "::"].iter().any(|start| here.contains(&format!("{start}{name}{end}"))));
        assert!(called, "{name} is not called");
        methods += 1;
    }
    assert!(methods > 40, "{methods}");
}

/// One program over the containers, compiled against bumpalo's and ours: only the imports differ.
#[cfg(feature = "collections")]
mod moved_from_bumpalo {
    macro_rules! program {
        ($name:ident, $arena:ty, $format:path, $vec:path, [$($import:path),*]) => {
            fn $name() -> std::string::String {
                $( #[allow(unused_imports)] use $import; )*
                use std::fmt::Write;
                use $format as format_in;
                use $vec as vec_in;
                let arena = <$arena>::new();
                let mut row = vec_in![in &arena; 3, 1, 2];
                row.extend_from_slice_copy(&[5, 4]);
                row.sort_unstable();
                row.retain(|value| *value != 3);
                row.insert(0, 9);
                let more = Vec::from_iter_in(row.iter().map(|value| value * 10), &arena);
                let row: &[i32] = row.into_bump_slice();
                let mut text = String::from_str_in("row", &arena);
                text.push_str(" is ");
                write!(text, "{row:?}").unwrap();
                text.insert(0, '<');
                text.push('>');
                assert_eq!((text.pop(), text.remove(0), text.is_empty()), (Some('>'), '<', false));
                text.retain(|c| c != ' ');
                let text: &str = text.into_bump_str();
                let boxed = Box::new_in(std::string::String::from("dropped"), &arena);
                let all = format_in!(in &arena, "{} {} {:?} {}", text, boxed, more, row.len());
                all.as_str().to_owned()
            }
        };
    }
    program!(
        theirs,
        bumpalo::Bump,
        bumpalo::format,
        bumpalo::vec,
        [bumpalo::boxed::Box, bumpalo::collections::String, bumpalo::collections::Vec]
    );
    program!(
        ours,
        region::Arena,
        region::format,
        region::vec,
        [region::collections::Box, region::collections::String, region::collections::Vec]
    );

    #[test]
    fn a_program_gives_what_it_gave_with_bumpalo() {
        assert_eq!(ours(), theirs());
        assert_eq!(ours(), "rowis[9,1,2,4,5] dropped [90, 10, 20, 40, 50] 5");
    }
}
