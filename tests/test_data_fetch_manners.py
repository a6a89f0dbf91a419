"""octopack_data.fetch: pauses, paces and refusals, on a clock of the test's."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from humanevalpack.errors import EnvironmentFault
from octopack_data.fetch.limits import Circuit, Pauses, TokenBucket, retry_after_seconds

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC).timestamp()


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_pauses_double_up_to_the_cap_and_end() -> None:
    pauses = Pauses(tries=10, draw=lambda: 1.0)
    assert [pauses.seconds(failures) for failures in range(1, 11)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, None]


def test_the_jitter_is_full() -> None:
    assert Pauses(draw=lambda: 0.0).seconds(5) == 0
    assert Pauses(draw=lambda: 0.25).seconds(3) == 0.5


def test_six_tries_are_the_default() -> None:
    assert Pauses().seconds(5) is not None
    assert Pauses().seconds(6) is None


def test_what_the_host_asks_for_goes_first() -> None:
    assert Pauses(draw=lambda: 1.0).seconds(1, retry_after=90.0) == 90
    assert Pauses().seconds(1, retry_after=0.0) == 0
    assert Pauses(patience=900).seconds(1, retry_after=901.0) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Wed, 01 May 2024 12:00:30 GMT", 30.0),
        ("Wed, 01 May 2024 11:00:00 GMT", 0.0),
        ("Wed, 01 May 2024 12:00:30 -0000", 30.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOON) == seconds


def test_a_bucket_gives_a_burst_and_then_a_pace() -> None:
    clock = Clock()
    bucket = TokenBucket(rate=10, burst=3, now=clock)
    assert [round(bucket.take(), 3) for _ in range(5)] == [0, 0, 0, 0.1, 0.2]
    clock.seconds = 0.2  # the two that wait are served
    assert round(bucket.take(), 3) == 0.1
    clock.seconds = 60  # no more than the burst is saved up
    assert [round(bucket.take(), 3) for _ in range(4)] == [0, 0, 0, 0.1]


def test_twenty_refusals_in_a_row_end_the_run() -> None:
    circuit = Circuit("raw.example.org")
    for code in [429, 403] * 9 + [429]:
        circuit.saw(code)
    with pytest.raises(
        EnvironmentFault, match=r"raw.example.org has refused 20 requests in a row.*run the same command"
    ):
        circuit.saw(403)


def test_any_other_answer_starts_the_count_anew() -> None:
    circuit = Circuit("raw.example.org")
    for code in ([429] * 19 + [404]) * 5:
        circuit.saw(code)
    assert circuit._straight == 0
