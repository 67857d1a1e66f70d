//! Compares the numbers and layouts of this module with those of libc's headers.

use super::fs::{MemfdFlags, OFlags, SealFlags, Stat, StatFs};
use super::mm::{Advice, MapFlags, MprotectFlags, MremapFlags, MsyncFlags, ProtFlags};
use super::number;
use super::process::Resource;
use core::mem::offset_of;

#[test]
fn calls_have_the_numbers_of_this_processor() {
    let calls = [
        (number::READ, libc::SYS_read),
        (number::WRITE, libc::SYS_write),
        (number::PREAD, libc::SYS_pread64),
        (number::CLOSE, libc::SYS_close),
        (number::FSTAT, libc::SYS_fstat),
        (number::LSEEK, libc::SYS_lseek),
        (number::MMAP, libc::SYS_mmap),
        (number::MPROTECT, libc::SYS_mprotect),
        (number::MUNMAP, libc::SYS_munmap),
        (number::IOCTL, libc::SYS_ioctl),
        (number::MREMAP, libc::SYS_mremap),
        (number::MSYNC, libc::SYS_msync),
        (number::MADVISE, libc::SYS_madvise),
        (number::MINCORE, libc::SYS_mincore),
        (number::PRCTL, libc::SYS_prctl),
        (number::GETPID, libc::SYS_getpid),
        (number::FCNTL, libc::SYS_fcntl),
        (number::FTRUNCATE, libc::SYS_ftruncate),
        (number::FSTATFS, libc::SYS_fstatfs),
        (number::MLOCK, libc::SYS_mlock),
        (number::MUNLOCK, libc::SYS_munlock),
        (number::FALLOCATE, libc::SYS_fallocate),
        (number::PRLIMIT, libc::SYS_prlimit64),
        (number::OPENAT, libc::SYS_openat),
        (number::MEMFD_CREATE, libc::SYS_memfd_create),
    ];
    for (ours, theirs) in calls {
        assert_eq!(ours as i64, theirs);
    }
}

#[test]
fn flags_have_the_bits_of_this_processor() {
    let flags = [
        (ProtFlags::READ.bits(), libc::PROT_READ),
        (ProtFlags::WRITE.bits(), libc::PROT_WRITE),
        (MprotectFlags::READ.bits(), libc::PROT_READ),
        (MprotectFlags::WRITE.bits(), libc::PROT_WRITE),
        (MapFlags::SHARED.bits(), libc::MAP_SHARED),
        (MapFlags::PRIVATE.bits(), libc::MAP_PRIVATE),
        (MapFlags::FIXED.bits(), libc::MAP_FIXED),
        (MapFlags::NORESERVE.bits(), libc::MAP_NORESERVE),
        (MapFlags::POPULATE.bits(), libc::MAP_POPULATE),
        (MapFlags::HUGETLB.bits(), libc::MAP_HUGETLB),
        (MapFlags::HUGE_2MB.bits(), libc::MAP_HUGE_2MB),
        (MapFlags::HUGE_1GB.bits(), libc::MAP_HUGE_1GB),
        (super::mm::ANONYMOUS, libc::MAP_ANONYMOUS),
        (MremapFlags::MAYMOVE.bits(), libc::MREMAP_MAYMOVE),
        (MsyncFlags::SYNC.bits(), libc::MS_SYNC),
        (MsyncFlags::ASYNC.bits(), libc::MS_ASYNC),
        (OFlags::RDONLY.bits(), libc::O_RDONLY),
        (OFlags::RDWR.bits(), libc::O_RDWR),
        (OFlags::CREATE.bits(), libc::O_CREAT),
        (OFlags::NOCTTY.bits(), libc::O_NOCTTY),
        (OFlags::TRUNC.bits(), libc::O_TRUNC),
        (OFlags::NONBLOCK.bits(), libc::O_NONBLOCK),
        (OFlags::CLOEXEC.bits(), libc::O_CLOEXEC),
        (MemfdFlags::CLOEXEC.bits(), libc::MFD_CLOEXEC as i32),
        (MemfdFlags::ALLOW_SEALING.bits(), libc::MFD_ALLOW_SEALING as i32),
        (MemfdFlags::NOEXEC_SEAL.bits(), libc::MFD_NOEXEC_SEAL as i32),
        (SealFlags::SEAL.bits(), libc::F_SEAL_SEAL),
        (SealFlags::SHRINK.bits(), libc::F_SEAL_SHRINK),
        (SealFlags::GROW.bits(), libc::F_SEAL_GROW),
        (SealFlags::WRITE.bits(), libc::F_SEAL_WRITE),
        (super::fs::FallocateFlags::KEEP_SIZE.bits(), libc::FALLOC_FL_KEEP_SIZE),
        (super::fs::F_ADD_SEALS as u32, libc::F_ADD_SEALS),
        (super::fs::F_GET_SEALS as u32, libc::F_GET_SEALS),
        (super::pipe::F_SETPIPE_SZ as u32, libc::F_SETPIPE_SZ),
        (super::pipe::F_GETPIPE_SZ as u32, libc::F_GETPIPE_SZ),
    ];
    for (number, (ours, theirs)) in flags.into_iter().enumerate() {
        assert_eq!(ours as i32, theirs, "flag {number}");
    }
}

