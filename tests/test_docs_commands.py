"""Every command and every line of Python in README and docs is executed, page by page, and says what the page shows.

``pages.py`` says how a page is written. A new page is found by itself.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import PROJECT
from humanevalpack.errors import HumanEvalPackError
from humanevalpack.languages import LANGUAGES
from page_clones import make_clones
from page_commands import OURS, TOOLS, check, commands_of, commands_of_prose
from page_session import Session, Wrong
from pages import REASONS, RUN, SHOWN, Block, Page, page_paths, parse_page, read_page
from report_runs import make_run, write_run
from tiny_tokenizers import byte_level, saved

pytest_plugins = ["tiny_models"]

ELSEWHERE = {"docs/commits_to_score.md"}
"""Long pages whose way a test of its own goes in every run (test_train_loop.py)."""
PAGES = {str(path.relative_to(PROJECT)): read_page(path) for path in page_paths(PROJECT)}
TINY = "results/demo/models/trained"
every_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


@pytest.fixture
def given(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[Page], None]:
    """Put what a page may suppose to be there into its folder.

    Two runs, the model that ``make demo`` leaves, clones of git repositories, a tokenizer, a checkout of Megatron-LM,
    the examples.
    """

    def put(page: Page) -> None:
        text = "".join(block.text for block in page.to_run)
        if " RUN" in text or '"RUN' in text:
            for name, passes in (("RUN", ["++", "+-", "-c"]), ("RUN2", ["++", "--", "-c"])):
                write_run(make_run({("fixtests", "python"): passes}, name=name, model="tiny"), tmp_path / name)
        if TINY in text:
            (tmp_path / TINY).parent.mkdir(parents=True)
            (tmp_path / TINY).symlink_to(request.getfixturevalue("trained_model"))
        if "clones" in text:
            make_clones(tmp_path / "clones")
        if "clones" in text or "--tokenizer tokenizer.json" in text:
            saved(byte_level(), tmp_path / "tokenizer.json")
        if "--megatron Megatron-LM" in text:  # a checkout, as far as it is looked at before it is started
            (tmp_path / "Megatron-LM/megatron").mkdir(parents=True)
            for name in ("pretrain_gpt.py", "finetune_mtf.py"):
                (tmp_path / "Megatron-LM" / name).touch()
        if "examples/" in text:
            (tmp_path / "examples").symlink_to(PROJECT / "examples")

    return put


@pytest.mark.namespaces
@pytest.mark.toolchain(*LANGUAGES)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=name, marks=[pytest.mark.full] if name in ELSEWHERE else [])
        for name, page in PAGES.items()
        if page.to_run
    ],
)
def test_a_page_does_what_it_says(page: Page, given: Callable[[Page], None], tmp_path: Path) -> None:
    given(page)
    execute(page, Session(tmp_path))


def execute(page: Page, session: Session) -> None:
    """Run the blocks of a page in their order; a text block right behind a script or code is what that says."""
    try:
        for place, block in enumerate(page.blocks):
            if block in page.to_run:
                behind = page.blocks[place + 1 : place + 2]
                shown = [b.text for b in behind if b.kind == "text" and b.follows_directly]
                session.run(block, shown[0] if shown else None)
    finally:
        session.close()


@every_page
def test_what_does_not_run_says_why(page: Page) -> None:
    wrong = [
        f"line {block.line}: <!-- not run: {block.not_run} --> is none of {', '.join(REASONS)}"
        for block in page.blocks
        if block.not_run is not None and block.not_run not in REASONS
    ]
    wrong += [f"line {b.line}: ```{b.kind}" for b in page.blocks if b.kind not in (*RUN, *SHOWN)]
    wrong += [f"line {block.line}: {line}" for block in page.blocks for line in hidden_commands(block)]
    assert wrong == []


def hidden_commands(block: Block) -> list[str]:
    """Lines that are commands in a block that is not marked as one."""
    if block.kind in RUN or (block.kind == "text" and block.follows_directly):  # what follows a block is what that says
        return []
    return [line for line in block.text.splitlines() if line.split(" ")[0].removeprefix("$") in (*OURS, *TOOLS)]


@every_page
def test_the_commands_that_cannot_run_here_have_options_that_exist(page: Page, project: Path) -> None:
    for block in page.blocks:
        if block.not_run is None or block.kind == "python":
            continue
        for words in commands_of(block):
            try:
                check(words, project)
            except (Wrong, HumanEvalPackError) as error:
                pytest.fail(f"line {block.line}: {error}")


@every_page
def test_the_commands_that_sentences_and_tables_name_exist(page: Page, project: Path) -> None:
    for words in commands_of_prose(page):
        try:
            check(words, project)
        except (Wrong, HumanEvalPackError) as error:
            pytest.fail(str(error))


def a_page(text: str) -> Page:
    return parse_page(Path("page.md"), text)


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ echo a\nb\n```",
        "```console\n$ false\n```",
        "```bash\ntrue\nfalse\n```",
        "<!-- exit code: 1 -->\n```bash\ntrue\n```",
        "```bash\necho a\n```\n\n```text\nb\n```",
        "```python\nprint(1)\n```\n```text\n2\n```",
        "```python\nraise SystemExit\n```",
        "```console\n$ echo a; echo b\na\n```",
    ],
)
def test_a_page_that_is_not_true_is_found(text: str, tmp_path: Path) -> None:
    with pytest.raises(Wrong):
        execute(a_page(text), Session(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ echo a\na\n$ echo \\\n  b\nb\n```",
        "<!-- exit code: 1 -->\n```bash\nfalse\n```",
        "<!-- not run: gpu -->\n```bash\nfalse\n```",
        "```console\n$ seq 5\n1\n…\n5\n$ echo took 3.5 s of 7 days\ntook 1 s of 7 days\n$ echo a b c\na … c\n```",
        "```python\na = 1\n```\nwords\n```bash\necho 5 > file\n```\n```python\n"
        "print(a + int(open('file').read()))\n```\n```text\n6\n```",
        "```python\nimport asyncio\nawait asyncio.sleep(0)\n```",
        "````text\n```bash\nfalse\n```\n````",
        "```bash\necho a\n```\n\nAnother one:\n\n```text\nb\n```",
    ],
)
def test_a_page_that_is_true_passes(text: str, tmp_path: Path) -> None:
    execute(a_page(text), Session(tmp_path))
