"""Which tasks a run is about: names of tasks and groups, and the slice of them that a job array's job has."""

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from humanevalpack.errors import UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.lm_eval_plugin.task_files import GROUPS, PARTS
from humanevalpack.results.folder import SHARD
from humanevalpack.scenarios import SCENARIOS, parse_task, task_name

EVERYTHING = "humanevalpack"
_MINI = "humanevalpack_mini"
SLICES = ("problem", "language", "task")


def select_tasks(names: str | Iterable[str]) -> tuple[list[str], bool]:
    """Return the tasks behind names of tasks and groups (one text may hold several), and whether they are of mini data.

    Raises UsageError for a name that is none of ours.
    """
    texts = [names] if isinstance(names, str) else list(names)
    wanted = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    if not wanted:
        raise UsageError(f"no task was named: use {EVERYTHING}, or a name of humanevalpack tasks list")
    known = _names()
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f": did you mean {near[0]}?" if near else "; humanevalpack tasks list names them all"
            raise UsageError(f"task {name!r} is not known{hint}")
    mini = _MINI in wanted
    if mini and set(wanted) != {_MINI}:
        raise UsageError(f"{_MINI} has problems of its own: name it alone, or give dataset=mini to the other tasks")
    return list(dict.fromkeys(task for name in wanted for task in known[name])), mini


def _names() -> dict[str, list[str]]:
    """Return every task and group with its tasks."""
    names = {task: [task] for task in (task_name(*parts) for parts in product(SCENARIOS, LANGUAGES))}
    for suffix, languages in (("", LANGUAGES), *((f"_{language}", (language,)) for language in LANGUAGES)):
        for group, (scenarios, _) in GROUPS.items():
            names[group + suffix] = [task_name(scenario, language) for scenario in scenarios for language in languages]
        names[EVERYTHING + suffix] = [task for part in PARTS for task in names[part + suffix]]
    names[_MINI] = names[EVERYTHING]
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of ``of`` equal parts of a run; ``number`` begins at 1."""

    number: int
    of: int
    by: str = "problem"
    """What is shared out: every so many-th ``problem`` of each task, ``language``, or ``task``."""

    @classmethod
    def read(cls, text: str, by: str = "problem") -> "Shard":
        """Read ``2/8``; raises UsageError."""
        number, _, of = text.partition("/")
        if by not in SLICES:
            raise UsageError(f"shard_by is {by!r}; it must be one of {', '.join(SLICES)}")
        if not all(part.isascii() and part.isdigit() for part in (number, of)) or not 1 <= int(number) <= int(of):
            raise UsageError(f"shard is {text!r}; it must be i/n with i from 1 to n, such as 1/8")
        return cls(number=int(number), of=int(of), by=by)

    def __str__(self) -> str:
        """Return what a user reads."""
        return f"{self.number}/{self.of} by {self.by}"

    @property
    def folder(self) -> str:
        """The name of the shard's folder in that of the run."""
        return f"{SHARD}{self.number:0{len(str(self.of))}d}-of-{self.of}"

    def tasks(self, tasks: Sequence[str]) -> list[str]:
        """Return this shard's tasks; raises UsageError if there is none."""
        if self.by == "problem":
            return list(tasks)
        units = list(dict.fromkeys(self._unit(task) for task in tasks))
        mine = units[self.number - 1 :: self.of]
        if not mine:
            raise UsageError(f"shard {self} is empty: there are {len(units)} parts")
        return [task for task in tasks if self._unit(task) in mine]

    def _unit(self, task: str) -> str:
        scenario, language = parse_task(task)
        if self.by == "language":
            return language
        # Both explain tasks of a language share their descriptions: they stay together.
        return f"explain-{language}" if scenario.startswith("explain") else task

    def problems(self, count: int) -> list[int]:
        """Return the places of this shard's problems among ``count``; raises UsageError if there is none."""
        if self.by != "problem":
            return list(range(count))
        mine = list(range(self.number - 1, count, self.of))
        if not mine:
            raise UsageError(f"shard {self} is empty: there are {count} problems")
        return mine


def limited(count: int, limit: float | None) -> int:
    """Return how many of ``count`` problems a limit leaves: a number, or below 1 a share, as lm_eval takes it."""
    if limit is None:
        return count
    return min(count, math.ceil(count * limit) if limit < 1 else int(limit))
