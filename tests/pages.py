"""The project's pages as tests read them: blocks of code, headings, links.

A block that is a command or Python code runs in the order of its page (``test_docs_commands.py``):

- console: lines after ``$`` are commands, what follows a command is what it says, standard error included;
- bash: a script; python: code that goes on where the page's last Python block has ended. What they say stands in a
  block of kind ``text`` right behind them, if it is shown.

``…`` in what is shown stands for anything, a line that is only ``…`` for any lines; times may differ. A comment before
a block changes what is done with it: ``<!-- not run: reason -->`` (one of REASONS), ``<!-- exit code: 1 -->``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REASONS = {
    "gpu": "needs a GPU and a model from the hub",
    "hub": "needs the hub",
    "network": "installs packages",
    "account": "needs an account with a provider",
    "server": "needs a server that runs",
    "docker": "needs a Docker Engine with the images; the tests of the sandbox docker run these commands",
    "cluster": "needs several machines",
    "machine": "changes this machine",
    "minutes": "takes minutes; continuous integration runs it",
    "vllm": "needs vLLM; make test-vllm runs it",
    "form": "is the form of a command, with parts left open",
}
"""Why a block may be left out, in a word."""

RUN = ("console", "bash", "python")
SHOWN = ("text", "yaml", "json", "bibtex", "latex", "toml", "markdown", "diff", "cpp", "go", "java", "js", "rust", "")

_FENCE = re.compile(r"^( *)(`{3,}|~{3,})([\w+-]*) *$")
_COMMENT = re.compile(r"^<!-- (not run|exit code): (.*) -->$")
_HEADING = re.compile(r"^#{1,6} (.*)$")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    kind: str
    text: str
    line: int
    """Where its fence stands, counted from 1."""
    not_run: str | None
    exit_code: int
    follows_directly: bool
    """Nothing but white space stands between this block and the one before it."""


@dataclass(frozen=True)
class Page:
    """One page, read."""

    path: Path
    blocks: tuple[Block, ...]
    prose: str
    """The text without its blocks."""

    @property
    def to_run(self) -> list[Block]:
        """The blocks that are executed."""
        return [block for block in self.blocks if block.kind in RUN and block.not_run is None]

    @property
    def links(self) -> list[str]:
        """Every link's target."""
        return _LINK.findall(re.sub(r"`[^`\n]*`", "", self.prose))

    @property
    def anchors(self) -> set[str]:
        """What a link's ``#…`` may name, as GitHub makes it from the headings."""
        found: set[str] = set()
        for line in self.prose.splitlines():
            if heading := _HEADING.match(line):
                text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1]).strip().lower()
                anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
                number = next(n for n in range(99) if (f"{anchor}-{n}" if n else anchor) not in found)
                found.add(f"{anchor}-{number}" if number else anchor)
        return found


def page_paths(project: Path) -> list[Path]:
    """Every page of the project, in the order of its name."""
    places = ("*.md", "docs/**/*.md", "sandboxes/**/*.md", "examples/**/*.md")
    found = {path for place in places for path in project.glob(place)}
    return sorted(path for path in found if "node_modules" not in path.parts)


def read_page(path: Path) -> Page:
    """Read one page; raises ValueError with the line of a block that never ends."""
    return parse_page(path, path.read_text("utf-8"))


def parse_page(path: Path, text: str) -> Page:
    """Read a page's text."""
    blocks: list[Block] = []
    prose: list[str] = []
    orders: dict[str, str] = {}
    behind_a_block = False
    lines = enumerate(text.splitlines(), 1)
    for number, line in lines:
        if opened := _FENCE.match(line):
            body = "".join(f"{inner}\n" for inner in _body(lines, opened[1], opened[2], path, number))
            code = int(orders.get("exit code", "0"))
            blocks.append(Block(opened[3], body, number, orders.get("not run"), code, behind_a_block))
            orders, behind_a_block = {}, True
        elif comment := _COMMENT.match(line):
            orders[comment[1]] = comment[2]
            behind_a_block = False
        else:
            prose.append(line)
            if line.strip():
                orders, behind_a_block = {}, False
    return Page(path, tuple(blocks), "\n".join(prose))


def _body(lines: Iterator[tuple[int, str]], indent: str, fence: str, path: Path, start: int) -> Iterator[str]:
    for _, line in lines:
        stripped = line.strip()
        if stripped.startswith(fence) and set(stripped) == {fence[0]}:
            return
        yield line.removeprefix(indent)
    raise ValueError(f"{path.name}, line {start}: this block never ends")
