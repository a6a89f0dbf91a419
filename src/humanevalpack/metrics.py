"""From counts of passes to scores: pass@k, its interval over problems, a paired comparison, counts by verdict.

The unit of sampling is the problem: the samples of one problem are not independent, so every standard error and
interval here is computed from one estimate per problem (a cluster), never from the pooled samples.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING, SupportsIndex

from humanevalpack.errors import UsageError

if TYPE_CHECKING:
    from humanevalpack.sandbox.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over problems with its uncertainty; all numbers are on the scale of the mean (1.0 = everything passes)."""

    mean: float
    stderr: float
    """Standard error of the mean over problems; NaN for one problem, which cannot show how problems differ."""
    low: float
    high: float
    confidence: float
    problems: int


def pass_at_k(*, n: SupportsIndex, c: SupportsIndex, k: SupportsIndex) -> float:
    """Return the unbiased estimate of pass@k from ``n`` samples of one problem, ``c`` of which passed.

    1 - C(n-c, k) / C(n, k), the chance that k samples drawn from the n without replacement hold a passing one (Chen et
    al. 2021, arXiv 2107.03374, equation 1). Computed in whole numbers and divided once, so the result is the float
    nearest to the true value. Raises UsageError unless 0 <= c <= n and 1 <= k <= n.
    """
    for name, value in (("n", n), ("c", c), ("k", k)):
        # numpy's integers count as whole numbers, True and 3.0 do not.
        if isinstance(value, bool) or not isinstance(value, SupportsIndex):
            raise UsageError(f"pass_at_k: {name} must be a whole number, not {value!r}")
    n, c, k = index(n), index(c), index(k)
    if n < 1:
        raise UsageError(f"pass_at_k: n (the number of samples) must be at least 1, not {n}")
    if not 0 <= c <= n:
        raise UsageError(f"pass_at_k: c (the number of passing samples) must lie between 0 and n = {n}, not {c}")
    if not 1 <= k <= n:
        raise UsageError(f"pass_at_k: k must lie between 1 and n = {n}, not {k}: it needs k samples a problem")
    # C(n-c, k) / C(n, k) = C(n-k, c) / C(n, c): the smaller of k and c keeps the numbers short.
    drawn, marked = min(k, c), max(k, c)
    total = math.comb(n, drawn)
    return (total - math.comb(n - marked, drawn)) / total


def pass_at_k_scores(counts: Sequence[tuple[int, int]], k: int, *, confidence: float = 0.95) -> Estimate:
    """Return mean pass@k over problems with an interval clustered by problem.

    ``counts`` holds one (n, c) per problem: samples and passing samples. The interval is Wilson's with an effective
    sample size (docs/metrics.md has the reasons and the simulated coverage): it stays inside [0, 1] and keeps its width
    when every problem passes. Raises UsageError for no problems, for a problem with fewer than k samples and for a
    confidence outside (0, 1).
    """
    estimates = _per_problem(counts, k, "counts")
    if not estimates:
        raise UsageError("pass_at_k_scores: counts is empty: there is no score without problems")
    mean = math.fsum(estimates) / len(estimates)
    stderr = _standard_error(estimates)
    answers = math.fsum(n / k for n, _ in counts)
    low, high = score_interval(mean, stderr, problems=len(estimates), answers=answers, confidence=confidence)
    return Estimate(mean, stderr, low, high, confidence, len(estimates))


