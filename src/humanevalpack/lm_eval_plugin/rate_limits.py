"""How long a busy server wants to be left alone: its ``Retry-After``, which lm_eval reads past when it asks again."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

MOST_SECONDS = 60.0
"""No server is waited for longer at a time."""

Wait = Callable[[Any], float]
"""From tenacity's state of a call to the seconds until it is tried again."""


@contextmanager
def honoured() -> Iterator[None]:
    """Let lm_eval's API models wait at least as long as the server says, before they ask again, for a while."""
    from lm_eval.models import api_models

    own = api_models.wait_exponential
    # lm_eval makes its waits anew for every request, and offers no other place to change them.
    api_models.wait_exponential = lambda **settings: at_least_asked(own(**settings))
    try:
        yield
    finally:
        api_models.wait_exponential = own


def at_least_asked(own: Wait) -> Wait:
    """Return the wait that is ``own``, or longer where the server's last answer says so."""

    def wait(state: Any) -> float:
        error = state.outcome.exception()
        # requests' errors hold the answer, aiohttp's its headers.
        headers = getattr(getattr(error, "response", error), "headers", None) or {}
        return max(own(state), seconds_asked(headers.get("Retry-After"), datetime.now(UTC)))

    return wait


def seconds_asked(header: str | None, now: datetime) -> float:
    """Return what a Retry-After says (RFC 9110: seconds, or a date), at most MOST_SECONDS; 0 for none that it could."""
    text = (header or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            date = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    return 0.0 if math.isnan(seconds) else min(max(0.0, seconds), MOST_SECONDS)
