"""A problem's signature and docstring, read out of its prompt (or declaration); one small rule a language.

Source: the making of HumanEvalPack (OctoPack, arXiv 2308.07124, appendix on HumanEvalPack).
"""

import re
from collections.abc import Callable, Mapping

from humanevalpack.errors import InputError
from humanevalpack.languages import get_language

Row = Mapping[str, str]
_QUOTES = re.compile(r"(\"\"\"|''')")
_BLOCK_COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
_RUST_MARKS = re.compile(r"^(?:///?|/\*\*?|\*/)|\*/$")


def describe(row: Row, language: str, entry_point: str) -> tuple[str, str]:
    """Return a row's signature and docstring; raises InputError that names the row."""
    try:
        return _RULES[get_language(language).name](row, entry_point)
    except ValueError as error:
        raise InputError(f"{row['task_id']}: {error}") from error


def instruction(language: str, signature: str, docstring: str) -> str:
    """Return the task in words, as the scenario synthesize asks it."""
    title = get_language(language).title
    return f"Write a {title} function `{signature}` to solve the following problem:\n{docstring}"


def _lines(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())


def _python(row: Row, _entry_point: str) -> tuple[str, str]:
    function = _from_last("def ", row["prompt"])
    parts = _QUOTES.split(function)
    if len(parts) != 5:
        raise ValueError("the last function of the prompt must have one docstring in \"\"\" or '''")
    return parts[0].removeprefix("def ").strip().strip(":"), _lines(parts[2])


def _cpp(row: Row, entry_point: str) -> tuple[str, str]:
    lines = [line.strip() for line in row["prompt"].split("\n")]
    opening = [line for line in lines if entry_point in line and line.endswith("{")]
    if not opening:
        raise ValueError(f"no line of the prompt names {entry_point!r} and ends with an opening bracket")
    return opening[-1].strip("{}"), _last_block(row["prompt"], marks="*") or _last_line_comments(row["prompt"])


def _java(row: Row, _entry_point: str) -> tuple[str, str]:
    return _last_line(row["prompt"]), _last_block(row["prompt"], marks="*")


def _js(row: Row, _entry_point: str) -> tuple[str, str]:
    return _last_line(row["prompt"]).strip("=> "), _last_block(row["prompt"], marks="")


def _go(row: Row, _entry_point: str) -> tuple[str, str]:
    return _last_line(row["prompt"]), _last_line_comments(row["prompt"])


def _rust(row: Row, _entry_point: str) -> tuple[str, str]:
    function = _from_last("fn ", row["declaration"])
    lines = (line.strip() for line in row["prompt"].split("\n"))
    plain = (_RUST_MARKS.sub("", line).strip() for line in lines)
    return function.removeprefix("fn ").split("{")[0].strip(), _lines("\n".join(line for line in plain if line != '"'))


def _from_last(word: str, text: str) -> str:
    if word not in text:
        raise ValueError(f"{word.strip()!r} begins no function here: {text[-80:]!r}")
    return text[text.rindex(word) :]


def _last_line(prompt: str) -> str:
    return prompt.strip().split("\n")[-1].strip().strip("{").strip()


def _last_block(prompt: str, *, marks: str) -> str:
    blocks = _BLOCK_COMMENT.findall(prompt)
    return _lines(blocks[-1].strip(marks)) if blocks else ""


def _last_line_comments(prompt: str) -> str:
    """The last lines that begin with //: read upwards, whatever stands below them is passed over."""
    found: list[str] = []
    for line in reversed(prompt.split("\n")):
        if line.strip().startswith("//"):
            found.insert(0, line.strip().removeprefix("//"))
        elif found:
            break
    return _lines("\n".join(found))


_RULES: dict[str, Callable[[Row, str], tuple[str, str]]] = {
    "python": _python,
    "cpp": _cpp,
    "java": _java,
    "js": _js,
    "go": _go,
    "rust": _rust,
}
