"""How a commit becomes a training example: one pure function a format, all in the table FORMATS.

A function takes a row (a mapping of CommitPack's columns, or of ``content`` or ``diff``) and FormatOptions, and gives
an Example. Texts are those of the release in mode ``published``; ``fixed`` differs where its function says so. No
end-of-text mark is written but where the release wrote one: most trainers append their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

from octopack_data.draws import is_drawn
from octopack_data.linediff import line_diff as changed_lines
from octopack_data.linediff import line_diff_numbered as changed_numbered_lines
from octopack_data.linediff import number_lines
from octopack_data.records import Mode

BEFORE, MESSAGE, AFTER = "<commit_before>", "<commit_msg>", "<commit_after>"
FILE_NAME = "<filename>"
"""Of the Megatron formats; those for SantaCoder write ``<file_name>``."""
SANTA_FILE_NAME = "<file_name>"
END_OF_TEXT = "<|endoftext|>"
FILE_NAME_SHARE = 0.5
"""Of the rows of ``bigcode`` that name their file."""

Place = Literal["inputs", "targets"]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """What a model reads and what it shall write; trained on as one text, input and target joined."""

    input: str
    target: str


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What decides about an example besides its row and format."""

    mode: Mode = "fixed"
    instruction_in: Place | None = None
    """Where the commit's subject stands; None: in the inputs if fixed, else where the release had it."""
    file_name: bool = False
    """Begin SantaCoder's inputs with the name of the file."""
    template: Literal["tags", "instructions"] = "tags"
    """Of SantaCoder's inputs: tags, or the words Instructions, Input and Output."""
    seed: int = 0
    """Of the draw by row that decides whether ``bigcode`` names the file."""


def row_id(row: Row) -> str:
    """Return what names a row: its commit, else a hash of its columns."""
    if row.get("commit"):
        return str(row["commit"])
    said = "\0".join(f"{name}\0{row[name]}" for name in sorted(row))
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


# SantaCoder: full fine-tuning. The old text is stripped, the subject where it is part of the input.


def preformatted(row: Row, options: FormatOptions) -> Example:
    """F1: the column ``content``, cut behind its first mark; without the mark nothing is a target."""
    head, mark, tail = row["content"].partition(AFTER)
    return Example(head + mark, tail)


def given_diff(row: Row, options: FormatOptions) -> Example:
    """F2, with the instruction in the target F3: the column ``diff`` as it is."""
    if options.instruction_in == "targets":
        return Example(_santa_old(row), f"{_target_subject(row, options)}\n{AFTER}\n{row['diff']}")
    return Example(_santa_input(row, options), row["diff"])


def rewrite(row: Row, options: FormatOptions) -> Example:
    """F4, with the instruction in the target F5: the whole new text. Fixed: F5 has the newlines that F3 has."""
    if options.instruction_in == "targets":
        line = "\n" if options.mode == "fixed" else ""
        return Example(_santa_old(row), f"{_target_subject(row, options)}{line}{AFTER}{line}{row['new_contents']}")
    return Example(_santa_input(row, options), row["new_contents"])


def line_diff_numbered(row: Row, options: FormatOptions) -> Example:
    """F6: the diff of the two numbered texts. Published: without blanks at the ends of the input's lines."""
    return _line_diff(row, options, changed_numbered_lines)


def line_diff(row: Row, options: FormatOptions) -> Example:
    """F6 with lines numbered behind the diff: far shorter targets."""
    return _line_diff(row, options, changed_lines)


def _line_diff(row: Row, options: FormatOptions, diff: Callable[[str, str], str]) -> Example:
    if options.instruction_in == "targets":  # published only: the release's loss on the instruction won
        return rewrite(row, options)
    numbered = number_lines(row["old_contents"].strip())
    if options.mode == "published":
        numbered = re.sub(r"[ \t]+$", "", numbered, flags=re.MULTILINE)
    return Example(_santa_input(row, options, numbered), diff(row["old_contents"], row["new_contents"]))


def _santa_input(row: Row, options: FormatOptions, old: str | None = None) -> str:
    old = row["old_contents"].strip() if old is None else old
    subject = row["subject"].strip()
    if options.template == "instructions":  # F7
        return f"Instructions: {subject}\nInput:\n{old}\nOutput:\n"
    return f"{BEFORE}\n{old}\n{MESSAGE}\n{subject}\n{AFTER}\n"


def _santa_old(row: Row) -> str:
    return f"{BEFORE}\n{row['old_contents'].strip()}\n{MESSAGE}"


def _target_subject(row: Row, options: FormatOptions) -> str:
    return str(row["subject"].strip() if options.mode == "fixed" else row["subject"])


# Megatron: two keys; texts as they are, with the end-of-text mark.


def commit(row: Row, options: FormatOptions) -> Example:
    """J1, with the instruction in the input J4."""
    head = f"{BEFORE}{row['old_contents']}{MESSAGE}"
    subject, rest = f"{row['subject']}{AFTER}", f"{row['new_contents']}{END_OF_TEXT}"
    return Example(head, subject + rest) if options.instruction_in == "targets" else Example(head + subject, rest)


