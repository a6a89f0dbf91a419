"""Fixtures: the tiny model, untrained and taught, each made once for all tests and all of pytest-xdist's workers.

Use: ``pytest_plugins = ["tiny_models"]`` in the test module.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from humanevalpack import load_problems
from humanevalpack.demo.lessons import LEARNED_PROBLEMS, Lesson, lessons
from humanevalpack.demo.tiny_model import build_model, build_tokenizer, save
from humanevalpack.demo.training import train
from humanevalpack.languages import LANGUAGES


@pytest.fixture(scope="session")
def course() -> list[Lesson]:
    """The lessons: 2 problems, 6 languages, 5 scenarios."""
    return lessons([p for language in LANGUAGES for p in load_problems(language, "mini")[:LEARNED_PROBLEMS]])


@pytest.fixture(scope="session")
def untrained_model(tmp_path_factory: pytest.TempPathFactory, course: list[Lesson]) -> Path:
    """Folder of the model as it is before training."""
    return _made_once(tmp_path_factory, "untrained", lambda folder: _make(folder, course, taught=False))


@pytest.fixture(scope="session")
def trained_model(tmp_path_factory: pytest.TempPathFactory, course: list[Lesson]) -> Path:
    """Folder of the model that knows ``course`` by heart (about a minute on one core, once)."""
    return _made_once(tmp_path_factory, "trained", lambda folder: _make(folder, course, taught=True))


def _make(folder: Path, course: list[Lesson], *, taught: bool) -> None:
    tokenizer = build_tokenizer([lesson.prompt + lesson.answer for lesson in course])
    model = build_model(tokenizer)
    if taught:
        state = train(model, tokenizer, course)
        assert state.learned == len(course), f"the tiny model did not learn everything: {state}"
    save(model, tokenizer, folder)


def _made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Call ``make`` in the first worker that asks; the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    # Every xdist worker has a folder of its own below the run's.
    shared = base.parent if base.name.startswith("popen-") else base
    folder = shared / f"tiny-{name}"
    with FileLock(shared / f"tiny-{name}.lock"):
        if not (folder / "made").exists():
            make(folder)
            (folder / "made").touch()
    return folder
