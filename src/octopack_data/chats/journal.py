"""Every answer, kept as it comes: a run that was killed reads them and asks nothing twice."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from humanevalpack.results.appending import Appender

REFUSED = "refused"
"""The end of an answer that is none: the server takes the request for a wrong one (too long, against its rules)."""
CUT_OFF = "length"
"""The end of an answer that has as many tokens as it may."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question; ``key`` tells it from all others of a run, ``number`` is added to the seed."""

    key: str
    prompt: str
    system: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``end`` is the server's reason (stop, length, …) or ``refused``, with the server's words."""

    text: str
    end: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Journal(AbstractContextManager["Journal"]):
    """The answers by key, in memory and in a file of JSON lines that only grows."""

    def __init__(self, path: Path) -> None:
        """Read what is there; raises InputError for a file of something else."""
        self._file = Appender(path)
        self.answers: dict[str, Answer] = {}
        for number, line in enumerate(path.read_text("utf-8").split("\n")[:-1], start=1):
            try:
                record: dict[str, Any] = json.loads(line)
                key = record.pop("key")
                self.answers[key] = Answer(**record)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise InputError(f"{path}, line {number}: no answer of an earlier run ({error})") from error

    @property
    def tokens(self) -> int:
        """Tokens of all prompts and answers."""
        return sum(answer.prompt_tokens + answer.completion_tokens for answer in self.answers.values())

    def keep(self, key: str, answer: Answer) -> None:
        """Write an answer down."""
        self._file.append(json.dumps({"key": key, **asdict(answer)}, ensure_ascii=True) + "\n")
        self.answers[key] = answer

    def __exit__(self, *_: object) -> None:
        self._file.__exit__(None, None, None)
