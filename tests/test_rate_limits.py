"""A server that is busy says when to come again (``Retry-After``): it is asked then, and not before."""

from datetime import UTC, datetime

import pytest

from humanevalpack.lm_eval_plugin.rate_limits import MOST_SECONDS, seconds_asked
from openai_server import Pause, serve_script
from test_chat_runs import FIX, ask, solve

# One worker of pytest-xdist makes the runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_servers")

NOW = datetime(2024, 2, 29, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3),
        (" 1.5 ", 1.5),
        ("Thu, 29 Feb 2024 12:00:20 GMT", 20),
        ("Thu, 29 Feb 2024 11:59:00 GMT", 0),
        ("3600", MOST_SECONDS),
        ("inf", MOST_SECONDS),
        ("Fri, 01 Mar 2024 12:00:00 GMT", MOST_SECONDS),
        (None, 0),
        ("", 0),
        ("-5", 0),
        ("nan", 0),
        ("soon", 0),
    ],
)
def test_a_wait_is_seconds_or_a_date_and_has_an_end(header: str | None, seconds: float) -> None:
    assert seconds_asked(header, NOW) == seconds


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
@pytest.mark.parametrize("concurrent", ["", ",num_concurrent=2"], ids=["one by one", "concurrent"])
def test_a_second_try_comes_when_the_server_says(as_date: bool, concurrent: str) -> None:
    """lm_eval's own wait is one second: its second and last try would come too early."""
    with serve_script(solve(), pause=Pause(2, as_date)) as server:
        done = ask(
            server, FIX, {"chat_prefill": "none"}, predict_only=True, limit=1, more=f",max_retries=2{concurrent}"
        )
    assert server.refusals == ["rate limit"]
    assert done.samples(FIX)[0]["extraction"] == "fenced"


def test_lm_eval_waits_as_it_did_when_the_run_is_over() -> None:
    from lm_eval.models import api_models
    from tenacity import wait_exponential

    with serve_script(solve()) as server:
        ask(server, FIX, {"chat_prefill": "none"}, predict_only=True, limit=1)
    assert api_models.wait_exponential is wait_exponential


@pytest.mark.parametrize("busy", [0, 1])
def test_a_busy_server_is_not_taken_for_one_that_refuses_more_fields(busy: int) -> None:
    metadata = {"chat_prefill": "none", "temperature": 0.5}

    def script(messages: list[dict[str, str]]) -> tuple[str | None, str | None]:
        return ("1", "stop") if messages == [{"role": "user", "content": "1"}] else solve()(messages)

    with serve_script(script, busy=busy, extensions=True) as server:
        ask(server, FIX, metadata, predict_only=True, limit=1)
    assert [body.get("top_k") for _, body in server.requests] == [-1] * (2 + busy)
