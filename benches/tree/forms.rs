//! The forms: what nodes refer with.

use super::program::{Expr, Form, Stmt};
use region::cage::{Base, Cage, Ref32, Slice32, Str32};
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

region::cage! {
    /// Found by a load of its base.
    pub struct Ast;
}

region::cage! {
    /// At a constant address.
    pub struct Fixed;
    at = 0x1000_0000_0000;
}

/// What following a reference needs beside it: nothing.
#[derive(Clone, Copy)]
pub struct Alone;

/// References, lists and text as the language has them.
macro_rules! pointers {
    ($form:ident, $arena:ty, $new:expr, |$a:ident| $used:expr) => {
        pub struct $form;

        impl Form for $form {
            type Arena = $arena;
            type Context<'a> = Alone;
            type Ref<'a> = &'a Expr<'a, Self>;
            type Exprs<'a> = &'a [Expr<'a, Self>];
            type Stmts<'a> = &'a [Stmt<'a, Self>];
            type Text<'a> = &'a str;

            fn arena() -> Self::Arena {
                $new
            }
            fn used($a: &Self::Arena) -> usize {
                $used
            }
            fn context(_: &Self::Arena) -> Alone {
                Alone
            }

            fn put<'a>(arena: &'a Self::Arena, expr: Expr<'a, Self>) -> Self::Ref<'a> {
                arena.alloc(expr)
            }
            fn put_exprs<'a>(arena: &'a Self::Arena, exprs: &[Expr<'a, Self>]) -> Self::Exprs<'a> {
                arena.alloc_slice_copy(exprs)
            }
            fn put_stmts<'a>(arena: &'a Self::Arena, stmts: &[Stmt<'a, Self>]) -> Self::Stmts<'a> {
                arena.alloc_slice_copy(stmts)
            }
            fn put_text<'a>(arena: &'a Self::Arena, text: &str) -> Self::Text<'a> {
                arena.alloc_str(text)
            }

            #[inline(always)]
            fn expr<'a, 'n>(_: Alone, link: &'n Self::Ref<'a>) -> &'n Expr<'a, Self>
            where
                'a: 'n,
            {
                link
            }
            #[inline(always)]
            fn exprs<'a, 'n>(_: Alone, list: &'n Self::Exprs<'a>) -> &'n [Expr<'a, Self>]
            where
                'a: 'n,
            {
                list
            }
            #[inline(always)]
            fn stmts<'a, 'n>(_: Alone, list: &'n Self::Stmts<'a>) -> &'n [Stmt<'a, Self>]
            where
                'a: 'n,
            {
                list
            }
            #[inline(always)]
            fn text<'a, 'n>(_: Alone, text: &'n Self::Text<'a>) -> &'n str
            where
                'a: 'n,
            {
                text
            }
        }
    };
}
pointers!(Pointers, region::Arena, region::Arena::new(), |arena| arena.used());
pointers!(Bumpalo, bumpalo::Bump, bumpalo::Bump::new(), |arena| {
    // What its chunks hold: values, and padding between them.
    let mut bytes = 0;
    // SAFETY: nothing allocates while the chunks are looked at.
    unsafe { arena.iter_allocated_chunks_raw().for_each(|(_, len)| bytes += len) };
    bytes
});

/// Links of a cage. `get` follows one.
macro_rules! links {
    ($form:ident, $cage:ty, $context:ty, $make:expr, |$base:ident, $link:ident| $get:expr) => {
        pub struct $form;

        impl Form for $form {
            type Arena = region::cage::CageArena<$cage>;
            type Context<'a> = $context;
            type Ref<'a> = Ref32<'a, Expr<'a, Self>, $cage>;
            type Exprs<'a> = Slice32<'a, Expr<'a, Self>, $cage>;
            type Stmts<'a> = Slice32<'a, Stmt<'a, Self>, $cage>;
            type Text<'a> = Str32<'a, $cage>;

            fn arena() -> Self::Arena {
                <$cage>::arena()
            }
            fn used(arena: &Self::Arena) -> usize {
                arena.used()
            }
            fn context(_: &Self::Arena) -> $context {
                $make
            }
            fn trim() {
                <$cage>::trim();
            }

            fn put<'a>(arena: &'a Self::Arena, expr: Expr<'a, Self>) -> Self::Ref<'a> {
                Ref32::new_in(expr, arena)
            }
            fn put_exprs<'a>(arena: &'a Self::Arena, exprs: &[Expr<'a, Self>]) -> Self::Exprs<'a> {
                Slice32::new_in(exprs, arena)
            }
            fn put_stmts<'a>(arena: &'a Self::Arena, stmts: &[Stmt<'a, Self>]) -> Self::Stmts<'a> {
                Slice32::new_in(stmts, arena)
            }
            fn put_text<'a>(arena: &'a Self::Arena, text: &str) -> Self::Text<'a> {
                Str32::new_in(text, arena)
            }

            #[inline(always)]
            fn expr<'a, 'n>($base: $context, $link: &'n Self::Ref<'a>) -> &'n Expr<'a, Self>
            where
                'a: 'n,
            {
                $get
            }
            #[inline(always)]
            fn exprs<'a, 'n>($base: $context, $link: &'n Self::Exprs<'a>) -> &'n [Expr<'a, Self>]
            where
                'a: 'n,
            {
                $get
            }
            #[inline(always)]
            fn stmts<'a, 'n>($base: $context, $link: &'n Self::Stmts<'a>) -> &'n [Stmt<'a, Self>]
            where
                'a: 'n,
            {
                $get
            }
            #[inline(always)]
            fn text<'a, 'n>($base: $context, $link: &'n Self::Text<'a>) -> &'n str
            where
                'a: 'n,
            {
                $get
            }
        }
    };
}
links!(Links, Ast, Alone, Alone, |_base, link| link);
links!(LinksOnce, Ast, Base<Ast>, Ast::base(), |base, link| base.get(link));
links!(LinksFixed, Fixed, Alone, Alone, |_base, link| link);