def score_interval(
    mean: float, stderr: float, *, problems: int, answers: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Return (low, high) of a score of which the mean and standard error over ``problems`` are known, as from lm_eval.

    ``answers`` is the sum over problems of n / k: a problem gives at most one independent answer for every k of its
    samples. Raises UsageError for no problems and for a confidence outside (0, 1).
    """
    quantile = _quantile(problems, confidence, "score_interval: problems")
    return _wilson(mean, _effective_size(mean, stderr, problems, answers), quantile)


def average_scores(
    tasks: Sequence[Mapping[int, tuple[int, int]]],
    k: int,
    *,
    weights: Sequence[float] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return the mean of several tasks' pass@k, each task a mapping from the problem's number to its (n, c).

    Clustered by problem number: a problem and its translations are hard together, so six languages of 164 problems are
    164 clusters, not 984. ``weights`` (default: equal) sum to 1. For one task the same as ``pass_at_k_scores``.
    """
    values = [dict(zip(task, _per_problem(list(task.values()), k, "task"), strict=True)) for task in tasks]
    mean, stderr, problems = _clustered(values, weights)
    answers = math.fsum(n / k for task in tasks for n, _ in task.values())
    low, high = score_interval(mean, stderr, problems=problems, answers=answers, confidence=confidence)
    return Estimate(mean, stderr, low, high, confidence, problems)


def average_difference(
    pairs: Sequence[tuple[Mapping[int, tuple[int, int]], Mapping[int, tuple[int, int]]]],
    k: int,
    *,
    confidence: float = 0.95,
) -> Estimate:
    """Return the mean over tasks of first minus second, each pair a task's (n, c) by problem number in two runs.

    As ``paired_difference``, clustered by problem number as in ``average_scores``. Raises UsageError when the two of a
    pair hold different problems.
    """
    differences = []
    for first, second in pairs:
        if set(first) != set(second):
            raise UsageError("average_difference needs runs over the same problems")
        ours = _per_problem(list(first.values()), k, "first")
        theirs = _per_problem([second[problem] for problem in first], k, "second")
        differences.append({problem: a - b for problem, a, b in zip(first, ours, theirs, strict=True)})
    mean, stderr, problems = _clustered(differences, None)
    return _with_reach(mean, stderr, problems, confidence, "average_difference: pairs")


def paired_difference(
    first: Sequence[tuple[int, int]], second: Sequence[tuple[int, int]], k: int, *, confidence: float = 0.95
) -> Estimate:
    """Return mean pass@k of ``first`` minus ``second``, two runs over the same problems in the same order.

    Student's t over the differences of the single problems: what makes a problem hard for both runs cancels out. Raises
    UsageError when the runs differ in length, and as ``pass_at_k_scores`` does.
    """
    if len(first) != len(second):
        raise UsageError(f"paired_difference needs runs over the same problems, not {len(first)} and {len(second)}")
    pairs = zip(_per_problem(first, k, "first"), _per_problem(second, k, "second"), strict=True)
    differences = [a - b for a, b in pairs]
    if not differences:
        raise UsageError("paired_difference: first is empty: there is no score without problems")
    mean = math.fsum(differences) / len(differences)
    return _with_reach(mean, _standard_error(differences), len(differences), confidence, "paired_difference: first")


def verdict_counts(verdicts: Iterable["Verdict"]) -> dict[str, int]:
    """Return how many verdicts have each status: every status of the contract, in its order, zeros included."""
    # Imported here: the score functions are also used where no sandbox is wanted.
    from humanevalpack.sandbox.verdicts import STATUSES

    counts = dict.fromkeys(STATUSES, 0)
    for verdict in verdicts:
        counts[verdict.status] += 1
    return counts


def _clustered(tasks: Sequence[Mapping[int, float]], weights: Sequence[float] | None) -> tuple[float, float, int]:
    """Return (mean, standard error, number of clusters) of the weighted mean of tasks' means."""
    shares = weights or [1 / len(tasks)] * len(tasks)
    means, parts = [], dict[int, list[float]]()
    for task, weight in zip(tasks, shares, strict=True):
        if not task:
            raise UsageError("a task without problems has no score")
        own = math.fsum(task.values()) / len(task)
        means.append(weight * own)
        for problem, value in task.items():
            parts.setdefault(problem, []).append(weight * (value - own) / len(task))
    size = len(parts)
    spread = math.fsum(math.fsum(part) ** 2 for part in parts.values())
    # Weights such as 1/6 must not turn a perfect score into 0.9999999999999999.
    return round(math.fsum(means), 12), math.sqrt(spread * size / (size - 1)) if size > 1 else math.nan, size


def _with_reach(mean: float, stderr: float, problems: int, confidence: float, name: str) -> Estimate:
    """Return a difference with Student's interval."""
    quantile = _quantile(problems, confidence, name)
    # One problem says nothing about the others: the interval is everything that a difference can be.
    reach = 2.0 if math.isnan(stderr) else quantile * stderr
    return Estimate(mean, stderr, max(-1.0, mean - reach), min(1.0, mean + reach), confidence, problems)


def _per_problem(counts: Sequence[tuple[int, int]], k: int, name: str) -> list[float]:
    estimates = []
    for row, (n, c) in enumerate(counts):
        try:
            estimates.append(pass_at_k(n=n, c=c, k=k))
        except UsageError as error:
            raise UsageError(f"{name}[{row}] = ({n!r}, {c!r}): {error}") from None
    return estimates


def _standard_error(values: Sequence[float]) -> float:
    if len(values) < 2:
        return math.nan
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))


def _effective_size(mean: float, stderr: float, problems: int, most: float) -> float:
    """Return how many independent yes-or-no problems would give this standard error."""
    spread = mean * (1 - mean)
    if math.isnan(stderr) or spread <= 0:
        return problems  # nothing varies: each problem counts as one answer, however often it was sampled
    # The most a problem can tell bounds it: problems that look alike by chance must not give an interval without width.
    return most if stderr**2 * most <= spread else spread / stderr**2


def _wilson(mean: float, size: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's score interval (1927) for a proportion seen in ``size`` independent answers."""
    square = quantile**2 / size
    centre = (mean + square / 2) / (1 + square)
    reach = quantile / (1 + square) * math.sqrt(mean * (1 - mean) / size + square / (4 * size))
    # At the ends the limit is exact, and rounding must not push the mean out of its own interval.
    return max(0.0, min(centre - reach, mean)), min(1.0, max(centre + reach, mean))


def _quantile(problems: int, confidence: float, name: str) -> float:
    """Return the two-sided quantile for ``problems`` clusters: Student's t, whose variance is estimated from them."""
    if problems < 1:
        raise UsageError(f"{name} is empty: there is no score without problems")
    if not 0 < confidence < 1:
        raise UsageError(f"confidence must lie between 0 and 1 (such as 0.95), not {confidence!r}")
    # A second of import time: only when an interval is asked for. One problem cannot estimate a variance.
    from scipy import stats

    law = stats.norm() if problems == 1 else stats.t(problems - 1)
    return float(law.ppf((1 + confidence) / 2))
