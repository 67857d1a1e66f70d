//! Paths as bytes: the types that are paths without `std`.
//!
//! A path is the bytes that go to `open(2)`, or UTF-8 where the system takes text; nothing here interprets them.

/// A path to a file, as the bytes that the system takes: anything but NUL, at most 4095 of them. On Windows they are
/// UTF-8, as `as_encoded_bytes` gives it.
///
/// Text, bytes and C strings are paths. With feature `std`, so is what `std::path` and `std::ffi` have,
/// and with `std` or `alloc` so are `String` and `Vec<u8>`. Without `std`, give
/// `path.as_os_str().as_encoded_bytes()`. Implement it for a path type of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known as a path",
    note = "feature `std` of `libregion` makes `Path`, `OsStr` and `String` paths; without it, pass \
            `path.as_os_str().as_encoded_bytes()` or `string.as_str()`"
)]
pub trait PathBytes {
    /// The bytes of the path, without a NUL at the end.
    fn path_bytes(&self) -> &[u8];
}

impl<T: PathBytes + ?Sized> PathBytes for &T {
    fn path_bytes(&self) -> &[u8] {
        (**self).path_bytes()
    }
}

/// Implements the trait for types that have their bytes at hand.
macro_rules! paths {
    ($($(#[$cfg:meta])* $ty:ty, $path:ident => $bytes:expr;)*) => {$(
        $(#[$cfg])*
        impl PathBytes for $ty {
            fn path_bytes(&self) -> &[u8] {
                let $path = self;
                $bytes
            }
        }
    )*};
}

paths! {
    str, path => path.as_bytes();
    [u8], path => path;
    core::ffi::CStr, path => path.to_bytes();
    #[cfg(feature = "std")] std::ffi::OsStr, path => path.as_encoded_bytes();
    #[cfg(feature = "std")] std::ffi::OsString, path => path.as_encoded_bytes();
    #[cfg(feature = "std")] std::path::Path, path => path.as_os_str().as_encoded_bytes();
    #[cfg(feature = "std")] std::path::PathBuf, path => path.as_os_str().as_encoded_bytes();
    #[cfg(feature = "alloc")] alloc::string::String, path => path.as_bytes();
    #[cfg(feature = "alloc")] alloc::vec::Vec<u8>, path => path;
    #[cfg(feature = "alloc")] alloc::ffi::CString, path => path.to_bytes();
}

impl<const N: usize> PathBytes for [u8; N] {
    fn path_bytes(&self) -> &[u8] {
        self
    }
}
