"""The page in a real browser: it works, it is quick with many samples, and no text of a model runs in it."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import humanevalpack as hep
from browser import PHONE, Browser, chromium
from humanevalpack.results import Run
from report_runs import make_run, sample

pytestmark = pytest.mark.xdist_group("browser")

FIX, SYNTHESIZE = "fixtests", "synthesize"
HOSTILE = (
    "\n    </script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\n    <!--"
)
ROWS = "document.querySelectorAll('#list .row')"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two runs, 12 problems with two samples each; sample 0 of the first run is hostile."""
    passes = {(FIX, "python"): ["+-", "c+", "tl"], (SYNTHESIZE, "js"): ["++", "--", "+-"]}
    first = make_run(passes, name="<i>first</i>", model="bigcode/octocoder")
    bad = sample(FIX, "python", 0, 0, "-", generation=HOSTILE)
    assert bad.verdict
    bad = replace(bad, verdict=replace(bad.verdict, output=HOSTILE, reason=HOSTILE), prompt=bad.prompt + HOSTILE)
    first = replace(first, samples=[bad, *first.samples[1:]])
    path = tmp_path_factory.mktemp("page") / "report.html"
    hep.report(first, make_run(passes, name="second"), html=path)
    return path


def choose(browser: Browser, name: str, label: str) -> None:
    """Choose an entry of a filter by what is written on it."""
    found = browser.run(
        f"(() => {{ const s = document.getElementById({name!r}); "
        f"const o = [...s.options].find((o) => o.textContent === {label!r}); if (!o) return false; "
        "s.value = o.value; s.dispatchEvent(new Event('change')); return true; })()"
    )
    assert found, (name, label)


def found(browser: Browser) -> str:
    browser.wait("!document.getElementById('found').textContent.includes('searching')")
    return str(browser.run("document.getElementById('found').textContent"))


def search(browser: Browser, text: str, answer: str) -> None:
    box = "document.getElementById('q')"
    browser.run(f"{box}.value = {text!r}, {box}.dispatchEvent(new Event('input'))")
    browser.wait(f"document.getElementById('found').textContent === {answer!r}")


def test_the_page_works_without_errors_and_without_a_request(browser: Browser, page: Path) -> None:
    browser.requests.clear()
    browser.open(page)
    browser.wait(f"{ROWS}.length > 5")
    assert found(browser) == "24 of 24 samples"
    assert browser.problems == []
    assert set(browser.requests) == {page.as_uri()}


def test_filters_and_search_narrow_the_list(browser: Browser, page: Path) -> None:
    browser.open(page)
    choose(browser, "status", "prompt too long")
    assert found(browser) == "2 of 24 samples"
    choose(browser, "status", "every status")
    choose(browser, "run", "<i>first</i>")
    choose(browser, "task", "synthesize-js")
    assert found(browser) == "6 of 24 samples"
    search(browser, "because FAILED", "3 of 24 samples")
    search(browser, "JavaScript/1", "2 of 24 samples")
    search(browser, "nowhere to be found", "0 of 24 samples")
    assert browser.run(f"{ROWS}.length") == 0


def test_a_hostile_generation_is_shown_as_text_and_never_runs(browser: Browser, page: Path) -> None:
    browser.open(page, fragment="#sample=0")
    browser.wait("document.querySelector('#detail details')")
    browser.run("document.querySelectorAll('#detail details').forEach((d) => { d.open = true; })")
    browser.wait("[...document.querySelectorAll('#detail details')].every((d) => d.childElementCount === 2)")
    shown = browser.run("document.getElementById('detail').textContent")
    assert shown.count("document.title='owned'") >= 2 * 6  # reason, output, generation, difference, program, prompt
    assert browser.run("document.querySelectorAll('#detail img, #detail script, #list img').length") == 0
    assert browser.run("document.title") == "HumanEvalPack"
    assert browser.problems == []


