"""What is suspicious about a run of lm_eval, said on stderr once its last task is judged."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from humanevalpack.lm_eval_plugin.kept import row_of
from humanevalpack.lm_eval_plugin.requests import AnswerRequest
from humanevalpack.lm_eval_plugin.samples import Sample
from humanevalpack.results import Run, ScoredSample
from humanevalpack.results.lm_eval_logs import lm_eval_manifest
from humanevalpack.results.records import sample_order
from humanevalpack.scenarios import task_name


@dataclass
class _Seen:
    """The run that is on: tasks that are still to be judged, and what is known of the others."""

    waiting: set[str] = field(default_factory=set)
    model: str | None = None
    is_first_rank: bool = True
    facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    samples: list[ScoredSample] = field(default_factory=list)


_seen = _Seen()
_told = True


@contextmanager
def untold() -> Iterator[None]:
    """Say nothing for a while: who drives lm_eval tells what is found in the run itself."""
    global _told
    _told = False
    try:
        yield
    finally:
        _told = True


def begin(requests: Iterable[AnswerRequest], *, model: str | None, rank: int) -> None:
    """Note which tasks a run has: lm_eval hands over the requests of all of them at once."""
    global _seen  # lm_eval has no object for a run
    _seen = _Seen({request.asking.name for request in requests}, model, rank == 0)


def judged(request: AnswerRequest, samples: Iterable[tuple[str, Sample]]) -> None:
    """Note the samples of one task, (task_id, sample) each; after the last task say what is suspicious.

    With several ranks the first one speaks, of its own share.
    """
    if not _seen.is_first_rank or not _told:
        return
    asking = request.asking
    task = task_name(asking.scenario, asking.language)
    _seen.waiting.discard(asking.name)
    _seen.facts[task] = request.facts
    _seen.samples += [_scored(task, task_id, sample) for task_id, sample in samples]
    if not _seen.waiting:
        _say()


def _scored(task: str, task_id: str, sample: Sample) -> ScoredSample:
    row = row_of(task, task_id, sample.number, sample.generation)
    return ScoredSample.of(row, candidate=sample.completion, extraction=sample.extraction, verdict=sample.verdict)


def _say() -> None:
    from rich.console import Console

    from humanevalpack.diagnosis import diagnose
    from humanevalpack.diagnosis.rendering import print_findings

    configs = {task: {"metadata": {"humanevalpack": dict(facts)}} for task, facts in _seen.facts.items()}
    manifest = lm_eval_manifest({"configs": configs, "model_name": _seen.model}, Path())
    samples = sorted(_seen.samples, key=sample_order)
    print_findings(Console(stderr=True), diagnose(Run(name="", folder=Path(), manifest=manifest, samples=samples)))
