//! What errors say besides their sentence: the system's number, and the error that they are of.

#![cfg(all(feature = "os", unix, not(miri)))]

#[cfg(target_pointer_width = "64")]
use region::{
    AllocError, Arena, Error, Input, InputError, PoolError,
    error::{AllocReason, Errno},
};
use region::{PagePool, Region};
#[cfg(target_pointer_width = "64")]
use std::error::Error as _;

/// More than any processor's addresses. A process of 32 bits may have all that are allowed in one object.
#[cfg(target_pointer_width = "64")]
const FAR: usize = 1 << 60;

#[cfg(target_pointer_width = "64")]
#[test]
fn errors_have_the_systems_number_as_std_has_it() {
    let enomem = Some(Errno::ENOMEM.raw());
    let of_region: Error = Region::new(FAR).unwrap_err();
    assert_eq!((of_region.raw_os_error(), of_region.is(Errno::ENOMEM)), (enomem, true));
    let of_arena: AllocError = Arena::try_with_reservation(FAR).unwrap_err();
    assert_eq!(of_arena.raw_os_error(), enomem);
    let of_pool: PoolError = PagePool::new(2 << 20, 1 << 28).unwrap_err();
    assert_eq!(of_pool.raw_os_error(), enomem, "{of_pool}");
    let of_input: InputError = Input::read("/no/such/file").unwrap_err();
    assert_eq!(of_input.raw_os_error(), std::fs::read("/no/such/file").unwrap_err().raw_os_error());
    #[cfg(target_os = "linux")]
    {
        let empty = std::fs::File::open("/dev/null").unwrap();
        // SAFETY: the file is open for as long as the call takes.
        let file = unsafe { region::input::Fd::from_raw(std::os::fd::AsRawFd::as_raw_fd(&empty)) };
        let of_kind: region::SharedError = region::SharedArena::open(file).unwrap_err();
        assert_eq!(of_kind.raw_os_error(), None);
        // SAFETY: no number of a descriptor is negative, so this is none, and is refused as such.
        let none = unsafe { region::input::Fd::from_raw(-1) };
        let of_shared = region::SharedArena::open(none).unwrap_err();
        assert_eq!(of_shared.raw_os_error(), Some(Errno::EBADF.raw()));
    }
}

#[cfg(target_pointer_width = "64")]
#[test]
fn errors_that_wrap_the_systems_lead_to_it() {
    let source =
        |error: &dyn std::error::Error| error.source().and_then(|source| source.downcast_ref::<Error>().copied());
    let of_arena = Arena::try_with_reservation(FAR).unwrap_err();
    let AllocReason::Os(system) = of_arena.reason() else { panic!("{of_arena}") };
    assert_eq!(source(&of_arena), Some(system));
    assert!(source(&PagePool::new(2 << 20, 1 << 28).unwrap_err()).is_some());
    // What the arena itself refused has no other reason behind it.
    let limited = Arena::new();
    limited.set_limit(8);
    assert!(limited.try_alloc([0u64; 2]).unwrap_err().source().is_none());
}

#[cfg(target_pointer_width = "64")]
#[test]
#[should_panic(expected = "cannot allocate")]
fn a_reservation_that_cannot_be_had_panics_with_its_sentence() {
    let _ = Arena::with_reservation(FAR);
}

#[test]
fn what_is_in_ram_is_a_number_and_a_refusal_is_asked_for() {
    let mut region = Region::new(1 << 20).unwrap();
    assert_eq!((region.resident(), region.try_resident()), (0, Ok(0)));
    region.as_mut_slice()[..1].fill(1);
    assert_ne!(region.resident(), 0);
    assert_eq!(region.try_resident(), Ok(region.resident()));
    let pool = PagePool::new(64 << 10, 2).unwrap();
    assert_eq!((pool.resident(), pool.try_resident()), (0, Ok(0)));
    #[cfg(target_os = "linux")]
    {
        let shared = region::shared::SharedRegion::anonymous(1 << 20).unwrap();
        assert_eq!(shared.try_resident(), Ok(shared.resident()));
    }
}
