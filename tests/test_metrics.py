"""pass@k against closed forms and brute force; intervals against known values and by simulation."""

import itertools
import math
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humanevalpack.errors import UsageError
from humanevalpack.metrics import Estimate, paired_difference, pass_at_k, pass_at_k_scores


def brute_force(n: int, c: int, k: int) -> float:
    """The share of all ways to draw k of n samples that hold one of the c passing ones."""
    draws = [any(sample < c for sample in draw) for draw in itertools.combinations(range(n), k)]
    return float(Fraction(sum(draws), len(draws)))


@pytest.mark.parametrize("n", range(1, 9))
def test_pass_at_k_is_the_share_of_draws_with_a_passing_sample(n: int) -> None:
    for c, k in itertools.product(range(n + 1), range(1, n + 1)):
        assert pass_at_k(n=n, c=c, k=k) == brute_force(n, c, k)


def test_known_values() -> None:
    assert pass_at_k(n=20, c=3, k=1) == 0.15
    assert pass_at_k(n=10, c=5, k=2) == 1 - (5 * 4) / (10 * 9)
    assert pass_at_k(n=200, c=1, k=100) == 0.5
    # The form of the paper's own listing: 1 - product of (1 - k / i) for i from n - c + 1 to n.
    assert pass_at_k(n=200, c=37, k=10) == pytest.approx(1 - math.prod(1 - 10 / i for i in range(164, 201)), rel=1e-12)


def test_small_scores_keep_their_digits_in_large_runs() -> None:
    assert pass_at_k(n=1_000_000_007, c=1, k=1) == 1 / 1_000_000_007
    assert pass_at_k(n=10_000, c=5_000, k=5_000) == 1.0


runs = st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n)))


@given(runs)
def test_k_of_one_is_the_pass_rate_and_both_ends_are_exact(run: tuple[int, int, int]) -> None:
    n, c, k = run
    assert pass_at_k(n=n, c=c, k=1) == c / n
    assert pass_at_k(n=n, c=0, k=k) == 0.0
    assert pass_at_k(n=n, c=n, k=k) == 1.0
    assert (pass_at_k(n=n, c=c, k=k) == 1.0) == (n - c < k)


@given(runs)
def test_more_passes_and_more_draws_never_lower_the_score(run: tuple[int, int, int]) -> None:
    n, c, k = run
    score = pass_at_k(n=n, c=c, k=k)
    assert 0.0 <= score <= 1.0
    if c < n:
        assert score <= pass_at_k(n=n, c=c + 1, k=k)
    if k < n:
        assert score <= pass_at_k(n=n, c=c, k=k + 1)


