"""From the rows of a source to prompts and completions: every format is one of ``octopack_data``."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.examples import example_row, format_of, pair_refusal
from octopack_data.formats import Example, question_answer
from octopack_data.mixture_settings import AS_THEY_ARE, MixSettings
from octopack_data.mixtures import mix, source_examples, source_parts
from octopack_data.pair_columns import PAIRS, pairs_in
from octopack_data.pairs import examples
from octopack_data.rows import read_rows, text_rows
from octopack_data.sources import Part, find_parts
from octopack_train.config.data import DataSettings

MINI = "mini"
"""In place of a path: the problems that ship with the package, with their solutions."""
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
    test: bool = False
    """One to test on, not to train on."""


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


def mixed_texts(
    data: DataSettings, settings: MixSettings, folder: Path, counts: dict[str, Counter[str]]
) -> Iterator[Text]:
    """Mix the sources into a folder and yield the examples."""
    manifest = mix(settings.model_copy(update={"format": "jsonl"}), folder, progress=False)
    counts["mixture"] = Counter(manifest["counts"])
    train, test = sides(find_parts(str(folder)))
    for is_test, parts in ((False, train), (True, test)):
        for row in chain.from_iterable(read_rows(path) for part in parts for path in part.paths):
            name = f"{row['source']} (test)" if is_test else row["source"]
            yield Text(*_asked(Example(row["prompt"], row["completion"]), data), name, row["lang"], is_test)


def first_mixed_texts(
    data: DataSettings, settings: MixSettings, limit: int, counts: dict[str, Counter[str]]
) -> Iterator[Text]:
    """Yield the first examples of each source of a mixture, not in its shares: nothing is mixed."""
    for source, parts in zip(settings.sources, source_parts(settings).values(), strict=True):
        own = counts.setdefault(source.name, Counter(rows=0))
        paths = [path for part in parts for path in part.paths]
        for row, made in islice(source_examples(source, paths, settings, own), limit):
            example = Example(made["prompt"], made["completion"])
            yield Text(*_asked(example, data), source.name, row.get("lang") or row.get("language") or "")


def mini_texts(counts: dict[str, Counter[str]]) -> Iterator[Text]:
    """Yield the problems of the package as a model is asked to write their code, with the code."""
    from humanevalpack.demo.lessons import lessons
    from humanevalpack.languages import LANGUAGES
    from humanevalpack.problems import load_problems

    for language in LANGUAGES:
        for lesson in lessons(load_problems(language, MINI)):
            if lesson.scenario == "synthesize":
                counts.setdefault(MINI, Counter())["rows"] += 1
                yield Text(lesson.prompt, lesson.answer, MINI, language)


def _examples(path: Path, data: DataSettings, counts: Counter[str]) -> Iterable[tuple[Mapping[str, Any], Example]]:
    if data.form == AS_THEY_ARE:
        yield from _pairs(path, data, counts)
        return
    ends = format_of(data.form).ends
    for row, example in examples([path], data, data.options(data.mode, 0), counts):
        yield row, Example(*example_row(example, "prompt-completion", ends=ends).values())


def _pairs(path: Path, data: DataSettings, counts: Counter[str]) -> Iterator[tuple[Mapping[str, Any], Example]]:
    """Prompt and completion from columns that have them, or a completion from one text."""
    first = next(iter(read_rows(path)), None)
    if first is None:
        return
    found = pairs_in(first)
    if len(found) > 1:
        raise InputError(
            f"{path}: {' as well as '.join(map(' and '.join, found))} may be prompt and completion: name the file as a "
            "source of data.mixture, with prompt_column: NAME, completion_column: NAME"
        )
    names: tuple[str, ...] | None = found[0] if found else None
    if names is None and "text" in first and data.text == "raw":
        names = ("text",)
    if names is None:
        wanted = ", or ".join([*(" and ".join(pair) for pair in PAIRS), *(["text"] if data.text == "raw" else [])])
        raw = " A text alone: data.text=raw." if "text" in first else ""
        raise InputError(
            f"{path}: data.form pairs needs columns {wanted}; not {', '.join(first)}.{raw} Rows of commits: data.form="
            "instruction, or another format of theirs; with instruction, input and output: octopack-data self-instruct "
            "load makes pairs of them"
        )
    for number, row in enumerate(text_rows(path, names, every=True), start=1):
        counts["rows"] += 1
        example = Example("" if len(names) == 1 else row[names[0]], row[names[-1]])
        if why := pair_refusal(example, data.mode):
            counts[f"dropped_{why}"] += 1
            continue
        if data.text != "raw" and _has_text(example.input):
            raise InputError(f"{path}, row {number}: the prompt is in OctoCoder's text already; say data.text=raw")
        yield row, example


def _has_text(prompt: str) -> bool:
    return prompt.startswith("Question: ") and prompt.rstrip().endswith("Answer:")


def _asked(example: Example, data: DataSettings) -> tuple[str, str]:
    """Put OctoCoder's text around a pair, and the blank between question and answer where it is asked for."""
    if data.text == "question-answer":
        example = question_answer(example.input, example.target)
    prompt, completion = example.input, example.target
    if data.question_answer and data.boundary == "space_in_prompt":
        return f"{prompt} ", completion.removeprefix(" ")
    return prompt, completion
