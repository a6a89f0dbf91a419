//! What programs written for rand 0.4 rely on. Statistical checks have bounds that chance breaks less than once in 10^9.

use rand::distributions::{IndependentSample, Range, Sample};
use rand::{random, sample, thread_rng, weak_rng, Closed01, Open01, Rng, SeedableRng, StdRng, XorShiftRng};
use std::collections::HashSet;

/// A generator that a user writes: `next_u32` alone must do.
struct Constant(u32);

impl Rng for Constant {
    fn next_u32(&mut self) -> u32 {
        self.0
    }
}

#[test]
fn gen_range_takes_two_arguments_and_reaches_all_values_below_the_upper_bound() {
    let mut rng = thread_rng();
    let seen: HashSet<i32> = (0..1000).map(|_| rng.gen_range(-2, 3)).collect();
    assert_eq!(seen, HashSet::from([-2, -1, 0, 1, 2]));
}

#[test]
fn gen_range_keeps_the_type_of_its_arguments() {
    let mut rng = thread_rng();
    let letter: char = rng.gen_range(b'a', b'z' + 1).into();
    assert!(letter.is_ascii_lowercase());
    let float: f64 = rng.gen_range(1.5, 1.75);
    assert!((1.5..1.75).contains(&float));
    let index: usize = rng.gen_range(7, 8);
    assert_eq!(index, 7);
}

#[test]
fn gen_range_spans_whole_types_without_overflow() {
    let mut rng = thread_rng();
    let drawn: Vec<i64> = (0..200).map(|_| rng.gen_range(i64::MIN, i64::MAX)).collect();
    assert!(drawn.iter().any(|&value| value < 0) && drawn.iter().any(|&value| value > 0));
    assert!((0..200).map(|_| rng.gen_range(0, u64::MAX)).any(|value| value > u64::MAX / 2));
}

#[test]
fn gen_range_is_uniform() {
    let mut rng = thread_rng();
    let mut counts = [0i32; 10];
    for _ in 0..100_000 {
        counts[rng.gen_range(0, 10)] += 1;
    }
    // Standard deviation of one count: 95.
    assert!(counts.iter().all(|&count| (count - 10_000).abs() < 700), "{counts:?}");
}

#[test]
#[should_panic(expected = "low >= high")]
fn gen_range_panics_on_an_empty_range() {
    thread_rng().gen_range(3, 3);
}

#[test]
fn gen_draws_every_basic_type() {
    let mut rng = thread_rng();
    let distinct: HashSet<i32> = (0..50).map(|_| rng.gen()).collect();
    assert!(distinct.len() > 45);
    assert!((0..100).any(|_| rng.gen::<i32>() < 0) && (0..100).any(|_| rng.gen::<u8>() > 127));
    let unit: Vec<f64> = (0..1000).map(|_| rng.gen::<f64>()).collect();
    assert!(unit.iter().all(|value| (0.0..1.0).contains(value)));
    assert!((unit.iter().sum::<f64>() / 1000.0 - 0.5).abs() < 0.06);
    assert!((0..100).any(|_| rng.gen::<bool>()) && (0..100).any(|_| !rng.gen::<bool>()));
    let (_, _, _): (char, u128, f32) = rng.gen();
    let _: [u16; 5] = rng.gen();
    assert!((0..100).any(|_| rng.gen::<Option<i8>>().is_none()));
}

#[test]
fn half_open_and_closed_floats_keep_their_interval() {
    let mut rng = thread_rng();
    for _ in 0..1000 {
        let Open01(open) = rng.gen::<Open01<f64>>();
        let Closed01(closed) = rng.gen::<Closed01<f32>>();
        assert!(open > 0.0 && open < 1.0 && (0.0..=1.0).contains(&closed));
    }
    let Closed01(largest) = Constant(u32::MAX).gen::<Closed01<f64>>();
    assert_eq!(largest, 1.0);
}

#[test]
fn random_needs_no_generator() {
    let distinct: HashSet<u32> = (0..50).map(|_| random::<u32>()).collect();
    assert!(distinct.len() > 45);
    let length = 10 + random::<u32>() % 11;
    assert!((10..=20).contains(&length));
}