/// The base of `Ast` as an atomic, for [`Atomic`].
pub static BASE: AtomicUsize = AtomicUsize::new(0);

/// What a link to a value, or to several, would be with such a base.
pub struct Loose<T>(u32, u32, PhantomData<T>);

impl<T> Clone for Loose<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loose<T> {}

impl<T> Loose<T> {
    fn of(values: &[T]) -> Self {
        let address = values.as_ptr().expose_provenance();
        Loose(((address - BASE.load(Ordering::Relaxed)) >> 3) as u32, values.len() as u32, PhantomData)
    }

    #[inline(always)]
    fn start(&self) -> *const T {
        std::ptr::with_exposed_provenance(BASE.load(Ordering::Relaxed) + ((self.0 as usize) << 3))
    }

    #[inline(always)]
    fn all(&self) -> &[T] {
        if self.1 == 0 {
            return &[];
        }
        // SAFETY: so many values are there as long as the tree is, and are not changed.
        unsafe { std::slice::from_raw_parts(self.start(), self.1 as usize) }
    }
}

/// One value, in four bytes.
pub struct LooseOne<T>(std::num::NonZeroU32, PhantomData<T>);

impl<T> Clone for LooseOne<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for LooseOne<T> {}

pub struct Atomic;

impl Form for Atomic {
    type Arena = region::cage::CageArena<Ast>;
    type Context<'a> = Alone;
    type Ref<'a> = LooseOne<Expr<'a, Self>>;
    type Exprs<'a> = Loose<Expr<'a, Self>>;
    type Stmts<'a> = Loose<Stmt<'a, Self>>;
    type Text<'a> = Loose<u8>;

    fn arena() -> Self::Arena {
        Ast::arena()
    }
    fn used(arena: &Self::Arena) -> usize {
        arena.used()
    }
    fn context(_: &Self::Arena) -> Alone {
        Alone
    }
    fn trim() {
        Ast::trim();
    }

    fn put<'a>(arena: &'a Self::Arena, expr: Expr<'a, Self>) -> Self::Ref<'a> {
        let address = std::ptr::from_mut(arena.alloc(expr)).expose_provenance();
        let number = ((address - BASE.load(Ordering::Relaxed)) >> 3) as u32;
        LooseOne(std::num::NonZeroU32::new(number).unwrap(), PhantomData)
    }
    fn put_exprs<'a>(arena: &'a Self::Arena, exprs: &[Expr<'a, Self>]) -> Self::Exprs<'a> {
        Loose::of(arena.alloc_slice_copy(exprs))
    }
    fn put_stmts<'a>(arena: &'a Self::Arena, stmts: &[Stmt<'a, Self>]) -> Self::Stmts<'a> {
        Loose::of(arena.alloc_slice_copy(stmts))
    }
    fn put_text<'a>(arena: &'a Self::Arena, text: &str) -> Self::Text<'a> {
        Loose::of(arena.alloc_str(text).as_bytes())
    }

    #[inline(always)]
    fn expr<'a, 'n>(_: Alone, link: &'n Self::Ref<'a>) -> &'n Expr<'a, Self>
    where
        'a: 'n,
    {
        // SAFETY: the value is there as long as the tree is, and is not changed.
        unsafe { &*Loose(link.0.get(), 1, PhantomData).start() }
    }
    #[inline(always)]
    fn exprs<'a, 'n>(_: Alone, list: &'n Self::Exprs<'a>) -> &'n [Expr<'a, Self>]
    where
        'a: 'n,
    {
        list.all()
    }
    #[inline(always)]
    fn stmts<'a, 'n>(_: Alone, list: &'n Self::Stmts<'a>) -> &'n [Stmt<'a, Self>]
    where
        'a: 'n,
    {
        list.all()
    }
    #[inline(always)]
    fn text<'a, 'n>(_: Alone, text: &'n Self::Text<'a>) -> &'n str
    where
        'a: 'n,
    {
        // SAFETY: the bytes were text.
        unsafe { std::str::from_utf8_unchecked(text.all()) }
    }
}

