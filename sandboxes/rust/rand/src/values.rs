//! Random values of whole types: what `Rng::gen` and `random` return.

use crate::Rng;

/// A type with a uniform distribution over its values (floats: over [0, 1)).
pub trait Rand: Sized {
    /// Draw one value.
    fn rand<R: Rng>(rng: &mut R) -> Self;
}

/// A float in (0, 1).
#[derive(Clone, Copy, Debug)]
pub struct Open01<F>(pub F);

/// A float in [0, 1].
#[derive(Clone, Copy, Debug)]
pub struct Closed01<F>(pub F);

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Rand for $integer {
            fn rand<R: Rng>(rng: &mut R) -> Self {
                rng.next_u64() as $integer
            }
        }
    )*};
}
integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl Rand for u128 {
    fn rand<R: Rng>(rng: &mut R) -> Self {
        (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64())
    }
}

impl Rand for i128 {
    fn rand<R: Rng>(rng: &mut R) -> Self {
        u128::rand(rng) as i128
    }
}

impl Rand for f32 {
    fn rand<R: Rng>(rng: &mut R) -> Self {
        rng.next_f32()
    }
}

impl Rand for f64 {
    fn rand<R: Rng>(rng: &mut R) -> Self {
        rng.next_f64()
    }
}

impl Rand for bool {
    fn rand<R: Rng>(rng: &mut R) -> Self {
        rng.next_u32() & 1 == 1
    }
}

impl Rand for char {
    fn rand<R: Rng>(rng: &mut R) -> Self {
        // 21 bits cover all code points; the surrogates and what lies above 0x10FFFF are drawn again.
        loop {
            if let Some(character) = char::from_u32(rng.next_u32() >> 11) {
                return character;
            }
        }
    }
}

macro_rules! unit_interval {
    ($float:ty, $next:ident, $steps:expr) => {
        impl Rand for Open01<$float> {
            // [0, 1) moved by half a step.
            fn rand<R: Rng>(rng: &mut R) -> Self {
                Open01(rng.$next() + 0.5 / $steps)
            }
        }

        impl Rand for Closed01<$float> {
            // [0, 1) stretched so that its last value becomes 1.
            fn rand<R: Rng>(rng: &mut R) -> Self {
                Closed01(rng.$next() * ($steps / ($steps - 1.0)))
            }
        }
    };
}
unit_interval!(f32, next_f32, 16_777_216.0f32);
unit_interval!(f64, next_f64, 9_007_199_254_740_992.0f64);

impl<T: Rand> Rand for Option<T> {
    fn rand<R: Rng>(rng: &mut R) -> Self {
        if rng.gen() { Some(rng.gen()) } else { None }
    }
}

impl<T: Rand, const N: usize> Rand for [T; N] {
    fn rand<R: Rng>(rng: &mut R) -> Self {
        std::array::from_fn(|_| rng.gen())
    }
}

macro_rules! tuples {
    ($(($($part:ident),*)),*) => {$(
        impl<$($part: Rand),*> Rand for ($($part,)*) {
            fn rand<Source: Rng>(rng: &mut Source) -> Self {
                ($(<$part as Rand>::rand(rng),)*)
            }
        }
    )*};
}
tuples!((A), (A, B), (A, B, C), (A, B, C, D));
