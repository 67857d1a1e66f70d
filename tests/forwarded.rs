//! A scope and a member of a pool have every way to allocate that an arena has, and it does the same there.
#![cfg(all(feature = "os", not(loom)))]

mod support;

use region::arena::Member;
use region::error::AllocOrInitError;
use region::{Arena, ArenaPool, Scope};
use std::alloc::Layout;
use support::fd;

/// Calls every method on a lender, on values that tell one from the other.
macro_rules! every_way {
    ($lender:expr) => {{
        let lender = $lender;
        let clones = ["a".to_string(), "b".to_string()];
        let page = Layout::from_size_align(100, 4096).unwrap();
        let refuse = |i: usize| if i < 2 { Ok(i) } else { Err("two is too many") };

        assert_eq!((*lender.alloc(1), lender.try_alloc(2).copied()), (1, Ok(2)));
        assert_eq!((*lender.alloc_with(|| 3), lender.try_alloc_with(|| 4).copied()), (3, Ok(4)));
        let (good, bad) = (|| Ok::<_, &str>(5), || Err::<i32, _>("no value"));
        assert_eq!(lender.alloc_try_with(good).copied(), Ok(5));
        assert_eq!(lender.alloc_try_with(bad).copied(), Err("no value"));
        assert_eq!(lender.try_alloc_try_with(good).unwrap(), &5);
        assert!(matches!(lender.try_alloc_try_with(bad), Err(AllocOrInitError::Init("no value"))));

        for place in [lender.alloc_layout(page), lender.try_alloc_layout(page).unwrap()] {
            assert_eq!(place.addr().get() % 4096, 0);
            // SAFETY: a hundred bytes were just handed out there.
            unsafe { place.write_bytes(0xff, 100) };
        }
        for place in [lender.alloc_layout_zeroed(page), lender.try_alloc_layout_zeroed(page).unwrap()] {
            assert_eq!(place.addr().get() % 4096, 0);
            // SAFETY: as above, and the bytes are zero.
            assert_eq!(unsafe { place.cast::<[u8; 100]>().read() }, [0; 100]);
        }

        assert_eq!(lender.alloc_slice_copy(&[1, 2]), [1, 2]);
        assert_eq!(lender.try_alloc_slice_copy(&[1, 2]).unwrap(), [1, 2]);
        assert_eq!(lender.alloc_slice_clone(&clones), clones);
        assert_eq!(lender.try_alloc_slice_clone(&clones).unwrap(), clones);
        assert_eq!(lender.alloc_slice_fill_with(3, |i| i * i), [0, 1, 4]);
        assert_eq!(lender.try_alloc_slice_fill_with(3, |i| i * i).unwrap(), [0, 1, 4]);
        assert_eq!(lender.alloc_slice_try_fill_with(2, refuse).unwrap(), [0, 1]);
        assert_eq!(lender.alloc_slice_try_fill_with(3, refuse), Err("two is too many"));
        assert_eq!(lender.try_alloc_slice_try_fill_with(2, refuse).unwrap(), [0, 1]);
        assert!(matches!(lender.try_alloc_slice_try_fill_with(3, refuse), Err(AllocOrInitError::Init(_))));
        assert_eq!(lender.alloc_slice_fill_copy(2, 'c'), ['c', 'c']);
        assert_eq!(lender.try_alloc_slice_fill_copy(2, 'c').unwrap(), ['c', 'c']);
        assert_eq!(lender.alloc_slice_fill_clone(2, &clones[0]), ["a", "a"]);
        assert_eq!(lender.try_alloc_slice_fill_clone(2, &clones[0]).unwrap(), ["a", "a"]);
        assert_eq!(lender.alloc_slice_fill_default::<u8>(2), [0, 0]);
        assert_eq!(lender.try_alloc_slice_fill_default::<u8>(2).unwrap(), [0, 0]);
        assert_eq!(lender.alloc_slice_fill_iter(5..8), [5, 6, 7]);
        assert_eq!(lender.try_alloc_slice_fill_iter(5..8).unwrap(), [5, 6, 7]);
        assert_eq!(lender.alloc_slice_try_fill_iter((0..2).map(refuse)).unwrap(), [0, 1]);
        assert_eq!(lender.alloc_slice_try_fill_iter((0..3).map(refuse)), Err("two is too many"));
        assert_eq!(lender.try_alloc_slice_try_fill_iter((0..2).map(refuse)).unwrap(), [0, 1]);
        assert!(matches!(lender.try_alloc_slice_try_fill_iter((0..3).map(refuse)), Err(AllocOrInitError::Init(_))));

        assert_eq!((*lender.alloc_zeroed::<u64>(), lender.try_alloc_zeroed::<[u8; 3]>().copied()), (0, Ok([0; 3])));
        assert_eq!(lender.alloc_slice_zeroed::<u16>(3), [0; 3]);
        assert_eq!(lender.try_alloc_slice_zeroed::<u16>(3).unwrap(), [0; 3]);
        assert_eq!((&*lender.alloc_str("text"), &*lender.try_alloc_str("text").unwrap()), ("text", "text"));
        assert_eq!(lender.alloc_fmt(format_args!("{}.{}", 1, 2)), "1.2");
        assert_eq!(lender.try_alloc_fmt(format_args!("{}.{}", 1, 2)).unwrap(), "1.2");

        {
            let path = if cfg!(windows) { "NUL" } else { "/dev/null" };
            let null = std::fs::File::open(path).unwrap();
            assert_eq!(lender.alloc_file(path).unwrap(), b"");
            assert_eq!(lender.alloc_file_str(path).unwrap(), "");
            assert_eq!(lender.alloc_file_padded(path, 3).unwrap().as_padded(), [0; 3]);
            assert_eq!(lender.alloc_fd(fd(&null)).unwrap(), b"");
            assert_eq!(lender.alloc_fd_str(fd(&null)).unwrap(), "");
            assert_eq!(lender.alloc_fd_padded(fd(&null), 3).unwrap().as_padded(), [0; 3]);
        }

        let huge = isize::MAX as usize;
        assert!(lender.try_alloc_slice_zeroed::<u8>(huge).is_err());
        assert!(lender.try_alloc_slice_fill_default::<u64>(huge).is_err());
        assert!(matches!(lender.try_alloc_slice_try_fill_with(huge, refuse), Err(AllocOrInitError::Alloc(_))));
        lender.used()
    }};
}