@given(runs)
def test_the_estimator_is_unbiased_under_one_sample_less(run: tuple[int, int, int]) -> None:
    """Dropping one of the n samples at random leaves the expected score as it was."""
    n, c, k = run
    if k == n:
        return
    lose_pass = Fraction(c, n) * Fraction(pass_at_k(n=n - 1, c=c - 1, k=k)) if c else Fraction(0)
    lose_fail = Fraction(n - c, n) * Fraction(pass_at_k(n=n - 1, c=c, k=k)) if c < n else Fraction(0)
    assert float(lose_pass + lose_fail) == pytest.approx(pass_at_k(n=n, c=c, k=k), rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0, "c": 0, "k": 1}, r"n \(the number of samples\) must be at least 1, not 0"),
        ({"n": 5, "c": 6, "k": 1}, r"c .* between 0 and n = 5, not 6"),
        ({"n": 5, "c": -1, "k": 1}, r"c .* between 0 and n = 5, not -1"),
        ({"n": 5, "c": 1, "k": 0}, "k must lie between 1 and n = 5, not 0"),
        ({"n": 5, "c": 1, "k": 10}, "k must lie between 1 and n = 5, not 10: it needs k samples a problem"),
        ({"n": 5.0, "c": 1, "k": 1}, "n must be a whole number, not 5.0"),
        ({"n": 5, "c": True, "k": 1}, "c must be a whole number, not True"),
        ({"n": 5, "c": 1, "k": "1"}, "k must be a whole number, not '1'"),
    ],
)
def test_wrong_arguments_are_named_with_their_value(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        pass_at_k(**arguments)


def test_the_mean_weighs_problems_not_samples() -> None:
    assert pass_at_k_scores([(1, 1), (100, 0)], 1).mean == 0.5


def test_the_standard_error_comes_from_the_problems() -> None:
    estimate = pass_at_k_scores([(20, 20), (20, 0), (20, 10), (20, 10)], 1)
    variance = (0.5**2 + 0.5**2) / 3
    assert estimate.stderr == pytest.approx(math.sqrt(variance / 4))
    # Twenty copies of each sample add samples, not knowledge.
    assert estimate.stderr == pytest.approx(pass_at_k_scores([(1, 1), (1, 0), (2, 1), (2, 1)], 1).stderr)


def test_one_sample_a_problem_gives_wilsons_interval_for_that_many_problems() -> None:
    estimate = pass_at_k_scores([(1, 1)] * 30 + [(1, 0)] * 70, 1)
    # Wilson's limits are the rates p whose own error, with 99 answers (the variance divides by m - 1), reaches 0.3.
    for limit in (estimate.low, estimate.high):
        t = abs(0.3 - limit) / math.sqrt(limit * (1 - limit) / 99)
        assert t == pytest.approx(1.984217, abs=1e-6)  # Student's t, 0.975, 99 degrees of freedom
    assert (estimate.confidence, estimate.problems) == (0.95, 100)


@pytest.mark.parametrize(("passes", "mean"), [(0, 0.0), (20, 1.0)])
def test_an_interval_keeps_its_width_when_all_problems_agree(passes: int, mean: float) -> None:
    estimate = pass_at_k_scores([(20, passes)] * 164, 1)
    assert (estimate.mean, estimate.stderr) == (mean, 0.0)
    assert 0.02 < estimate.high - estimate.low < 0.03
    assert mean in (estimate.low, estimate.high)


def test_problems_that_look_alike_by_chance_are_not_certain() -> None:
    estimate = pass_at_k_scores([(2, 1)] * 10, 1)
    assert estimate.stderr == 0.0
    assert estimate.low < 0.35
    assert estimate.high > 0.65


@pytest.mark.parametrize("passes", [0, 1, 2])
def test_one_problem_has_a_wide_interval_and_no_standard_error(passes: int) -> None:
    estimate = pass_at_k_scores([(2, passes)], 1)
    assert math.isnan(estimate.stderr)
    assert estimate.mean == passes / 2
    assert estimate.high - estimate.low > 0.7


count_pairs = st.integers(1, 20).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(st.lists(count_pairs, min_size=1, max_size=30))
def test_the_interval_holds_the_mean_and_stays_between_zero_and_one(counts: list[tuple[int, int]]) -> None:
    estimate = pass_at_k_scores(counts, 1)
    assert 0.0 <= estimate.low <= estimate.mean <= estimate.high <= 1.0
    assert estimate.low < estimate.high
    wider = pass_at_k_scores(counts, 1, confidence=0.99)
    assert wider.low <= estimate.low
    assert estimate.high <= wider.high


# Difficulties drawn from Beta(a, b): mixed, two camps, mostly hard, mostly easy. 164 problems: the real data; 14: mini.
@pytest.mark.parametrize(("problems", "least"), [(164, 0.92), (14, 0.88)])
@pytest.mark.parametrize(("a", "b"), [(1, 1), (0.3, 0.3), (0.5, 2), (2, 0.5)])
@pytest.mark.parametrize("samples", [1, 20])
def test_nineteen_of_twenty_intervals_hold_the_true_score(
    problems: int, least: float, a: float, b: float, samples: int
) -> None:
    seed = [problems, int(10 * a), int(10 * b), samples]
    chance = np.random.default_rng(seed)
    trials, held = 500, 0
    for _ in range(trials):
        passes = chance.binomial(samples, chance.beta(a, b, problems)).tolist()
        estimate = pass_at_k_scores([(samples, c) for c in passes], 1)
        held += estimate.low <= a / (a + b) <= estimate.high
    assert held / trials >= least


def test_a_paired_difference_cancels_what_is_hard_for_both() -> None:
    base = [(20, passes) for passes in (0, 2, 5, 9, 14, 20, 20, 1)]
    better = [(20, min(20, passes + 1)) for _, passes in base]
    difference = paired_difference(better, base, 1)
    assert difference.mean == pytest.approx(6 * 0.05 / 8)
    assert difference.low > 0.0
    alone = pass_at_k_scores(base, 1)
    assert difference.high - difference.low < (alone.high - alone.low) / 5


def test_a_paired_difference_is_students_t() -> None:
    estimate = paired_difference([(1, 1), (1, 1), (1, 0)], [(1, 0), (1, 1), (1, 0)], 1)
    stderr = math.sqrt(1 / 3) / math.sqrt(3)
    assert (estimate.mean, estimate.stderr) == pytest.approx((1 / 3, stderr))
    # t(0.975, 2) = 4.302653: wider than a difference can be, so cut at -1 and 1.
    assert (estimate.low, estimate.high) == (-1.0, 1.0)
    narrow = paired_difference([(1, 1), (1, 1), (1, 0)], [(1, 0), (1, 1), (1, 0)], 1, confidence=0.5)
    assert narrow.high - narrow.mean == pytest.approx(0.816497 * stderr, rel=1e-5)


def test_swapping_the_runs_changes_the_sign() -> None:
    first, second = [(4, 3), (4, 0), (4, 4)], [(4, 1), (4, 1), (4, 4)]
    one, other = paired_difference(first, second, 2), paired_difference(second, first, 2)
    assert one.mean == -other.mean
    assert (one.low, one.high) == (-other.high, -other.low)


def test_one_pair_says_nothing() -> None:
    estimate = paired_difference([(1, 1)], [(1, 0)], 1)
    assert (estimate.mean, estimate.low, estimate.high) == (1.0, -1.0, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pass_at_k_scores([], 1), "counts is empty"),
        (lambda: pass_at_k_scores([(5, 1), (2, 1)], 5), r"counts\[1\] = \(2, 1\): .*between 1 and n = 2, not 5"),
        (lambda: pass_at_k_scores([(1, 1)], 1, confidence=95), "confidence must lie between 0 and 1 .*not 95"),
        (lambda: paired_difference([(1, 1)], [], 1), "same problems, not 1 and 0"),
        (lambda: paired_difference([(1, 1)], [(1, 2)], 1), r"second\[0\] = \(1, 2\): .*not 2"),
    ],
)
def test_wrong_runs_are_named(call: Callable[[], Estimate], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()


def test_numpy_counts_work_and_numpy_is_not_needed() -> None:
    assert pass_at_k(n=np.int64(20), c=np.int32(3), k=1) == 0.15
    probe = "import sys, humanevalpack.metrics as m; m.pass_at_k(n=2, c=1, k=1); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
