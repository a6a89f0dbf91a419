"""A run of questions in a folder: one at a time, the same settings, a journal, a manifest at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.chats.journal import Answer, Journal, Request
from octopack_data.chats.settings import ServerSettings, checked_key, deciding
from octopack_data.manifests import (
    MANIFEST,
    MARKS,
    FileFacts,
    file_facts,
    input_facts,
    new_manifest,
    read_manifest,
    sha256_of,
    write_manifest,
)
from octopack_data.parts import PartResult, Stage
from octopack_data.settings import written_settings
from octopack_data.sources import Part
from octopack_data.user_files import unchanged

JOURNAL = f"{MARKS}/answers.jsonl"


@dataclass
class ChatRun:
    """A run that has begun; ``finished`` is its manifest if there is nothing left to ask."""

    stage: Stage
    settings: ServerSettings
    journal: Journal
    bar: Any
    inputs: Sequence[FileFacts]
    finished: dict[str, Any] | None

    @property
    def journal_path(self) -> Path:
        """The file of the answers."""
        return self.stage.output / JOURNAL

    def end(self, files: Iterable[tuple[str, int]], counts: Mapping[str, int]) -> dict[str, Any]:
        """Write the manifest of what there is now; raises InputError if a file of the user's has changed meanwhile."""
        output = self.stage.output
        own = [file_facts(output / name, name, rows) for name, rows in files]
        asked = {"requests": len(self.journal.answers), "tokens": self.journal.tokens}
        manifest = new_manifest(self.stage.name, written_settings(self.settings), self.inputs, own, {**counts, **asked})
        with unchanged(self.stage.files):
            write_manifest(output, manifest)
        return manifest


def answers_of(requests: Iterable[Request], journal: Journal) -> Iterator[Answer]:
    """Yield the answers that are there, in the order of the requests."""
    return (journal.answers[request.key] for request in requests if request.key in journal.answers)


@contextmanager
def chat_run(
    name: str,
    parts: Sequence[Part],
    output: Path,
    settings: ServerSettings,
    files: Sequence[Path],
    *,
    overwrite: bool,
    progress: bool,
    number: str = "",
) -> Iterator[ChatRun]:
    """Begin a run below ``output``, or one that was broken off again.

    The settings and the hashes of ``files`` decide whether it is the same run. A run that ended at a limit goes on if
    that is higher now, and one that has made as much as the setting ``number`` said if that is. Raises UsageError,
    InputError.
    """
    from tqdm import tqdm

    checked_key(settings)
    hashes = {path: sha256_of(path) for path in files}
    said = {key: value for key, value in deciding(settings).items() if key != number}
    said |= {"file_sha256": list(hashes.values())}
    stage = Stage(name, _no_work, tuple(parts), output, said, hashes, scratch=(JOURNAL, "excluded"))
    with stage.held(overwrite=overwrite):
        inputs = [input_facts(path) for part in parts for path in part.paths]
        with Journal(output / JOURNAL) as journal, tqdm(desc=name, unit="answer", initial=len(journal.answers),
                                                        disable=None if progress else True) as bar:  # fmt: skip
            finished = read_manifest(output) if (output / MANIFEST).is_file() else None
            more = number != "" and finished is not None and _asks_for_more(finished, settings, number, output)
            if finished is not None and (more or _may_go_on(finished, settings, journal)):
                finished = None
            yield ChatRun(stage, settings, journal, bar, inputs, finished)


def _asks_for_more(manifest: Mapping[str, Any], settings: ServerSettings, number: str, output: Path) -> bool:
    """Whether a finished run made less than is wanted now; raises InputError where it made more."""
    there, wanted = manifest["settings"][number], getattr(settings, number)
    if wanted < there:
        raise InputError(
            f"{output} holds another run ({number} is {there} there and {wanted} now; a higher one goes on): name "
            "another folder, or start anew with --overwrite"
        )
    return bool(wanted > there)


def _may_go_on(manifest: Mapping[str, Any], settings: ServerSettings, journal: Journal) -> bool:
    """Whether a run that ended at its limit has room now."""
    if not manifest["counts"].get("limit_reached"):
        return False
    most, tokens = settings.max_requests, settings.max_total_tokens
    return (most is None or len(journal.answers) < most) and (tokens is None or journal.tokens < tokens)


def _no_work(part: Part, output: Path) -> PartResult:
    raise NotImplementedError(f"{part.name} of {output} is worked on by the run itself")