/// What `Scope` and `Member` have of an arena's methods is called here, and refused in `nth_block`.
#[test]
fn every_way_to_allocate_is_in_the_tables() {
    let scope = include_str!("../src/arena/scope.rs");
    let list = scope.split("macro_rules! forward {").nth(1).unwrap().split("\n}\n").next().unwrap();
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.trim().split_once(['(', '<']))
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("alloc_") || name.starts_with("try_alloc") || *name == "alloc")
        .collect();
    assert!(names.len() >= 36, "{names:?}");
    for name in names {
        let calls = [format!("lender.{name}("), format!("lender.{name}::<")];
        assert!(calls.iter().any(|call| include_str!("forwarded.rs").contains(call)), "`every_way!` has no {name}");
        let row = |end: &str| include_str!("nth_block.rs").contains(&format!(" {name}{end}"));
        assert!(row(",") || row("("), "the table of nth_block has no {name}");
    }
}

#[test]
fn a_scope_allocates_in_every_way_and_frees_it_all() {
    let mut arena = Arena::new();
    let used = arena.scoped(|scope: Scope<'_>| every_way!(&scope));
    assert!(used > 400 && arena.used() == 0, "{used}");
    assert_eq!(every_way!(&arena), used);
}

#[test]
fn a_member_allocates_in_every_way_for_the_pool() {
    let mut pool = ArenaPool::new();
    let member: Member<'_> = pool.member();
    let used = every_way!(&member);
    drop(member);
    assert_eq!(pool.used(), used);
}