def fenced(row: Row, options: FormatOptions) -> Example:
    """J2: code in fences. Fixed: a fence is longer than any in the texts."""
    fence = _fence(row["old_contents"], row["new_contents"]) if options.mode == "fixed" else "```"
    head = f"{fence}\n{row['old_contents']}\n{fence}\n"
    subject, rest = f"{row['subject']}\n", f"{fence}\n{row['new_contents']}\n{fence}{END_OF_TEXT}"
    return Example(head, subject + rest) if options.instruction_in == "targets" else Example(head + subject, rest)


def _fence(*texts: str) -> str:
    longest = max((len(run) for text in texts for run in re.findall("`+", text)), default=0)
    return "`" * max(3, longest + 1)


def bigcode(row: Row, options: FormatOptions) -> Example:
    """J3: ``commit``, half of the rows (drawn by row and seed) with the name of the old file before it."""
    example = commit(row, options)
    if is_drawn("file name", row_id(row), FILE_NAME_SHARE, options.seed):
        return Example(f"{FILE_NAME}{base_name(row['old_file'])}{example.input}", example.target)
    return example


def xp3(row: Row, options: FormatOptions) -> Example:
    """The old text, a blank line, the subject; a newline and the new text."""
    return Example(f"{row['old_contents']}\n\n{row['subject']}", f"\n{row['new_contents']}")


# Texts and instructions.


def santacoderpack(row: Row, options: FormatOptions) -> Example:
    """SantaCoderPack's pretraining text: one string, no input."""
    text = f"{BEFORE}{row['old_contents']}{MESSAGE}{row['message']}{AFTER}{row['new_contents']}"
    return Example("", text)


def instruction(row: Row, options: FormatOptions) -> Example:
    """As the release's mix of CommitPackFT and OASST has it: the subject, a newline, the old text; the new text."""
    return Example(f"{row['subject']}\n{row['old_contents']}", row["new_contents"])


def question_answer(prompt: str, completion: str) -> Example:
    """OctoCoder's text, with the boundary before the space: so the prompt's tokens begin the whole text's tokens."""
    return Example(f"Question: {prompt}\n\nAnswer:", f" {completion}")


def base_name(path: str) -> str:
    """Return the last part of a path of a repository."""
    return path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Format:
    """One row of the table of formats."""

    name: str
    make: Callable[[Row, FormatOptions], Example]
    columns: tuple[str, ...]
    """Of a row that are read; all hold text."""
    ids: Mapping[Place, str]
    """Names in the release's material by where the instruction stands ("ours": it had none); a place that is missing
    has no form. A format without instructions of its own has one under ``inputs``."""
    published: Place = "inputs"
    """Where the release had the instruction."""
    marks: tuple[str, ...] = ()
    """What a text of a row must not hold: it would be read as the format's own. Fixed leaves such rows out."""
    santa: bool = False
    """Takes a file name and a template."""
    ends: bool = False
    """The target ends with END_OF_TEXT."""
    has_input: bool = True
    """False: the example is one text."""


_OLD, _BOTH = ("old_contents", "subject"), ("old_contents", "new_contents", "subject")
_TAGS = (BEFORE, MESSAGE, AFTER, END_OF_TEXT)
_SANTA = (*_TAGS, SANTA_FILE_NAME)
_MEGATRON = (*_TAGS, FILE_NAME)
_FORMATS = (
    Format("preformatted", preformatted, ("content",), {"inputs": "F1"}, marks=(END_OF_TEXT,), santa=True),
    Format("given-diff", given_diff, (*_OLD, "diff"), {"inputs": "F2", "targets": "F3"}, marks=_SANTA, santa=True),
    Format("rewrite", rewrite, _BOTH, {"inputs": "F4", "targets": "F5"}, marks=_SANTA, santa=True),
    Format("line-diff-numbered", line_diff_numbered, _BOTH, {"inputs": "F6"}, marks=_SANTA, santa=True),
    Format("line-diff", line_diff, _BOTH, {"inputs": "ours"}, marks=_SANTA, santa=True),
    Format("commit", commit, _BOTH, {"inputs": "J4", "targets": "J1"}, "targets", _MEGATRON, ends=True),
    Format("fenced", fenced, _BOTH, {"inputs": "ours", "targets": "J2"}, "targets", (END_OF_TEXT,), ends=True),
    Format(
        "bigcode", bigcode, (*_BOTH, "old_file"), {"inputs": "ours", "targets": "J3"}, "targets", _MEGATRON, ends=True
    ),
    Format("xp3", xp3, _BOTH, {"inputs": "xP3"}, marks=(END_OF_TEXT,)),
    Format(
        "santacoderpack",
        santacoderpack,
        ("old_contents", "new_contents", "message"),
        {"inputs": "SantaCoderPack"},
        marks=_TAGS,
        has_input=False,
    ),
    Format("instruction", instruction, _BOTH, {"inputs": "OctoCoder"}, marks=(END_OF_TEXT,)),
)
FORMATS: Mapping[str, Format] = {form.name: form for form in _FORMATS}
