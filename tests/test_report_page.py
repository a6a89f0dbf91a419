"""The page as a text: it needs nothing else, hides nothing, and no text of a model can become part of it."""

import re
import time
from html.parser import HTMLParser

import pytest

import humanevalpack as hep
from humanevalpack.reports.browser_data import browser_data, opened, script_json
from humanevalpack.reports.kept_part import kept_part
from humanevalpack.reports.page import html_page
from humanevalpack.reports.sheet import score_sheet
from humanevalpack.results import Run
from report_runs import make_run, sample

FIX, SYNTHESIZE = "fixtests", "synthesize"
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
PROBLEMS = {"python": hep.load_problems("python", source="mini")}


def page_of(*runs: Run, title: str = "HumanEvalPack") -> str:
    sheets = [score_sheet(run) for run in runs]
    return html_page(runs, sheets, problems=PROBLEMS, paper=[None] * len(runs), title=title, findings=[[]] * len(runs))


class Tags(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def test_the_page_loads_nothing_and_has_one_script_that_its_policy_names() -> None:
    page = page_of(make_run({(FIX, "python"): ["+-", "--"]}))
    tags = read(page)
    assert not {"src", "href", "onclick", "onerror", "onload"} & tags.attributes
    assert not {"link", "img", "iframe", "object", "embed", "base"} & set(tags.tags)
    assert not re.search(r"url\(|@import|https?://", page)
    assert "default-src 'none'" in page
    assert "script-src 'sha256-" in page
    assert "unsafe-eval" not in page
    assert "innerHTML" not in page


def test_hostile_texts_stand_nowhere_as_they_are() -> None:
    rows = [sample(FIX, "python", index, 0, "+", generation=HOSTILE) for index in range(2)]
    run = make_run({(FIX, "python"): ["+"]}, name=HOSTILE, prompt=HOSTILE, model=HOSTILE)
    run = Run(name=HOSTILE, folder=run.folder, manifest=run.manifest, samples=rows)
    page = page_of(run, title=HOSTILE)
    assert "<img" not in page
    assert "<script>document.title" not in page
    scripts = read(page).tags.count("script")
    assert scripts == read(page_of(make_run({(FIX, "python"): ["+", "+"]}))).tags.count("script")


@pytest.mark.parametrize("text", ["</script>", "<!--", "\u2028", "\ud800", "]]>", "\\u003c/script>"])
def test_json_in_a_script_block_cannot_end_it(text: str) -> None:
    import json

    written = script_json({text: [text]})
    assert not set("<>\u2028\ud800") & set(written)
    assert json.loads(written) == {text: [text]}


def test_every_sample_can_be_read_back_from_its_chunk() -> None:
    run = make_run({(FIX, "python"): ["+-", "cl"], ("explaindescribe", "python"): ["g"]})
    data = browser_data([run], PROBLEMS)
    columns = data.columns
    texts = [list(opened(chunk)) for chunk in data.chunks]
    _, tasks, ids, numbers, statuses, _, _, chunks, places = columns["rows"]
    for row, kept in enumerate(run.samples):
        found = texts[chunks[row]][places[row]]
        assert columns["tasks"][tasks[row]] == f"{kept.scenario}-python"
        assert (columns["ids"][ids[row]], numbers[row]) == (kept.task_id, kept.sample)
        assert columns["statuses"][statuses[row]] == kept.status
        assert "".join(found["generation"]) == kept.generation
        assert (found["prompt"], found["program"], found["candidate"]) == (kept.prompt, kept.program, kept.candidate)


def test_a_canonical_solution_has_no_difference_from_the_canonical_solution() -> None:
    for scenario in (FIX, "fixdocs", "explainsynthesize", SYNTHESIZE):
        for language in ("python", "cpp", "rust"):
            rows = [sample(scenario, language, index) for index in range(14)]
            run = Run(name="run", folder=make_run({}).folder, manifest={}, samples=rows)
            data = browser_data([run], {language: hep.load_problems(language, source="mini")})
            for texts in (texts for chunk in data.chunks for texts in opened(chunk)):
                assert texts["canonical"].rstrip() == texts["candidate"].rstrip()


def test_the_same_run_gives_the_same_page() -> None:
    run = make_run({(FIX, "python"): ["+-", "--"]})
    assert page_of(run) == page_of(run)


@pytest.mark.parametrize(
    ("generation", "candidate", "kept"),
    [
        ("\n    return 1\n", "def f():\n    return 1", "\n    return 1"),
        ("\n    return 1\nprint(2)\n", "def f():\n    return 1", "\n    return 1"),
        ("\n    return 1\n\ndef g(): pass", "def f():\n    return 1", "\n    return 1"),
        ("  x;\n}\n\nint main() {}", "int f() {\n  x;\n}", "  x;\n}"),
        ("  x;\n  public static void main", "class A {\n  x;\n}", "  x;"),
        ("Sure:\n```python\ndef f():\n    return 1\n```\nDone", "def f():\n    return 1", "def f():\n    return 1"),
        ("Nothing of use", "def f():\n    pass", ""),
        ("", "def f():", ""),
        ("text", "", ""),
        ("🐙 = 1\n    return 1\nrest", "def f():\n🐙 = 1\n    return 1", "🐙 = 1\n    return 1"),
    ],
)
def test_the_kept_part_is_found_again(generation: str, candidate: str, kept: str) -> None:
    begin, end = kept_part(generation, candidate)
    assert generation[begin:end] == kept


@pytest.mark.parametrize("tail", ["", "\n}\n\nint main() { return 0; }", "\nThat is it.", "\n# Test\nprint(f(1))"])
def test_the_kept_part_of_a_real_answer_is_the_solution(tail: str) -> None:
    for language in ("python", "java", "go", "rust"):
        for problem in hep.load_problems(language, source="mini"):
            generation = "\n" + problem.canonical_solution.strip("\n") + "\n" + tail
            candidate = hep.extract_candidate(problem, SYNTHESIZE, generation)
            begin, end = kept_part(generation, candidate)
            assert begin == 0
            ends = [text.rstrip().removesuffix("}").rstrip() for text in (candidate, generation[:end])]
            assert ends[0].endswith(ends[1])
            assert generation[:end].strip().startswith(problem.canonical_solution.strip()[:40])


def test_the_kept_part_of_endless_repetition_is_found_quickly() -> None:
    start = time.process_time()
    kept_part("a\n" * 20_000, "a\n" * 10_000 + "b")
    kept_part("a" * 40_000, "a" * 20_000 + "b")
    assert time.process_time() - start < 5