/// Vectors of nodes, and numbers in place of references.
#[derive(Default)]
pub struct Rows {
    exprs: UnsafeCell<Vec<Expr<'static, Indices>>>,
    stmts: UnsafeCell<Vec<Stmt<'static, Indices>>>,
    text: UnsafeCell<Vec<u8>>,
}

#[derive(Clone, Copy)]
pub struct Range(u32, u32);

/// The vectors of a tree that is built.
#[derive(Clone, Copy)]
pub struct Built<'a>(&'a [Expr<'a, Indices>], &'a [Stmt<'a, Indices>], &'a [u8]);

pub struct Indices;

impl Indices {
    fn append<T: Copy>(row: &UnsafeCell<Vec<T>>, values: &[T]) -> Range {
        // SAFETY: a bench has one thread, and nothing refers into a row while it is built.
        let row = unsafe { &mut *row.get() };
        let at = row.len() as u32;
        row.extend_from_slice(values);
        Range(at, values.len() as u32)
    }
}

impl Form for Indices {
    type Arena = Rows;
    type Context<'a> = Built<'a>;
    type Ref<'a> = u32;
    type Exprs<'a> = Range;
    type Stmts<'a> = Range;
    type Text<'a> = Range;

    fn arena() -> Rows {
        Rows::default()
    }
    fn used(rows: &Rows) -> usize {
        let Built(exprs, stmts, text) = Self::context(rows);
        size_of_val(exprs) + size_of_val(stmts) + text.len()
    }
    fn context(rows: &Rows) -> Built<'_> {
        // SAFETY: the tree is built, so the rows are not changed any more. As no part of a node depends on the lifetime,
        // its type is the same with any.
        unsafe {
            let exprs: *const Vec<Expr<'_, Self>> = rows.exprs.get().cast();
            let stmts: *const Vec<Stmt<'_, Self>> = rows.stmts.get().cast();
            Built(&*exprs, &*stmts, &*rows.text.get())
        }
    }

    fn put<'a>(rows: &'a Rows, expr: Expr<'a, Self>) -> u32 {
        // SAFETY: as no part of it depends on the lifetime, the type is the same with any.
        Self::append(&rows.exprs, &[unsafe { std::mem::transmute::<Expr<'a, Self>, Expr<'static, Self>>(expr) }]).0
    }
    fn put_exprs<'a>(rows: &'a Rows, exprs: &[Expr<'a, Self>]) -> Range {
        // SAFETY: as no part of it depends on the lifetime, the type is the same with any.
        Self::append(&rows.exprs, unsafe { std::mem::transmute::<&[Expr<'a, Self>], &[Expr<'static, Self>]>(exprs) })
    }
    fn put_stmts<'a>(rows: &'a Rows, stmts: &[Stmt<'a, Self>]) -> Range {
        // SAFETY: as no part of it depends on the lifetime, the type is the same with any.
        Self::append(&rows.stmts, unsafe { std::mem::transmute::<&[Stmt<'a, Self>], &[Stmt<'static, Self>]>(stmts) })
    }
    fn put_text(rows: &Rows, text: &str) -> Range {
        Self::append(&rows.text, text.as_bytes())
    }

    #[inline(always)]
    fn expr<'a, 'n>(rows: Built<'a>, link: &'n u32) -> &'n Expr<'a, Self>
    where
        'a: 'n,
    {
        &rows.0[*link as usize]
    }
    #[inline(always)]
    fn exprs<'a, 'n>(rows: Built<'a>, list: &'n Range) -> &'n [Expr<'a, Self>]
    where
        'a: 'n,
    {
        &rows.0[list.0 as usize..][..list.1 as usize]
    }
    #[inline(always)]
    fn stmts<'a, 'n>(rows: Built<'a>, list: &'n Range) -> &'n [Stmt<'a, Self>]
    where
        'a: 'n,
    {
        &rows.1[list.0 as usize..][..list.1 as usize]
    }
    #[inline(always)]
    fn text<'a, 'n>(rows: Built<'a>, text: &'n Range) -> &'n str
    where
        'a: 'n,
    {
        // SAFETY: the bytes were text.
        unsafe { std::str::from_utf8_unchecked(&rows.2[text.0 as usize..][..text.1 as usize]) }
    }
}
