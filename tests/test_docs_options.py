"""Every option of the lm_eval tasks that a page names exists."""

import re
from pathlib import Path

from humanevalpack.lm_eval_plugin.options import OPTIONS
from pages import page_paths

_NAMED = re.compile(r"lm_eval's\s+option\s+\[?`(\w+)")
_METADATA = re.compile(r"--metadata((?:\s+\w+=[^\s`]+|,\w+=[^\s`,]+)+)")
_OF_RUN = re.compile(r"\s-o\s+(\w+)=")


def options_named(text: str) -> set[str]:
    """What a text calls an option of the tasks."""
    given = " ".join(_METADATA.findall(text))
    found = {*_NAMED.findall(text), *_OF_RUN.findall(text), *re.findall(r"(?:^|[\s,])(\w+)=", given)}
    return found - {"NAME", "name"}  # the form of an option


def test_every_way_to_name_an_option_is_seen() -> None:
    text = "lm_eval's\noption `a=FOLDER`, lm_eval's option [`b`](c.md)\n--metadata c=1,d=x e=2\n -o f=3 -o NAME=VALUE"
    assert options_named(text) == set("abcdef")


def test_every_option_that_a_page_names_exists(project: Path) -> None:
    named = {(path.name, name) for path in page_paths(project) for name in options_named(path.read_text("utf-8"))}
    assert {name for _, name in named} >= {"run_folder", "workers", "total_length"}
    assert [(page, name) for page, name in sorted(named) if name not in OPTIONS] == []