#[test]
fn gen_bool_follows_its_probability() {
    let mut rng = thread_rng();
    assert!((0..100).all(|_| rng.gen_bool(1.0)) && !(0..100).any(|_| rng.gen_bool(0.0)));
    let hits = (0..10_000).filter(|_| rng.gen_bool(0.25)).count();
    assert!((2200..2800).contains(&hits), "{hits}");
    let hits = (0..10_000).filter(|_| rng.gen_weighted_bool(4)).count();
    assert!((2200..2800).contains(&hits), "{hits}");
}

#[test]
#[should_panic(expected = "outside of [0, 1]")]
fn gen_bool_panics_on_no_probability() {
    thread_rng().gen_bool(1.5);
}

#[test]
fn choose_takes_one_of_the_values_or_none() {
    let mut rng = thread_rng();
    let values = ["a", "b", "c"];
    let seen: HashSet<&str> = (0..200).map(|_| *rng.choose(&values).unwrap()).collect();
    assert_eq!(seen, HashSet::from(values));
    assert_eq!(rng.choose::<i32>(&[]), None);
    let mut numbers = [0, 0];
    *rng.choose_mut(&mut numbers).unwrap() = 5;
    assert_eq!(numbers.iter().sum::<i32>(), 5);
}

#[test]
fn shuffle_keeps_the_values_and_reaches_every_order() {
    let mut rng = thread_rng();
    let orders: HashSet<[u8; 3]> = (0..500)
        .map(|_| {
            let mut values = [1, 2, 3];
            rng.shuffle(&mut values);
            values
        })
        .collect();
    assert_eq!(orders.len(), 6);
    assert!(orders.iter().all(|order| order.iter().sum::<u8>() == 6));
}

#[test]
fn samples_and_iterators_are_there() {
    let mut rng = thread_rng();
    let drawn: HashSet<i32> = sample(&mut rng, 0..100, 10).into_iter().collect();
    assert_eq!(drawn.len(), 10);
    assert_eq!(sample(&mut rng, 0..3, 10), [0, 1, 2]);
    assert_eq!(rng.gen_iter::<u8>().take(5).count(), 5);
    let name: String = rng.gen_ascii_chars().take(12).collect();
    assert!(name.len() == 12 && name.chars().all(|letter| letter.is_ascii_alphanumeric()));
}

#[test]
fn ranges_can_be_kept() {
    let mut rng = thread_rng();
    let mut die = Range::new(1, 7);
    assert!((0..100).all(|_| (1..7).contains(&die.ind_sample(&mut rng))));
    assert!((1..7).contains(&die.sample(&mut rng)));
}

#[test]
fn a_seed_repeats_its_numbers() {
    let draw = |seed: &[usize]| {
        let mut rng: StdRng = SeedableRng::from_seed(seed);
        [rng.next_u64(), rng.next_u64()]
    };
    assert_eq!(draw(&[1, 2]), draw(&[1, 2]));
    assert_ne!(draw(&[1, 2]), draw(&[1, 3]));
    let mut small = XorShiftRng::from_seed([1, 2, 3, 4]);
    let first = small.next_u32();
    small.reseed([1, 2, 3, 4]);
    assert_eq!(small.next_u32(), first);
    assert_ne!(weak_rng().next_u64(), weak_rng().next_u64());
}

#[test]
fn two_threads_differ() {
    let other = std::thread::spawn(|| thread_rng().next_u64()).join().unwrap();
    assert_ne!(thread_rng().next_u64(), other);
}

#[test]
fn a_generator_works_behind_references_and_boxes() {
    fn roll(rng: &mut dyn Rng) -> u32 {
        rng.next_u32()
    }
    assert_eq!(roll(&mut Constant(9)), 9);
    let mut boxed: Box<dyn Rng> = Box::new(Constant(3));
    assert_eq!(boxed.gen_range(0, 10), 0);
    let mut bytes = [0u8; 11];
    Constant(u32::MAX).fill_bytes(&mut bytes);
    assert_eq!(bytes, [255; 11]);
}
