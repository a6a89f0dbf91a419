//! The part of the interface of `rand` 0.4 that HumanEvalPack's Rust tests and typical answers use.
//!
//! Why it exists: the reference builds against rand 0.4, whose `gen_range` takes two arguments, and Debian packages
//! only 0.8, whose `gen_range` takes a range. Names, bounds and panics follow the documentation of rand 0.4.6;
//! `gen_bool` (0.5) is there as well. The numbers are not the same as the real crate's and are not for cryptography.

pub mod distributions;
mod generators;
mod values;

use distributions::{Range, SampleRange};
pub use generators::{thread_rng, weak_rng, SeedableRng, StdRng, ThreadRng, XorShiftRng};
pub use values::{Closed01, Open01, Rand};

/// A source of random numbers; only `next_u32` must be written, as in rand 0.4.
pub trait Rng {
    /// The next 32 random bits.
    fn next_u32(&mut self) -> u32;

    /// The next 64 random bits.
    fn next_u64(&mut self) -> u64 {
        (u64::from(self.next_u32()) << 32) | u64::from(self.next_u32())
    }

    /// A value in [0, 1) with 24 random bits.
    fn next_f32(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 / (1u32 << 24) as f32
    }

    /// A value in [0, 1) with 53 random bits.
    fn next_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Fill `destination` with random bytes.
    fn fill_bytes(&mut self, destination: &mut [u8]) {
        for chunk in destination.chunks_mut(8) {
            let bytes = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }

    /// A random value of any type that has a uniform distribution (floats: in [0, 1)).
    fn gen<T: Rand>(&mut self) -> T
    where
        Self: Sized,
    {
        Rand::rand(self)
    }

    /// An endless iterator of random values.
    fn gen_iter<T: Rand>(&mut self) -> Generator<'_, T, Self>
    where
        Self: Sized,
    {
        Generator { rng: self, value: std::marker::PhantomData }
    }

    /// A value in [low, high). Panics if `low >= high`.
    fn gen_range<T: PartialOrd + SampleRange>(&mut self, low: T, high: T) -> T
    where
        Self: Sized,
    {
        assert!(low < high, "Rng.gen_range called with low >= high");
        Range::new(low, high).sample_from(self)
    }

    /// True with probability `1 / n`; always true for 0 and 1.
    fn gen_weighted_bool(&mut self, n: u32) -> bool
    where
        Self: Sized,
    {
        n <= 1 || self.gen_range(0, n) == 0
    }

    /// True with probability `p`. Panics if `p` is outside of [0, 1].
    fn gen_bool(&mut self, p: f64) -> bool {
        assert!((0.0..=1.0).contains(&p), "Rng.gen_bool called with p = {p}, outside of [0, 1]");
        self.next_f64() < p
    }

    /// An endless iterator over A-Z, a-z and 0-9.
    fn gen_ascii_chars(&mut self) -> AsciiGenerator<'_, Self>
    where
        Self: Sized,
    {
        AsciiGenerator { rng: self }
    }

    /// One of the values, or None for an empty slice.
    fn choose<'a, T>(&mut self, values: &'a [T]) -> Option<&'a T>
    where
        Self: Sized,
    {
        if values.is_empty() { None } else { Some(&values[self.gen_range(0, values.len())]) }
    }

    /// One of the values, to change it, or None for an empty slice.
    fn choose_mut<'a, T>(&mut self, values: &'a mut [T]) -> Option<&'a mut T>
    where
        Self: Sized,
    {
        if values.is_empty() {
            return None;
        }
        let index = self.gen_range(0, values.len());
        Some(&mut values[index])
    }

    /// Bring the values into a random order (Fisher and Yates).
    fn shuffle<T>(&mut self, values: &mut [T])
    where
        Self: Sized,
    {
        for last in (1..values.len()).rev() {
            let other = self.gen_range(0, last + 1);
            values.swap(last, other);
        }
    }
}

impl<R: Rng + ?Sized> Rng for &mut R {
    fn next_u32(&mut self) -> u32 {
        (**self).next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        (**self).next_u64()
    }
}

impl<R: Rng + ?Sized> Rng for Box<R> {
    fn next_u32(&mut self) -> u32 {
        (**self).next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        (**self).next_u64()
    }
}

/// What `Rng::gen_iter` returns.
pub struct Generator<'a, T, R: Rng> {
    rng: &'a mut R,
    value: std::marker::PhantomData<fn() -> T>,
}

impl<T: Rand, R: Rng> Iterator for Generator<'_, T, R> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        Some(self.rng.gen())
    }
}

/// What `Rng::gen_ascii_chars` returns.
pub struct AsciiGenerator<'a, R: Rng> {
    rng: &'a mut R,
}

impl<R: Rng> Iterator for AsciiGenerator<'_, R> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        const CHARACTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        self.rng.choose(CHARACTERS).map(|&byte| char::from(byte))
    }
}

/// A random value from the thread's own generator.
pub fn random<T: Rand>() -> T {
    thread_rng().gen()
}

/// Up to `amount` values of an iterator, each subset equally likely (reservoir sampling).
pub fn sample<T, I: IntoIterator<Item = T>, R: Rng>(rng: &mut R, iterable: I, amount: usize) -> Vec<T> {
    let mut values = iterable.into_iter();
    let mut reservoir: Vec<T> = values.by_ref().take(amount).collect();
    if reservoir.len() == amount {
        for (position, value) in values.enumerate() {
            let slot = rng.gen_range(0, position + amount + 1);
            if let Some(place) = reservoir.get_mut(slot) {
                *place = value;
            }
        }
    }
    reservoir
}
