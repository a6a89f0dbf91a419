"""From the rows of a source to prompts and completions: every format is one of ``octopack_data``."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.examples import make_example
from octopack_data.formats import Example, FormatOptions, question_answer
from octopack_data.pairs import ExampleSettings, examples
from octopack_data.rows import read_rows, text_rows
from octopack_data.sources import Part, find_parts
from octopack_train.config.data import COMMIT_FORMATS, DataSettings

MINI = "mini"
"""In place of a path: the problems that ship with the package, with their solutions."""
_PAIRS = (("prompt", "completion"), ("inputs", "targets"), ("input", "output"))
"""Columns of rows that are pairs already, as they are called."""
_COMMIT = ("subject", "old_contents", "new_contents")
_FORMS: Mapping[str, str] = {
    **{name: name.replace("_", "-") for name in (*COMMIT_FORMATS, "preformatted")},
    "instruction_template": "rewrite",
}
"""Formats of octopack_data by the names of recipes."""
_TRAIN, _TEST = ("train",), ("test", "valid", "validation", "eval")
"""First words of the files of a side."""


@dataclass(frozen=True, slots=True)
class Text:
    """One example before it is tokens: the completion is what follows the prompt, without an end marker."""

    prompt: str
    completion: str
    source: str
    language: str
    """As the row names it; empty if it does not."""


def sides(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Return the files to train on and those to test on: told by their names if both kinds are there, else all train.

    ``train/data/pairs.jsonl``, ``test-00000-of-00001.parquet``, ``valid.jsonl``.
    """
    first = {part.name: part.name.replace("-", "/").replace(".", "/").replace("_", "/").split("/")[0] for part in parts}
    train = [part for part in parts if first[part.name] in _TRAIN]
    test = [part for part in parts if first[part.name] in _TEST]
    return (train, test) if train and test else (list(parts), [])


def parts_of(name: str, path: str) -> list[Part]:
    """Return the files of a source; raises InputError that names the source."""
    try:
        return find_parts(path)
    except InputError as error:
        raise InputError(f"data, source {name}: {error}") from error


def texts(name: str, parts: Sequence[Part], data: DataSettings, counts: Counter[str]) -> Iterator[Text]:
    """Yield the examples of files; count ``rows`` and ``dropped_<reason>``; raises InputError naming file and row."""
    for row, example in chain.from_iterable(_examples(path, data, counts) for part in parts for path in part.paths):
        language = row.get("lang") or row.get("language") or ""
        yield Text(*_asked(example, data), name, language)


def mini_texts(data: DataSettings, counts: Counter[str]) -> Iterator[Text]:
    """Yield the problems of the package as a model is asked to write their code, with the code."""
    from humanevalpack.demo.lessons import lessons
    from humanevalpack.languages import LANGUAGES
    from humanevalpack.problems import load_problems

    for language in LANGUAGES:
        for lesson in lessons(load_problems(language, MINI)):
            if lesson.scenario == "synthesize":
                counts["rows"] += 1
                yield Text(lesson.prompt, lesson.answer, MINI, language)


def _examples(path: Path, data: DataSettings, counts: Counter[str]) -> Iterable[tuple[Mapping[str, Any], Example]]:
    if data.format not in _FORMS:
        return _pairs(path, data, counts)
    settings = ExampleSettings(
        form=_FORMS[data.format],
        instruction_in="targets" if data.instruction_in_target else "inputs",
        file_name=data.file_name,
        template="instructions" if data.format == "instruction_template" else "tags",
    )
    return examples([path], settings, settings.options(data.mode, 0), counts)


def _pairs(path: Path, data: DataSettings, counts: Counter[str]) -> Iterator[tuple[Mapping[str, Any], Example]]:
    """Prompt and completion from columns that have them; from a commit for question_answer; from one text for pairs."""
    first = next(iter(read_rows(path)), None)
    if first is None:
        return
    names: tuple[str, ...] | None = next((pair for pair in _PAIRS if set(pair) <= set(first)), None)
    one_text = data.format == "pairs" and "text" in first
    if names is None and one_text:
        names = ("text",)
    commits = names is None and data.format == "question_answer" and set(_COMMIT) <= set(first)
    if names is None and not commits:
        wanted = [" and ".join(pair) for pair in _PAIRS] + (["text"] if data.format == "pairs" else ["a commit's"])
        raise InputError(
            f"{path}: data.format {data.format} needs columns {', or '.join(wanted)}; not {', '.join(first)}"
        )
    for number, row in enumerate(text_rows(path, names or _COMMIT, every=True), start=1):
        counts["rows"] += 1
        if commits:
            example = make_example("instruction", row, FormatOptions(data.mode))
        else:
            example = Example("" if names == ("text",) else row[(names or ())[0]], row[(names or ())[-1]])
        if not example.target.strip():
            counts["dropped_empty_target"] += 1
            continue
        if data.format == "question_answer":
            if example.input.startswith("Question: ") and example.input.rstrip().endswith("Answer:"):
                raise InputError(
                    f"{path}, row {number}: the prompt is in OctoCoder's text already; say data.format=pairs"
                )
            example = question_answer(example.input, example.target)
        yield row, example


def _asked(example: Example, data: DataSettings) -> tuple[str, str]:
    """Put the blank between question and answer where it is asked for."""
    prompt, completion = example.input, example.target
    if data.format == "question_answer" and data.boundary == "space_in_prompt":
        return f"{prompt} ", completion.removeprefix(" ")
    return prompt, completion
