"""One job from its frame to its verdict: a cage, the build, the run, the judgement."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .cage import Cage
from .frames import pack
from .languages import LANGUAGES
from .languages.base import Language, Places, Refused
from .launch import Command
from .limits import Job
from .server import Server
from .watch import Outcome, run

HOME = "/opt/humanevalpack"
"""Where an image and the local sandbox have ``supervisor/``, ``toolchains/<language>`` and ``warm/<name>``."""
LARGEST = 16 * 1024 * 1024
"""Characters of the largest program that is run."""
_ERROR_MARKS = ("error", "Error", "panicked")


@dataclass(frozen=True)
class Setting:
    """How this supervisor works: with ``namespaces`` for each program or in plain directories below ``base``.

    ``toolchains`` maps a language to the folder of its install script, ``warm`` holds the prepared folders by name.
    """

    namespaces: bool
    base: str
    toolchains: dict[str, str]
    warm: str

    @classmethod
    def of_image(cls, language: str) -> Setting:
        """Return how a supervisor works inside an image of one language."""
        return cls(False, "/tmp", {language: f"{HOME}/toolchains/{language}"}, f"{HOME}/warm")

    def places(self, language: str, warm: str) -> Places:
        """Return the folders of one language; ``warm`` is the name of its prepared folder."""
        return Places(self.toolchains.get(language, ""), os.path.join(self.warm, warm).rstrip("/"))


def without_running(text: str) -> tuple[str, str] | None:
    """Return (status, reason) of a text that need not be run, else None."""
    if not text.strip():
        return "failed", "there is no program: the answer held no readable candidate"
    if len(text) > LARGEST:
        return "compile_error", f"the program has {len(text)} characters; at most {LARGEST} are run"
    return None


def program_frame(language: str, body: dict[str, Any]) -> bytes:
    """Return the frame for a program; ``body`` has Job's fields. A test that can be kept apart follows the frame."""
    place = LANGUAGES[language].test_apart(body["text"], body.get("test_begins"))
    if place is None:
        return pack(language, body)
    candidate, test = body["text"][:place], body["text"][place:]
    return pack(language, {**body, "text": candidate, "test_begins": None}, test.encode("utf-8", "surrogatepass"))


def judge(job: Job, setting: Setting, cage: Cage, server: Server | None = None) -> dict[str, Any]:
    """Build and run one program in ``cage``; return its verdict as plain types."""
    language = LANGUAGES[job.language]
    places = setting.places(job.language, job.warm)
    started = time.monotonic()
    put(cage, language.sources(job, places))
    built = _by_server(job, cage, server) or _plainly(job, places, cage)
    build = {"wall": time.monotonic() - started, "cpu": sum(one.cpu for one in built)} if built else None
    if built and not built[-1].succeeded:
        crashed = not built[-1].broke and language.crashed(built[-1])
        failed = replace(built[-1], doubtful=built[-1].doubtful or crashed)
        return _verdict(*_build_failure(failed), failed, built, build, None)
    if language.built:
        keep(cage, language.built)
    if language.finished:
        try:
            put(cage, language.finish(files_of(cage, language.finished)))
        except Refused as reason:
            return _verdict("runtime_error", str(reason), built[-1], built, build, None)
    return ran(job, [*language.checks(job, places), language.run(job, places)], cage, built, build)


def _by_server(job: Job, cage: Cage, server: Server | None) -> list[Outcome]:
    """Return the build's end as the language's server made it, its files in the box; nothing where it did not."""
    served = LANGUAGES[job.language].served
    built = None if served is None or server is None else served.build(job, server)
    if built is None:
        return []
    put(cage, built.files)
    return [built.outcome]


def _plainly(job: Job, places: Places, cage: Cage) -> list[Outcome]:
    """Return the ends of the build's commands, up to the first that failed."""
    language = LANGUAGES[job.language]
    built: list[Outcome] = []
    allowed = language.build_limits(job)
    for command in language.build(job, places):
        spent, passed = sum(one.cpu for one in built), sum(one.wall for one in built)
        built.append(run(command, cage, replace(allowed, cpu=allowed.cpu - spent, wall=allowed.wall - passed)))
        if not built[-1].succeeded:
            break
    return built