#[test]
fn advice_and_limits_have_the_numbers_of_this_system() {
    let numbers = [
        (Advice::Normal as i32, libc::MADV_NORMAL),
        (Advice::Random as i32, libc::MADV_RANDOM),
        (Advice::Sequential as i32, libc::MADV_SEQUENTIAL),
        (Advice::WillNeed as i32, libc::MADV_WILLNEED),
        (Advice::LinuxDontNeed as i32, libc::MADV_DONTNEED),
        (Advice::LinuxRemove as i32, libc::MADV_REMOVE),
        (Advice::LinuxDontFork as i32, libc::MADV_DONTFORK),
        (Advice::LinuxDoFork as i32, libc::MADV_DOFORK),
        (Advice::LinuxHugepage as i32, libc::MADV_HUGEPAGE),
        (Advice::LinuxNoHugepage as i32, libc::MADV_NOHUGEPAGE),
        (Advice::LinuxDontDump as i32, libc::MADV_DONTDUMP),
        (Advice::LinuxDoDump as i32, libc::MADV_DODUMP),
        (Advice::LinuxWipeOnFork as i32, libc::MADV_WIPEONFORK),
        (Advice::LinuxKeepOnFork as i32, libc::MADV_KEEPONFORK),
        (Advice::LinuxCold as i32, libc::MADV_COLD),
        (Advice::LinuxPageOut as i32, libc::MADV_PAGEOUT),
        (Advice::LinuxPopulateRead as i32, libc::MADV_POPULATE_READ),
        (Advice::LinuxPopulateWrite as i32, libc::MADV_POPULATE_WRITE),
        (Resource::Fsize as i32, libc::RLIMIT_FSIZE as i32),
        (Resource::Data as i32, libc::RLIMIT_DATA as i32),
        (Resource::Memlock as i32, libc::RLIMIT_MEMLOCK as i32),
        (Resource::As as i32, libc::RLIMIT_AS as i32),
    ];
    for (number, (ours, theirs)) in numbers.into_iter().enumerate() {
        assert_eq!(ours, theirs, "number {number}");
    }
}

#[test]
fn structures_lie_as_the_kernel_writes_them() {
    assert_eq!(size_of::<Stat>(), size_of::<libc::stat>());
    assert_eq!(offset_of!(Stat, st_mode), offset_of!(libc::stat, st_mode));
    assert_eq!(offset_of!(Stat, st_size), offset_of!(libc::stat, st_size));
    assert_eq!(size_of::<StatFs>(), size_of::<libc::statfs>());
    assert_eq!(offset_of!(StatFs, f_type), offset_of!(libc::statfs, f_type));
}
