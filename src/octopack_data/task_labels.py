"""The kind of task of every commit, asked of a model: the labels behind the figure of the task distribution."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from humanevalpack.errors import InputError
from octopack_data.chats.asking import Cost, LimitReached, ask, estimated_tokens
from octopack_data.chats.journal import REFUSED, Journal, Request
from octopack_data.chats.runs import chat_run
from octopack_data.chats.settings import ServerSettings
from octopack_data.manifests import DROPPED
from octopack_data.rows import RowFormat, numbered_rows, place, write_rows
from octopack_data.sampling import Sample, make_sample
from octopack_data.sources import Part
from octopack_data.task_categories import CATEGORIES, Categories, read_categories

STAGE = "tasks label"


class LabelSettings(ServerSettings):
    """Settings of ``tasks label``."""

    temperature: float = Field(default=0.0, ge=0, le=2)
    """Of the sampling."""
    max_tokens: int = Field(default=32, ge=1)
    """Tokens of an answer at most."""
    categories: Path | None = None
    """YAML file with categories and question; without it the 18 of the release."""
    sample: str = ""
    """Label a part of the commits: a share (0.01) or a number (1000), the same at every stage."""
    format: RowFormat = "jsonl"
    """Format of the rows that are written."""


class Message(NamedTuple):
    """What is labelled of a commit."""

    id: str
    message: str
    file: str = ""


def messages(part: Part, sample: Sample, counts: Counter[str]) -> Iterator[Message]:
    """Yield the commits of a part: rows of CommitPack (commit, message, new_file), or {_id, message}."""
    for path in part.paths:
        for row in sample.rows((_message_row(row, place(path, n)) for n, row in numbered_rows(path)), counts):
            yield Message(row["commit"], row["message"], row["file"])


def _message_row(row: dict[str, Any], where: str) -> dict[str, str]:
    found = {"commit": row.get("commit", row.get("_id")), "message": row.get("message"),
             "file": row.get("new_file", "")}  # fmt: skip
    for name, value in found.items():
        if not isinstance(value, str):
            raise InputError(f"{where}: {name} must be text, not {value!r} (columns: {', '.join(row)})")
    return found


def _requests(commits: Iterable[Message], categories: Categories) -> Iterator[Request]:
    names = ", ".join(category.name for category in categories.categories)
    # What the commit says is filled in last: a message with braces stays as it is.
    wording = categories.question.replace("{categories}", names)
    before, _, after = wording.partition("{message}")
    for commit in commits:
        said = commit.file or "unknown"
        prompt = before.replace("{file}", said) + commit.message.strip() + after.replace("{file}", said)
        # Two commits with the same question have the same answer.
        yield Request(sha256(prompt.encode()).hexdigest()[:32], prompt, categories.system)


def label(
    parts: Sequence[Part],
    output: Path,
    settings: LabelSettings,
    *,
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Write {_id, message, category, label} of every commit below ``output``; return the manifest.

    ``category`` is the model's answer, as in the release's file; ``label`` the first valid category of it, or "".
    Commits without an answer (a limit was reached) have no row. Memory: all answers (200 bytes each). Raises
    EnvironmentFault (the server), UsageError, InputError.
    """
    file = settings.categories or CATEGORIES
    categories = read_categories(file)
    with chat_run(STAGE, parts, output, settings, [file], overwrite=overwrite, progress=progress) as run:
        if run.finished is not None:
            return run.finished
        sample = make_sample(settings.sample, parts)
        counts: Counter[str] = Counter()
        try:
            ask(_requests(_commits(parts, sample, Counter()), categories), settings, run.journal, run.bar)
        except LimitReached:
            counts["limit_reached"] = 1
        written = []
        for part in parts:
            name = f"data/{part.name}.{settings.format}"
            rows = _labelled(part, sample, categories, run.journal, counts)
            written.append((name, write_rows(output / name, rows, _schema)))
        counts["kept"] = sum(rows for _, rows in written)
        return run.end(written, counts)


def _commits(parts: Iterable[Part], sample: Sample, counts: Counter[str]) -> Iterator[Message]:
    return chain.from_iterable(messages(part, sample, counts) for part in parts)


def _labelled(
    part: Part, sample: Sample, categories: Categories, journal: Journal, counts: Counter[str]
) -> Iterator[dict[str, str]]:
    for commit in messages(part, sample, counts):
        answer = journal.answers.get(next(_requests([commit], categories)).key)
        if answer is None or answer.end == REFUSED:
            counts[DROPPED + ("not_asked" if answer is None else "refused")] += 1
            continue
        found = categories.first_valid(answer.text)
        counts["labelled" if found else "no_valid_category"] += 1
        yield {"_id": commit.id, "message": commit.message, "category": answer.text, "label": found}


def estimate(parts: Sequence[Part], settings: LabelSettings) -> Cost:
    """Return what labelling costs; the source is read once."""
    categories = read_categories(settings.categories or CATEGORIES)
    sample = make_sample(settings.sample, parts)
    seen: set[str] = set()
    tokens = 0
    for request in _requests(_commits(parts, sample, Counter()), categories):
        if request.key not in seen:
            seen.add(request.key)
            tokens += estimated_tokens(request.system + request.prompt)
    return Cost(len(seen), tokens, len(seen) * settings.max_tokens)


def read_labels(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (commit, answer) of labels: the rows that ``label`` writes, or the release's JSON list of them."""
    rows: Iterable[tuple[int, Any]] = (
        enumerate(_json_list(path), start=1) if path.suffix == ".json" else numbered_rows(path)
    )
    for number, row in rows:
        values = [row.get(name) for name in ("_id", "message", "category")] if isinstance(row, dict) else [None]
        if not all(isinstance(value, str) for value in values):
            where = f"{path}, row {number}" if path.suffix == ".json" else place(path, number)
            raise InputError(f"{where}: must be {{_id, message, category}} with texts, not {row!r:.200}")
        yield str(values[0]), str(values[2])


def _json_list(path: Path) -> list[Any]:
    try:
        rows = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a JSON file that can be read ({error})") from error
    if not isinstance(rows, list):
        raise InputError(f"{path}: must be a JSON list of {{_id, message, category}}")
    return rows


def count_labels(paths: Iterable[Path], categories: Categories) -> tuple[Counter[str], int]:
    """Return commits by category (those without any, too), and how many have no valid one."""
    counts = Counter({category.name: 0 for category in categories.categories})
    none = 0
    for path in paths:
        for _, answer in read_labels(path):
            found = categories.first_valid(answer)
            none += not found
            counts.update([found] if found else [])
    return counts, none


def counts_table(counts: Counter[str], categories: Categories) -> str:
    """Return the counts as CSV (category, group, count, percent of those with one): what the figure is drawn from."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("category", "group", "count", "percent"))
    total = sum(counts.values())
    for category in sorted(categories.categories, key=lambda one: -counts[one.name]):
        count = counts[category.name]
        writer.writerow((category.name, category.group, count, f"{100 * count / total:.2f}" if total else "0.00"))
    return text.getvalue()


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in ("_id", "message", "category", "label")])