def ran(
    job: Job,
    commands: Sequence[Command],
    cage: Cage,
    built: Sequence[Outcome],
    build: dict[str, float] | None,
    seen_alone: Callable[[bytes], bytes] = bytes,
) -> dict[str, Any]:
    """Run a built program and return its verdict; ``built`` and ``build`` are what its build was and cost.

    ``seen_alone`` turns the output of a program that shares a build into what it would have been without the others.
    """
    language = LANGUAGES[job.language]
    runs: list[Outcome] = []
    for command in commands:
        outcome = run(command, cage, language.run_limits(job))
        outcome = replace(outcome, output=seen_alone(outcome.output))
        if outcome.broke:
            status, reason = outcome.broke, outcome.why
        else:
            status, reason = language.judge(job, outcome)
            outcome = replace(outcome, doubtful=outcome.doubtful or language.doubts(outcome))
        runs.append(outcome)
        if status != "passed":
            break
    total: dict[str, float] = {"wall": sum(one.wall for one in runs), "cpu": sum(one.cpu for one in runs)}
    return _verdict(status, reason, runs[-1], [*built, *runs], build, total)


def put(cage: Cage, files: Mapping[str, bytes], mode: int = 0o644) -> None:
    """Write files into the box as the program's user owns them."""
    with cage.as_user():
        for name, data in files.items():
            with open(os.path.join(cage.box, name), "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), mode)


def files_of(cage: Cage, ending: str) -> dict[str, bytes]:
    """Read the box's own files with this ending; no code of the program has run yet."""
    files = {}
    with cage.as_user():
        for entry in os.scandir(cage.box):
            if entry.name.endswith(ending) and entry.is_file(follow_symlinks=False):
                with open(entry, "rb") as file:
                    files[entry.name] = file.read()
    return files


def keep(cage: Cage, names: tuple[str, ...]) -> None:
    """Remove every file of the box but those of these names; no code of the program has run yet."""
    with cage.as_user():
        for entry in list(os.scandir(cage.box)):
            if entry.name not in names and not entry.is_dir(follow_symlinks=False):
                os.unlink(entry)


def prepare(language: Language, places: Places, cage: Cage) -> str:
    """Make a language's warm files; return "" or what went wrong."""
    for command in language.prepare(places.warm, places):
        outcome = run(command, Cage(places.warm, None, cage.namespaces, False), language.build_limits(_PREPARING))
        if not outcome.succeeded:
            text = outcome.output.decode("utf-8", "replace")
            return f"{' '.join(command.argv)}: {outcome.why or outcome.signal or outcome.exit_code}\n{text}"
    return ""


_PREPARING = Job("", "", "", slowness=10, patience=10)


def _build_failure(outcome: Outcome) -> tuple[str, str]:
    if outcome.broke:
        return outcome.broke, f"while building: {outcome.why}"
    end = outcome.signal or f"exit code {outcome.exit_code}"
    return "compile_error", first_error(outcome.output) or f"the compiler ended with {end}"


def first_error(output: bytes) -> str:
    """Return the first line of a compiler's output that names an error, else its first line that is not blank."""
    lines = [line.strip()[:300] for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return next((line for line in lines if any(mark in line for mark in _ERROR_MARKS)), lines[0] if lines else "")


def _verdict(
    status: str,
    reason: str,
    outcome: Outcome,
    all_outcomes: list[Outcome],
    build: dict[str, float] | None,
    run: dict[str, float] | None,
) -> dict[str, Any]:
    # Who ended a program that went past a limit (the kernel, the watch, itself just then) is chance, and no fact of it.
    exit_code, signal = (None, None) if outcome.broke else (outcome.exit_code, outcome.signal)
    return {
        "status": status,
        "reason": reason,
        "build": build,
        "run": run,
        "peak_memory": max(one.peak_memory for one in all_outcomes),
        "output": outcome.output.decode("utf-8", "replace"),
        "exit_code": exit_code,
        "signal": signal,
        "doubtful": outcome.doubtful,
    }
