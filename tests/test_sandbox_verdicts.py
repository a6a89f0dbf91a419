"""The record of what became of a program."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humanevalpack.errors import InputError
from humanevalpack.sandbox import STATUSES, Phase, Verdict

PHASES = st.none() | st.builds(Phase, wall=st.floats(0, 1e6), cpu=st.floats(0, 1e6))
VERDICTS = st.builds(
    Verdict,
    status=st.sampled_from(STATUSES),
    reason=st.text(),
    build=PHASES,
    run=PHASES,
    peak_memory=st.none() | st.integers(0),
    output=st.text(),
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | st.just("SIGSEGV"),
)


@given(VERDICTS)
def test_a_verdict_survives_json(verdict: Verdict) -> None:
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict


@pytest.mark.parametrize("status", STATUSES)
def test_only_passed_passes(status: str) -> None:
    assert Verdict(status, "").passed == (status == "passed")


def test_an_unknown_status_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'ok'.*passed, failed"):
        Verdict("ok", "")


@pytest.mark.parametrize(
    ("record", "named"), [({"status": "passed"}, "reason"), ({"status": "passed", "reason": "", "time": 1}, "time")]
)
def test_a_record_with_wrong_fields_names_them(record: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        Verdict.from_dict(record)
