"""docs/chat.md: its tables are the code's."""

import re
from pathlib import Path

import pytest

from humanevalpack.completions import EXTRACTIONS, FINISHES
from humanevalpack.lm_eval_plugin.options import read_options
from humanevalpack.lm_eval_plugin.values import one_of


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return (project / "docs" / "chat.md").read_text("utf-8")


def test_the_table_of_extractions_is_the_code_s(page: str) -> None:
    table = page.partition("| extraction | meaning |")[2].partition("\n\n")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)) == EXTRACTIONS


def test_every_finish_is_named(page: str) -> None:
    assert all(f"`{finish}`" in page for finish in FINISHES)


def test_every_way_to_begin_an_answer_has_its_row(page: str) -> None:
    table = page.partition("| value | the assistant's turn")[2].partition("\n\n")[0]
    for value in re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE):
        assert read_options({"chat_prefill": value}, {}, {}).chat_prefill == one_of("head", "fence", "none", "auto")(
            value
        )


@pytest.mark.parametrize("atom", ["```", "~~~`", "/*", "`${", "use a{", 'R"(', "f(", "<think>", "print(1)\n", "1+"])
def test_an_answer_that_repeats_itself_takes_no_time(atom: str) -> None:
    import time

    import humanevalpack as hep
    from humanevalpack.languages import LANGUAGES

    for language in LANGUAGES:
        problem = hep.load_problems(language, "mini")[0]
        before = time.process_time()
        hep.extract_answer(problem, "fixtests", f"```{language}\n{problem.declaration}" + atom * 5000, prompt="chat")
        assert time.process_time() - before < 2
