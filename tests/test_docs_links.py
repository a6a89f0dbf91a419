"""Every link inside the documentation leads to a file and, where it names one, to a heading; no page is left out."""

from pathlib import Path

import pytest

from conftest import PROJECT
from pages import page_paths, parse_page, read_page

PAGES = {str(path.relative_to(PROJECT)): read_page(path) for path in page_paths(PROJECT)}


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    page, broken = PAGES[name], []
    for link in page.links:
        if link.startswith(("https:", "http:")):
            continue
        target, _, anchor = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        if not path.exists():
            broken.append(link)
        elif anchor and anchor not in read_page(path).anchors:
            broken.append(f"{link}: there are {', '.join(sorted(read_page(path).anchors))}")
    assert broken == []


def test_the_index_has_every_page_once(project: Path) -> None:
    index = PAGES["docs/index.md"]
    linked = [(index.path.parent / link).resolve() for link in index.links]
    assert len(linked) == len(set(linked))
    pages = {page.path for name, page in PAGES.items() if name.startswith("docs/")} - {index.path}
    assert pages - set(linked) == set()


def test_anchors_are_made_as_github_makes_them() -> None:
    text = "# Where the code is\n## pass@k\n## Go, C++: a `tour`\n## A [link](x.md)\n## pass@k\n```text\n# none\n```\n"
    assert parse_page(Path("x.md"), text).anchors == {
        "where-the-code-is",
        "passk",
        "go-c-a-tour",
        "a-link",
        "passk-1",
    }
