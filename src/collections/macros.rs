//! `format!` and `vec!` with a place to put the result, in bumpalo's form.

/// Formats into a new [`String`](crate::String) in an arena or a scope.
///
/// ```
/// let arena = region::Arena::new();
/// let name = region::format!(in &arena, "{}.{:02}", "node", 7);
/// assert_eq!(name, "node.07");
/// ```
///
/// What is formatted may allocate from the same arena. For text that will not grow,
/// [`Arena::alloc_fmt`](crate::Arena::alloc_fmt) gives a `&mut str`.
///
/// # Panics
/// When a `Display` implementation fails. When memory is exhausted, as [`String::push_str`](crate::String::push_str);
/// [`String::try_from_fmt_in`](crate::String::try_from_fmt_in) reports instead.
#[macro_export]
macro_rules! format {
    (in $place:expr, $($arguments:tt)*) => {
        $crate::String::from_fmt_in(::core::format_args!($($arguments)*), $place)
    };
}

/// A [`Vec`](crate::Vec) in an arena or a scope, from its values, or from one value and a length.
///
/// ```
/// let arena = region::Arena::new();
/// let mut primes = region::vec![in &arena; 2, 3, 5];
/// primes.push(7);
/// assert_eq!(primes, [2, 3, 5, 7]);
/// assert_eq!(region::vec![in &arena; 1u8; 3], [1, 1, 1]);      // a value to clone, and how often
/// let empty: region::Vec<u64> = region::vec![in &arena];
/// assert_eq!(empty.capacity(), 0);
/// ```
///
/// When memory is exhausted, as [`Vec`](crate::Vec).
#[macro_export]
macro_rules! vec {
    (in $place:expr $(;)?) => {
        $crate::Vec::new_in($place)
    };
    (in $place:expr; $value:expr; $len:expr) => {{
        let mut row = $crate::Vec::new_in($place);
        row.resize($len, $value);
        row
    }};
    (in $place:expr; $($value:expr),+ $(,)?) => {
        <$crate::Vec<_, _> as $crate::VecExt<_, _>>::from_iter_in([$($value),+], $place)
    };
}