def test_the_policy_of_the_page_would_stop_what_slips_through(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')")
    browser.run("new Promise((done) => setTimeout(done, 200))")
    assert browser.run("document.title") == "HumanEvalPack"
    assert any("Content Security Policy" in problem for problem in browser.problems)
    browser.problems.clear()


def test_a_sample_shows_what_was_kept_and_how_it_differs(browser: Browser, page: Path) -> None:
    browser.open(page, fragment="#sample=1")
    browser.wait("document.querySelector('#detail pre mark')")
    solution = hep.load_problems("python", source="mini")[0].canonical_solution
    assert browser.run("document.querySelector('#detail pre mark').textContent").strip() == solution.strip()
    assert browser.run("document.querySelectorAll('#detail pre del, #detail pre ins').length") == 0
    browser.open(page, fragment="#sample=0")
    browser.wait("document.querySelector('#detail pre del')")
    assert browser.run("document.querySelectorAll('#detail pre ins').length") > 0


def test_rows_and_keys_lead_from_sample_to_sample(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.wait(f"{ROWS}.length > 5")
    browser.run(f"{ROWS}[2].click()")
    browser.wait("document.querySelector('#detail h3')?.textContent.includes('Python/1, sample 0')")
    browser.run("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', bubbles: true}))")
    browser.wait("document.querySelector('#detail h3').textContent.includes('Python/1, sample 1')")
    assert browser.run("location.hash") == "#sample=3"


def test_on_a_phone_nothing_sticks_out_and_a_sample_fills_the_screen(browser: Browser, page: Path) -> None:
    browser.open(page, size=PHONE)
    browser.wait(f"{ROWS}.length > 3")
    assert browser.run("document.documentElement.scrollWidth") == PHONE[0]
    browser.run(f"{ROWS}[0].click()")
    browser.wait("document.body.classList.contains('open') && document.querySelector('#back')")
    box = browser.run("document.getElementById('detail').getBoundingClientRect().toJSON()")
    assert [box["x"], box["y"], box["width"], box["height"]] == [0, 0, *PHONE]
    browser.run("document.getElementById('back').click()")
    browser.wait("!document.body.classList.contains('open')")


@pytest.mark.parametrize("dark", [False, True])
def test_texts_stand_out_from_the_ground_in_light_and_dark(browser: Browser, page: Path, dark: bool) -> None:
    browser.open(page, dark=dark, fragment="#sample=0")
    browser.wait("document.querySelector('#detail details')")
    light = (
        "(c) => { const [r, g, b] = c.match(/[\\d.]+/g).map((v) => { v /= 255; "
        "return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; }"
    )
    ratio = (
        f"(() => {{ const l = {light}, of = (s, p) => l(getComputedStyle(document.querySelector(s))[p]); "
        "return (s, g) => { const a = of(s, 'color'), b = of(g, 'backgroundColor'); "
        "return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); }; })()"
    )
    for text, ground in (("h1", "body"), ("td small", ".card"), ("ul.notes", "body"), (".row span + span", ".card")):
        assert browser.run(f"({ratio})({text!r}, {ground!r})") > 4.5, (text, dark)
    ground = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 27)") == dark


def test_twenty_thousand_samples_are_quick(browser: Browser, tmp_path: Path) -> None:
    few = make_run({(FIX, "python"): ["+-"] * 10, (SYNTHESIZE, "js"): ["-+"] * 10})
    many = [
        replace(
            row, index=index, task_id=f"{row.task_id.split('/')[0]}/{index}", generation=f"{row.generation}# {index}"
        )
        for index in range(500)
        for row in few.samples
    ]
    run = Run(name="many", folder=tmp_path, manifest={"dataset": "mini"}, samples=many)
    page = tmp_path / "many.html"
    hep.report(run, html=page)
    assert page.stat().st_size < 20e6
    start = time.monotonic()
    browser.open(page)
    browser.wait(f"{ROWS}.length > 5")
    assert time.monotonic() - start < 15
    assert found(browser) == "20,000 of 20,000 samples"
    assert browser.run("document.querySelectorAll('*').length") < 3000
    browser.run("document.getElementById('list').scrollTop = 1e9")
    browser.wait(f"[...{ROWS}].some((row) => row.dataset.number === '19999')")
    assert browser.run(f"{ROWS}.length") < 40
    search(browser, "# 123", "40 of 20,000 samples")
    assert browser.problems == []
