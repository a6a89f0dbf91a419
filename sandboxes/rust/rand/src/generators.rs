//! The generators: one algorithm (xoshiro256**, Blackman and Vigna 2018) under the names that rand 0.4 has.

use crate::{Rand, Rng};
use std::cell::RefCell;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::rc::Rc;

/// A generator that can start from a seed.
pub trait SeedableRng<Seed>: Rng {
    /// Start again from `seed`.
    fn reseed(&mut self, seed: Seed);
    /// A generator that starts from `seed`.
    fn from_seed(seed: Seed) -> Self;
}

#[derive(Clone, Debug)]
struct Xoshiro([u64; 4]);

impl Xoshiro {
    fn from_words(words: impl Iterator<Item = u64>) -> Self {
        let mut mixed = 0x9e37_79b9_7f4a_7c15;
        for word in words {
            mixed = split_mix(mixed ^ word);
        }
        Xoshiro([1u64, 2, 3, 4].map(|position| split_mix(mixed.wrapping_add(position))))
    }

    // Each RandomState has keys of its own from the operating system: the standard library's only source of chance.
    fn from_system() -> Self {
        Xoshiro::from_words((0..4).map(|_| RandomState::new().build_hasher().finish()))
    }

    fn next(&mut self) -> u64 {
        let state = &mut self.0;
        let result = state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = state[3].rotate_left(45);
        result
    }
}

fn split_mix(seed: u64) -> u64 {
    let mut value = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The standard generator of rand 0.4.
#[derive(Clone, Debug)]
pub struct StdRng(Xoshiro);

impl StdRng {
    /// A generator seeded by the operating system; never fails here, the result is rand's signature.
    pub fn new() -> std::io::Result<StdRng> {
        Ok(StdRng(Xoshiro::from_system()))
    }
}

/// The small generator of rand 0.4.
#[derive(Clone, Debug)]
pub struct XorShiftRng(Xoshiro);

/// The calling thread's generator.
#[derive(Clone, Debug)]
pub struct ThreadRng(Rc<RefCell<Xoshiro>>);

impl Rng for StdRng {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next()
    }
}

impl Rng for XorShiftRng {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next()
    }
}

impl Rng for ThreadRng {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.0.borrow_mut().next()
    }
}

impl<'a> SeedableRng<&'a [usize]> for StdRng {
    fn reseed(&mut self, seed: &'a [usize]) {
        *self = StdRng::from_seed(seed);
    }

    fn from_seed(seed: &'a [usize]) -> Self {
        StdRng(Xoshiro::from_words(seed.iter().map(|&word| word as u64)))
    }
}

impl SeedableRng<[u32; 4]> for XorShiftRng {
    fn reseed(&mut self, seed: [u32; 4]) {
        *self = XorShiftRng::from_seed(seed);
    }

    // Panics on a seed of zeros only, as rand 0.4 does.
    fn from_seed(seed: [u32; 4]) -> Self {
        assert!(seed.iter().any(|&word| word != 0), "XorShiftRng::from_seed called with an all zero seed.");
        XorShiftRng(Xoshiro::from_words(seed.iter().map(|&word| u64::from(word))))
    }
}

impl Rand for StdRng {
    fn rand<R: Rng>(rng: &mut R) -> Self {
        StdRng(Xoshiro::from_words((0..4).map(|_| rng.next_u64())))
    }
}

impl Rand for XorShiftRng {
    fn rand<R: Rng>(rng: &mut R) -> Self {
        XorShiftRng(Xoshiro::from_words((0..4).map(|_| rng.next_u64())))
    }
}

thread_local!(static THREAD: Rc<RefCell<Xoshiro>> = Rc::new(RefCell::new(Xoshiro::from_system())));

/// The calling thread's generator, seeded by the operating system.
pub fn thread_rng() -> ThreadRng {
    ThreadRng(THREAD.with(Rc::clone))
}

/// A small generator, seeded from the thread's one.
pub fn weak_rng() -> XorShiftRng {
    thread_rng().gen()
}
