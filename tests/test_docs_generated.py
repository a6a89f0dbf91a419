"""The pages that are made from the package are as it makes them now."""

from pathlib import Path

import pytest

from generated_pages import generated_pages
from humanevalpack.languages import LANGUAGES
from humanevalpack.scenarios import SCENARIOS, task_name
from humanevalpack.templates import template_names

PAGES = generated_pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str, project: Path) -> None:
    is_current = (project / name).read_text("utf-8") == PAGES[name]
    assert is_current, "python tests/generated_pages.py writes it anew"


def test_the_gallery_has_every_template_and_the_examples_every_task() -> None:
    assert all(f"\n## {name}\n" in PAGES["docs/gallery.md"] for name in template_names())
    tasks = [task_name(scenario, language) for scenario in SCENARIOS for language in LANGUAGES]
    assert all(f"\n### {task}\n" in PAGES["docs/task_examples.md"] for task in tasks)


def test_the_rules_stand_on_their_page_in_their_order() -> None:
    lines = PAGES["docs/commitpack_rules.md"].splitlines()
    named = [line.split("`")[1] for line in lines if line.startswith("| `") and "below" not in line]
    assert (named[0], named[10:12], named[-1], len(named)) == ("old_too_long", ["verb", "bad_subject"], "few_words", 29)
