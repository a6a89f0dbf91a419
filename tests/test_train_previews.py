"""octopack_train.previews and rendering: what is said about a run's data before it, and what eyes see of it."""

from pathlib import Path

import pytest

from humanevalpack.errors import InputError
from octopack_train.prepared import prepare
from octopack_train.previews import preview
from octopack_train.recipes.reading import read_recipe
from octopack_train.rendering import MASKED, PLAIN, TRAINED, preview_text
from prepared_rows import LONG, made, rows, settings
from training_rows import written


def test_what_is_masked_and_what_is_trained_is_seen(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", {"prompt": "Say hi", "completion": "hi"})
    own = settings(path)
    found = preview(own)
    prompt, answer = "Question: Say hi\n\nAnswer:", " hi<|endoftext|>"
    assert f"{MASKED}{prompt}{PLAIN}{TRAINED}{answer}{PLAIN}" in preview_text(found, own, colour=True)
    assert f"[masked]{prompt}[/masked][trained]{answer}[/trained]" in preview_text(found, own, colour=False)
    every = settings(path, "loss=all")
    assert f"[trained]{prompt}{answer}[/trained]" in preview_text(found, every, colour=False)


def test_what_a_terminal_would_obey_or_hide_is_shown_as_an_escape(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", {"prompt": "a\x1b[2Jb\r\u202e", "completion": "\u2028é\t\U0001f600\n"})
    own = settings(path, "data.text=raw")
    said = preview_text(preview(own), own, colour=False)
    assert "[masked]a\\x1b[2Jb\\r\\u202e[/masked][trained]\\u2028é\t\U0001f600\n<|endoftext|>[/trained]" in said


@pytest.mark.parametrize(("more", "said"), [((), "none: cadence.evaluate measures nothing"), (("test",), "3 examples")])
def test_a_plan_says_what_there_is_to_test_on(tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    path, test = written(tmp_path / "rows.jsonl", *rows(9)), written(tmp_path / "test.jsonl", *rows(3))
    own = settings(path, "cadence.evaluate=1", *(f"data.test_path={test}" for _ in more))
    assert f"\ntest          {said}" in preview_text(preview(own), own, colour=False)


def test_a_plan_does_not_say_of_rows_that_it_does_not_look_at_that_none_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("previews", "rendering"):
        monkeypatch.setattr(f"octopack_train.{module}.ROWS", 2)
    path = written(tmp_path / "rows.jsonl", *rows(40))
    own = settings(path, "cadence.evaluate=1", "data.test_share=0.1", "data.test_seed=5")
    assert prepare(own, tmp_path / "data").report["test"]["rows"] > 0
    assert "\ntest          none of the first 2 of each source\n" in preview_text(preview(own), own, colour=False)
    none = settings(path, "cadence.evaluate=1")
    assert "\ntest          none: cadence.evaluate measures" in preview_text(preview(none), none, colour=False)


def test_a_plan_says_so_where_nothing_of_the_rows_to_test_on_would_be_measured(tmp_path: Path) -> None:
    path, test = written(tmp_path / "rows.jsonl", *rows(9)), written(tmp_path / "test.jsonl", LONG)
    own = settings(path, f"data.test_path={test}", "sequence.length=16", "cadence.evaluate=1")
    assert "\ntest          none: cadence.evaluate measures" in preview_text(preview(own), own, colour=False)


@pytest.mark.parametrize(("packing", "left_out"), [("wrapped", 4), ("bfd_split", 4), ("constant_length", 4)])
def test_a_plan_counts_the_rows_that_a_run_leaves_out(tmp_path: Path, packing: str, left_out: int) -> None:
    more = [f"sequence.packing={packing}", "sequence.length=16", "data.text=raw"]
    own = settings(written(tmp_path / "rows.jsonl", LONG), *more)
    found = preview(own).report["train"]
    assert found["counts"]["dropped_untrained_rows"] == left_out
    run = prepare(own, tmp_path / "data").report["train"]
    assert [found[name] for name in ("tokens", "trained_tokens", "counts")] == [
        run[name] for name in ("tokens", "trained_tokens", "counts")
    ]


def test_a_text_alone_is_told_how_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not text\. A text alone: data\.text=raw\."):
        made(tmp_path, written(tmp_path / "rows.jsonl", {"text": "a b"}))


def test_numbers_of_the_preview(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", *rows(10), {"prompt": "long", "completion": "word " * 300})
    own = settings(path)
    said = preview_text(preview(own), own, colour=False)
    assert "examples      11 of the first 2,000 of each source; 11 rows" in said
    assert "truncated     1 (9.1%): cut at the end, end marker lost" in said
    assert said.count("Example ") == 3


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (["data.path=null"], "no data is named"),
        (["data.path=some/hub-id"], "no file or folder here: some/hub-id"),
        (["model.tokenizer=some/model"], "the tokenizer of some/model is not on this machine"),
    ],
)
def test_a_plan_downloads_nothing(changes: list[str], why: str) -> None:
    own = read_recipe("tiny-smoke", changes).settings
    assert why in preview_text(preview(own), own, colour=False)
