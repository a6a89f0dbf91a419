//! What the trusted test of a Rust program uses: compiled beforehand, under a name that no program can know.

pub extern crate std as real;

use std::sync::atomic::{AtomicUsize, Ordering};

static FINISHED: AtomicUsize = AtomicUsize::new(0);
static TOTAL: AtomicUsize = AtomicUsize::new(0);

/// Lives as long as a test function runs; it counts one that came to its end.
pub struct Test {
    may_panic: bool,
}

impl Test {
    /// The test begins, one of `total`.
    pub fn begins(total: usize, may_panic: bool) -> Test {
        TOTAL.store(total, Ordering::SeqCst);
        Test { may_panic }
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        if self.may_panic || !std::thread::panicking() {
            FINISHED.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Whether every test came to its end once; asked by the trusted main.
#[export_name = env!("TESTS")]
pub extern "C" fn finished() -> i32 {
    let total = TOTAL.load(Ordering::SeqCst);
    (total > 0 && FINISHED.load(Ordering::SeqCst) == total) as i32
}

/// A type of the standard library: its comparisons are not the program's own.
pub trait Plain {}

macro_rules! plain {
    ($($name:ty)*) => { $(impl Plain for $name {})* };
}
plain! { bool char str String f32 f64 i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize dyn std::any::Any }

macro_rules! plain_of {
    ($($name:ident<$($part:ident),*>)*) => { $(impl<$($part: Plain),*> Plain for $name<$($part),*> {})* };
}
use std::collections::{BTreeMap, BTreeSet, LinkedList, VecDeque};
use std::{rc::Rc, sync::Arc};
plain_of! { Vec<T> Option<T> VecDeque<T> LinkedList<T> BTreeSet<T> Result<T, E> BTreeMap<K, V> }
impl<T: Plain + ?Sized> Plain for &T {}
impl<T: Plain + ?Sized> Plain for &mut T {}
impl<T: Plain + ?Sized> Plain for Box<T> {}
impl<T: Plain + ?Sized> Plain for Rc<T> {}
impl<T: Plain + ?Sized> Plain for Arc<T> {}
impl<T: Plain> Plain for [T] {}
impl<T: Plain, const N: usize> Plain for [T; N] {}
impl<T: Plain + ToOwned + ?Sized> Plain for std::borrow::Cow<'_, T> {}
impl<T: Plain, S> Plain for std::collections::HashSet<T, S> {}
impl<K: Plain, V: Plain, S> Plain for std::collections::HashMap<K, V, S> {}

/// A function whose result is of a plain type; `Arguments` only keeps the implementations apart.
pub trait Plainly<Arguments> {}

macro_rules! functions {
    ($(($($part:ident)*))*) => { $(
        impl<$($part: Plain),*> Plain for ($($part,)*) {}
        impl<Function, Result: Plain, $($part),*> Plainly<(Result, $($part,)*)> for Function
        where Function: Fn($($part),*) -> Result {}
    )* };
}
functions! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }

/// Return the function that the test calls; it does not compile for one that returns a type of the program's own.
pub fn plainly<Arguments, Function: Plainly<Arguments>>(function: Function) -> Function {
    function
}
