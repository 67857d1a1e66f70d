//! Types of the user's in saved trees: the macro that declares them.
//!
//! It sees all fields of a type, so what it makes of them is complete; and it chooses the layout, so that offsets are sums.

/// Declares structs and enums that may be in a tree that is saved from a cage ([`Savable`](crate::cage::Savable)).
///
/// ```
/// use region::cage::{Box32, Ref32, Slice32, Str32};
///
/// region::cage! { struct Ast; }
///
/// region::savable! {
///     in Ast;
///
///     /// A place in a text.
///     #[derive(Clone, Copy, Debug, PartialEq)]
///     pub struct Span { pub start: u32, pub end: u32 }
///
///     pub struct Name<'a>(Str32<'a, Ast>, Span);
///
///     #[derive(Clone, Copy)]
///     pub enum Operator { Add, Sub }
///
///     pub enum Expr<'a> {
///         Nothing,
///         Number(f64),
///         Name(Ref32<'a, Name<'a>, Ast>),
///         Binary { operator: Operator, left: Box32<'a, Expr<'a>, Ast>, right: Box32<'a, Expr<'a>, Ast> },
///         List(Slice32<'a, Expr<'a>, Ast>),
///     }
/// }
/// assert_eq!((size_of::<Span>(), size_of::<Expr>(), size_of::<Option<Expr>>()), (8, 16, 16));
/// ```
///
/// The cage's type comes first. A type has one lifetime, that of the tree, or none. Its fields are numbers, `bool`, `char`,
/// links into this cage, arrays of those, and other types that are declared in this way; any other type does not compile.
/// Enums have variants without explicit numbers, 256 at most.
///
/// *Layout*: as in C (`repr(C)`, `repr(u8)`), so that any compiler makes the same of it. An enum begins with a byte, so put
/// small fields first. *Attributes*: `derive`, documentation and lints; not `repr` and `cfg`, which would change what the
/// macro sees. *Values*: a checked opening accepts any combination of fields that are valid by themselves. A type whose
/// fields depend on each other must not rely on that for memory safety.
///
/// ```compile_fail,E0277
/// # region::cage! { struct Ast; }
/// region::savable! { in Ast; struct Node { name: &'static str } }            // an address means nothing elsewhere
/// ```
#[macro_export]
macro_rules! savable {
    (in $cage:ty;) => {};
    (in $cage:ty;
        $(#[$attribute:ident $($argument:tt)*])*
        $visible:vis struct $name:ident $(<$life:lifetime>)? {
            $($(#[$inner:ident $($inner_argument:tt)*])* $field_visible:vis $field:ident: $type:ty),* $(,)?
        }
        $($more:tt)*
    ) => {
        $($crate::savable!(@attribute $attribute);)*
        $($($crate::savable!(@attribute $inner);)*)*
        $(#[$attribute $($argument)*])*
        #[repr(C)]
        $visible struct $name $(<$life>)? {
            $($(#[$inner $($inner_argument)*])* $field_visible $field: $type),*
        }
        $crate::savable!(@implement $cage; $name; [$($life)?]; struct [$($field)*] [$($type),*]);
        $crate::savable!(in $cage; $($more)*);
    };
    (in $cage:ty;
        $(#[$attribute:ident $($argument:tt)*])*
        $visible:vis struct $name:ident $(<$life:lifetime>)? (
            $($(#[$inner:ident $($inner_argument:tt)*])* $field_visible:vis $type:ty),* $(,)?
        );
        $($more:tt)*
    ) => {
        $($crate::savable!(@attribute $attribute);)*
        $($($crate::savable!(@attribute $inner);)*)*
        $(#[$attribute $($argument)*])*
        #[repr(C)]
        $visible struct $name $(<$life>)? (
            $($(#[$inner $($inner_argument)*])* $field_visible $type),*
        );
        $crate::savable!(@implement $cage; $name; [$($life)?]; struct [] [$($type),*]);
        $crate::savable!(in $cage; $($more)*);
    };
    (in $cage:ty;
        $(#[$attribute:ident $($argument:tt)*])*
        $visible:vis enum $name:ident $(<$life:lifetime>)? {
            $(
                $(#[$inner:ident $($inner_argument:tt)*])*
                $variant:ident
                $(($($(#[$of_place:ident $($of_place_argument:tt)*])* $place:ty),* $(,)?))?
                $({
                    $($(#[$of_field:ident $($of_field_argument:tt)*])* $field:ident: $type:ty),* $(,)?
                })?
            ),+ $(,)?
        }
        $($more:tt)*
    ) => {
        $($crate::savable!(@attribute $attribute);)*
        $(
            $($crate::savable!(@attribute $inner);)*
            $($($($crate::savable!(@attribute $of_place);)*)*)?
            $($($($crate::savable!(@attribute $of_field);)*)*)?
        )+
        $(#[$attribute $($argument)*])*
        #[repr(u8)]
        $visible enum $name $(<$life>)? {
            $(
                $(#[$inner $($inner_argument)*])*
                $variant
                $(($($(#[$of_place $($of_place_argument)*])* $place),*))?
                $({ $($(#[$of_field $($of_field_argument)*])* $field: $type),* })?
            ),+
        }
        $crate::savable!(@implement $cage; $name; [$($life)?]; enum $(
            $variant [$($($field)*)?] [$($($place),*)? $($($type),*)?]
        )+);
        $crate::savable!(in $cage; $($more)*);
    };

    // Attributes that change neither layout nor what is there.
    (@attribute doc) => {};
    (@attribute derive) => {};
    (@attribute allow) => {};
    (@attribute expect) => {};
    (@attribute warn) => {};
    (@attribute deny) => {};
    (@attribute must_use) => {};
    (@attribute non_exhaustive) => {};
    (@attribute $other:ident) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($other), "` is no attribute of a saved type: it could change its layout or its \
            fields. There may be `derive`, documentation and lints."
        ));
    };

    (@implement $cage:ty; $name:ident; [$life:lifetime]; $($content:tt)*) => {
        $crate::savable!(@implementation $cage; $name; $life; [<$life>] [<'static>]; $($content)*);
    };
    (@implement $cage:ty; $name:ident; []; $($content:tt)*) => {
        $crate::savable!(@implementation $cage; $name; 'saved; [] []; $($content)*);
    };

    (@implementation $cage:ty; $name:ident; $life:lifetime; [$($of:tt)*] [$($of_static:tt)*];
        struct [$($field:ident)*] [$($type:ty),*]
    ) => {
        const _: () = $crate::savable!(@undropped $name $($of_static)*);

        // SAFETY: the struct is laid out as in C, by this macro: its fields, which are all of those that were named here,
        // lie one behind the other, each at the next multiple of its alignment; the size says that no more is there. Each
        // is checked, described and written by its own type, all of which are savable with the same lifetime.
        unsafe impl<$life> $crate::cage::Savable<$life, $cage> for $name $($of)* {
            type Name = $name $($of_static)*;
            const PENDS: bool = {
                $crate::savable!(@layout Self; 0; [[$($type),*]]);
                false $(|| <$type as $crate::cage::Savable<$life, $cage>>::PENDS)*
            };

            fn describe(types: &mut $crate::cage::Types) {
                if types.enter::<Self, $name $($of_static)*>(::core::stringify!($name)) {
                    $(types.part(::core::stringify!($field));)*
                    $crate::savable!(@describe $cage; $life; types; 0; $($type),*);
                    types.leave();
                }
            }

            #[allow(unused)]
            #[inline(always)]
            unsafe fn check(
                at: ::core::ptr::NonNull<Self>,
                walk: &mut $crate::cage::Check,
            ) -> ::core::result::Result<bool, $crate::cage::Stop> {
                let mut more = false;
                // SAFETY: the walk claimed the struct's bytes, aligned; the fields lie in them, aligned.
                unsafe { $crate::savable!(@check $cage; $life; at; walk; more; 0; $($type),*) }
                ::core::result::Result::Ok(more)
            }

            #[allow(unused)]
            #[inline(always)]
            unsafe fn follow(
                at: ::core::ptr::NonNull<Self>,
                walk: &mut $crate::cage::Check,
            ) -> ::core::result::Result<(), $crate::cage::Stop> {
                // SAFETY: the fields lie in the struct, aligned, and were checked with it.
                unsafe { $crate::savable!(@follow $cage; $life; at; walk; 0; $($type),*) }
                ::core::result::Result::Ok(())
            }

            #[allow(unused)]
            fn save(
                &self,
                at: usize,
                walk: &mut $crate::cage::Save,
            ) -> ::core::result::Result<(), $crate::cage::Stop> {
                // SAFETY: the fields lie in the struct, and are values.
                unsafe { $crate::savable!(@save $cage; $life; self; at; walk; 0; $($type),*) }
                ::core::result::Result::Ok(())
            }
        }
    };
    (@implementation $cage:ty; $name:ident; $life:lifetime; [$($of:tt)*] [$($of_static:tt)*];
        enum $($variant:ident [$($field:ident)*] [$($type:ty),*])+
    ) => {
        const _: () = $crate::savable!(@undropped $name $($of_static)*);

        const _: () = {
            // Named so that no type of a field has the name.
            #[repr(u8)]
            enum RegionVariantNumber {
                $($variant),+
            }

            // SAFETY: the enum's layout was chosen by this macro: it is a union of structs laid out as in C, one for each
            // variant, which begin with the variant's number in a byte, counted from 0 in the order of the variants. So behind
            // that byte the fields of the variant, all of which were named here, lie one behind the other, each at the next
            // multiple of its alignment. The number is checked, and then each field, by its own type. They are described and
            // written alike, and are savable with the same lifetime.
            unsafe impl<$life> $crate::cage::Savable<$life, $cage> for $name $($of)* {
                type Name = $name $($of_static)*;
                const PENDS: bool = {
                    $crate::savable!(@layout Self; 1; [$([$($type),*])+]);
                    false $($(|| <$type as $crate::cage::Savable<$life, $cage>>::PENDS)*)+
                };

                fn describe(types: &mut $crate::cage::Types) {
                    if types.enter::<Self, $name $($of_static)*>(::core::stringify!($name)) {
                        $(
                            types.part(::core::stringify!($variant));
                            $(types.part(::core::stringify!($field));)*
                            $crate::savable!(@describe $cage; $life; types; 1; $($type),*);
                        )+
                        types.leave();
                    }
                }

                #[allow(unused)]
                #[inline(always)]
                unsafe fn check(
                    at: ::core::ptr::NonNull<Self>,
                    walk: &mut $crate::cage::Check,
                ) -> ::core::result::Result<bool, $crate::cage::Stop> {
                    let mut more = false;
                    // SAFETY: the walk claimed the enum's bytes, aligned, the largest variant's; the number is the first, and
                    // the fields of its variant lie in them, aligned.
                    unsafe {
                        match at.cast::<u8>().read() {
                            $(number if number == RegionVariantNumber::$variant as u8 => {
                                $crate::savable!(@check $cage; $life; at; walk; more; 1; $($type),*)
                            })+
                            number => {
                                return ::core::result::Result::Err(
                                    walk.refuse(at.cast(), $crate::cage::SavedFault::Variant(number)),
                                );
                            }
                        }
                    }
                    ::core::result::Result::Ok(more)
                }

                #[allow(unused)]
                #[inline(always)]
                unsafe fn follow(
                    at: ::core::ptr::NonNull<Self>,
                    walk: &mut $crate::cage::Check,
                ) -> ::core::result::Result<(), $crate::cage::Stop> {
                    // SAFETY: the enum was checked, so the number, its first byte, is one of a variant, and the fields of that
                    // one lie in it, aligned.
                    unsafe {
                        match at.cast::<u8>().read() {
                            $(number if number == RegionVariantNumber::$variant as u8 => {
                                $crate::savable!(@follow $cage; $life; at; walk; 1; $($type),*)
                            })+
                            _ => {}
                        }
                    }
                    ::core::result::Result::Ok(())
                }

                #[allow(unused)]
                fn save(
                    &self,
                    at: usize,
                    walk: &mut $crate::cage::Save,
                ) -> ::core::result::Result<(), $crate::cage::Stop> {
                    // SAFETY: an enum with a number for its variant begins with it.
                    let number = unsafe { ::core::ptr::NonNull::from(self).cast::<u8>().as_ref() };
                    $crate::cage::Savable::<$life, $cage>::save(number, at, walk)?;
                    match self {
                        // SAFETY: the fields lie in the variant that this is, and are values.
                        $($name::$variant { .. } => unsafe {
                            $crate::savable!(@save $cage; $life; self; at; walk; 1; $($type),*)
                        })+
                    }
                    ::core::result::Result::Ok(())
                }
            }
        };
    };

    (@undropped $of:ty) => {
        ::core::assert!(!::core::mem::needs_drop::<$of>(), "nobody drops the values of a saved tree")
    };

    // Holds the layout that is assumed against the type's size and alignment.
    (@layout $of:ty; $start:literal; [$([$($type:ty),*])*]) => {
        let (mut size, mut align): (usize, usize) = ($start, 1);
        $(
            let mut end: usize = $start;
            $(
                end = end.next_multiple_of(::core::mem::align_of::<$type>()) + ::core::mem::size_of::<$type>();
                if align < ::core::mem::align_of::<$type>() {
                    align = ::core::mem::align_of::<$type>();
                }
            )*
            if size < end {
                size = end;
            }
        )*
        ::core::assert!(
            size.next_multiple_of(align) == ::core::mem::size_of::<$of>() && align == ::core::mem::align_of::<$of>(),
            "a saved type is laid out as in C"
        );
    };

    // What is done with each field, at its offset.
    (@describe $cage:ty; $life:lifetime; $types:ident; $start:literal; $($type:ty),*) => {
        #[allow(unused)]
        {
            let mut offset: usize = $start;
            $(
                offset = offset.next_multiple_of(::core::mem::align_of::<$type>());
                $types.at(offset);
                <$type as $crate::cage::Savable<$life, $cage>>::describe($types);
                offset += ::core::mem::size_of::<$type>();
            )*
        }
    };
    (@check $cage:ty; $life:lifetime; $at:ident; $walk:ident; $more:ident; $start:literal; $($type:ty),*) => {{
        let mut offset: usize = $start;
        $(
            offset = offset.next_multiple_of(::core::mem::align_of::<$type>());
            $more |= <$type as $crate::cage::Savable<$life, $cage>>::check($at.byte_add(offset).cast(), $walk)?;
            offset += ::core::mem::size_of::<$type>();
        )*
    }};
    (@follow $cage:ty; $life:lifetime; $at:ident; $walk:ident; $start:literal; $($type:ty),*) => {{
        let mut offset: usize = $start;
        $(
            offset = offset.next_multiple_of(::core::mem::align_of::<$type>());
            <$type as $crate::cage::Savable<$life, $cage>>::follow($at.byte_add(offset).cast(), $walk)?;
            offset += ::core::mem::size_of::<$type>();
        )*
    }};
    (@save $cage:ty; $life:lifetime; $this:ident; $at:ident; $walk:ident; $start:literal; $($type:ty),*) => {{
        let mut offset: usize = $start;
        $(
            offset = offset.next_multiple_of(::core::mem::align_of::<$type>());
            let field = ::core::ptr::NonNull::from($this).byte_add(offset).cast::<$type>().as_ref();
            <$type as $crate::cage::Savable<$life, $cage>>::save(field, $at + offset, $walk)?;
            offset += ::core::mem::size_of::<$type>();
        )*
    }};
}
