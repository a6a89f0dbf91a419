"""``docker run -i IMAGE evaluate``: one program a line in, one verdict a line out, and a summary; nothing else needed.

The contract (docs/sandbox.md): a line is a JSON object with ``text`` (the whole program with its tests) and, if
wanted, ``profile``, ``task_id`` (programs of one task are its samples), ``id`` (given back) and ``expect`` (a status).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from .crew import Crew
from .frames import BrokenFrame

PROFILES = ("reference", "fixed")
_FIELDS = ("text", "profile", "task_id", "id", "expect")
_K = (1, 10, 100)
_CONTRACT = """A line of the input: {"text": PROGRAM, "task_id": NAME, "id": ANYTHING, "profile": PROFILE, "expect":
STATUS}; only text is needed. A line of the output, in the order of the input: index, id, task_id and the verdict
(status, reason, build, run, peak_memory, output, exit_code, signal). The last line: {"summary": ...} with counts and
pass@k over tasks. Exit codes: 0 every program has a verdict; 1 a verdict is not the expected one; 2 a line or an
option is wrong (nothing was run); 3 the sandbox failed (a sandbox_error)."""


class WrongLine(Exception):
    """A line that is no program."""


def evaluate(arguments: Sequence[str], language: str) -> int:
    """Judge the programs on stdin; return the exit code."""
    options = _options(arguments)
    try:
        records = list(_records(sys.stdin.buffer))
    except WrongLine as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        return _judge(records, Crew(language, options.workers, options.time_limit), language)
    except (BrokenFrame, OSError) as error:
        sys.stderr.write(f"no worker can be started here: {error}\n")
        return 3


def _judge(records: Sequence[dict[str, Any]], crew: Crew, language: str) -> int:
    counts: Counter[str] = Counter()
    samples: dict[str, list[bool]] = {}
    different = 0
    # results leave through a descriptor of its own: a stray print must not break a line
    with os.fdopen(os.dup(1), "w", encoding="utf-8", errors="surrogatepass") as out:
        for index, verdict in enumerate(crew.judge(records)):
            record = records[index]
            named = {key: record[key] for key in ("id", "task_id") if key in record}
            out.write(json.dumps({"index": index, **named, **verdict}) + "\n")
            out.flush()
            status = verdict["status"]
            counts[status] += 1
            different += record.get("expect", status) != status
            samples.setdefault(str(record.get("task_id", f"line {index + 1}")), []).append(status == "passed")
        out.write(json.dumps({"summary": summary(language, counts, samples, different)}) + "\n")
    if counts["sandbox_error"]:
        return 3
    return 1 if different else 0


def summary(language: str, counts: Counter[str], samples: dict[str, list[bool]], different: int) -> dict[str, Any]:
    """Return counts and mean pass@k over tasks, for every k that no task has fewer samples than."""
    fewest = min(map(len, samples.values()), default=0)
    scores = {
        f"pass@{k}": math.fsum(_pass_at_k(len(passed), sum(passed), k) for passed in samples.values()) / len(samples)
        for k in _K
        if k <= fewest
    }
    return {
        "language": language,
        "programs": counts.total(),
        "tasks": len(samples),
        "statuses": dict(counts),
        "different": different,
        **scores,
    }


def _pass_at_k(n: int, c: int, k: int) -> float:
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "docker run -i IMAGE evaluate", description="Judge programs.", epilog=_CONTRACT, allow_abbrev=False
    )
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--workers", type=int, default=cores, metavar="N", help="programs at a time (all cores)")
    parser.add_argument(
        "--time-limit", type=float, default=None, metavar="SECONDS", help="CPU seconds of a run (the language's)"
    )
    options = parser.parse_args(arguments)  # ends with exit code 2 itself
    if options.workers < 1:
        parser.error(f"--workers is {options.workers}; it must be at least 1")
    if options.time_limit is not None and not (0 < options.time_limit < math.inf):
        parser.error(f"--time-limit is {options.time_limit}; it must be a number of seconds above 0")
    return options


def _records(lines: Iterator[bytes] | Any) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise WrongLine(f"line {number} is not JSON: {error}") from error
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            raise WrongLine(f"line {number} is not a JSON object with a field 'text' that holds the program")
        if record.get("profile", PROFILES[0]) not in PROFILES:
            raise WrongLine(f"line {number}: profile is {record['profile']!r}; the profiles are {', '.join(PROFILES)}")
        yield {key: record[key] for key in _FIELDS if key in record}
