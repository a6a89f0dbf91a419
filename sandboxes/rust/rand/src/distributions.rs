//! Uniform ranges, as `rand::distributions` of rand 0.4 has them.

use crate::Rng;

/// A distribution that may change while it is sampled.
pub trait Sample<Support> {
    /// Draw one value.
    fn sample<R: Rng>(&mut self, rng: &mut R) -> Support;
}

/// A distribution that is not changed by sampling.
pub trait IndependentSample<Support>: Sample<Support> {
    /// Draw one value.
    fn ind_sample<R: Rng>(&self, rng: &mut R) -> Support;
}

/// A type that `Range` and `Rng::gen_range` can draw from.
pub trait SampleRange: Copy {
    /// A value in [low, high); the caller has checked that low < high.
    fn between<R: Rng>(low: Self, high: Self, rng: &mut R) -> Self;
}

/// The uniform distribution over [low, high).
#[derive(Clone, Copy, Debug)]
pub struct Range<X> {
    low: X,
    high: X,
}

impl<X: SampleRange + PartialOrd> Range<X> {
    /// Panics if `low >= high`.
    pub fn new(low: X, high: X) -> Range<X> {
        assert!(low < high, "Range::new called with `low >= high`");
        Range { low, high }
    }

    pub(crate) fn sample_from<R: Rng>(&self, rng: &mut R) -> X {
        X::between(self.low, self.high, rng)
    }
}

impl<X: SampleRange + PartialOrd> Sample<X> for Range<X> {
    fn sample<R: Rng>(&mut self, rng: &mut R) -> X {
        self.sample_from(rng)
    }
}

impl<X: SampleRange + PartialOrd> IndependentSample<X> for Range<X> {
    fn ind_sample<R: Rng>(&self, rng: &mut R) -> X {
        self.sample_from(rng)
    }
}

// Lemire 2019: the high half of a product is uniform once the few low halves below `2^64 mod span` are drawn again.
fn below<R: Rng>(span: u64, rng: &mut R) -> u64 {
    let threshold = span.wrapping_neg() % span;
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(span);
        if product as u64 >= threshold {
            return (product >> 64) as u64;
        }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl SampleRange for $integer {
            fn between<R: Rng>(low: Self, high: Self, rng: &mut R) -> Self {
                // In 128 bits neither the difference nor the sum can overflow.
                let span = (high as i128 - low as i128) as u64;
                (low as i128 + i128::from(below(span, rng))) as $integer
            }
        }
    )*};
}
integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

macro_rules! floats {
    ($($float:ty, $next:ident);*) => {$(
        impl SampleRange for $float {
            fn between<R: Rng>(low: Self, high: Self, rng: &mut R) -> Self {
                // Rounding may reach `high`, which lies outside: draw again.
                loop {
                    let value = low + (high - low) * rng.$next();
                    if value < high {
                        return value;
                    }
                }
            }
        }
    )*};
}
floats!(f32, next_f32; f64, next_f64);
