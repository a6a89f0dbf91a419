"""octopack_train.prepared: a run's data on disk, and its report."""

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from humanevalpack.errors import InputError, UsageError
from octopack_train.prepared import Prepared, is_current, percentiles
from octopack_train.previews import preview
from prepared_rows import LONG, made, rows, settings
from training_rows import written


def test_rows_and_report(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", *rows(20))
    found = made(tmp_path, path)
    train, stored = found.report["train"], Dataset.from_file(str(found.folder / "train.arrow"))
    assert train["rows"] == len(stored) == train["counts"]["examples"] == 20
    assert train["tokens"] == sum(len(row["input_ids"]) for row in stored)
    assert train["trained_tokens"] == sum(label != -100 for row in stored for label in row["labels"][1:])
    assert found.report["files"] == {str(path): [path.stat().st_size, path.stat().st_mtime_ns]}
    assert is_current(found.report)
    written(path, *rows(21))
    assert not is_current(found.report)
    assert json.loads((found.folder / "report.json").read_text("utf-8")) == found.report


def test_the_same_data_gives_the_same_rows_and_another_seed_other_ones(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", *rows(20))
    prints = [made(tmp_path, path, *more).report["train"]["fingerprint"] for more in ((), (), ("seeds.data=1",))]
    assert prints[0] == prints[1] != prints[2]


def test_one_changed_answer_changes_the_fingerprint(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", *rows(20))
    before = made(tmp_path, path).report["train"]["fingerprint"]
    written(path, *rows(19), {"prompt": "Write code 19", "completion": "code = 20"})
    assert made(tmp_path, path).report["train"]["fingerprint"] != before


def labels_of(found: Prepared, side: str = "train") -> list[list[int]]:
    """What is trained of each row, or of each example of a row whose examples do not see each other."""
    parts = []
    for row in Dataset.from_file(str(found.folder / f"{side}.arrow")):
        begun = 0
        for size in row.get("seq_lengths", [len(row["labels"])]):
            parts.append(row["labels"][begun : begun + size])
            begun += size
    return parts


@pytest.mark.parametrize("packing", ["constant_length", "wrapped", "bfd_split"])
@pytest.mark.parametrize(("loss", "left_out"), [("targets", 4), ("all", 0)])
def test_rows_and_pieces_that_a_long_prompt_fills_are_left_out_and_counted(
    tmp_path: Path, packing: str, loss: str, left_out: int
) -> None:
    path = written(tmp_path / "rows.jsonl", LONG)
    more = [f"sequence.packing={packing}", "sequence.length=16", "data.text=raw", f"loss={loss}"]
    found = made(tmp_path, path, *more)
    train, labels = found.report["train"], labels_of(found)
    assert all(any(label != -100 for label in row[1:]) for row in labels)
    assert len(labels) == 5 - left_out  # the last of five holds the answer
    assert train["buffers"] == ([len(labels)] if packing == "constant_length" else [])
    assert train["counts"].get("dropped_untrained_rows", 0) == left_out


@pytest.mark.parametrize("packing", ["none", "greedy", "bfd", "wrapped", "bfd_split", "constant_length"])
def test_a_row_of_one_token_trains_nothing(tmp_path: Path, packing: str) -> None:
    path = written(tmp_path / "rows.jsonl", {"text": "x"})
    more = [f"sequence.packing={packing}", "sequence.end_marker=none", "data.text=raw", "loss=all"]
    with pytest.raises(InputError, match=r"no row to train on is left: .*dropped_untrained_rows 1 \(sequence"):
        made(tmp_path, path, *more)


def test_a_test_side_of_which_nothing_is_trained_is_told_and_not_measured(tmp_path: Path) -> None:
    path, test = written(tmp_path / "rows.jsonl", *rows(9)), written(tmp_path / "test.jsonl", LONG)
    found = made(tmp_path, path, f"data.test_path={test}", "sequence.length=16")
    assert found.report["test"]["rows"] == 0
    assert found.report["test"]["counts"]["dropped_untrained"] == 1
    assert not (found.folder / "test.arrow").exists()


def test_buffers_of_the_test_side_are_filled_by_the_estimate_of_the_train_side(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", *({"text": "word " * 6} for _ in range(9)))
    test = written(tmp_path / "test.jsonl", *({"text": "! ? . , " * 5} for _ in range(9)))
    more = ["sequence.packing=constant_length", "sequence.length=8", "sequence.buffer_rows=2", "data.text=raw"]
    sides = made(tmp_path, path, f"data.test_path={test}", *more).report
    assert sides["train"]["characters_a_token"] == sides["test"]["characters_a_token"]
    own = made(tmp_path, test, *more).report["train"]
    assert own["characters_a_token"] < sides["test"]["characters_a_token"]
    assert len(own["buffers"]) > len(sides["test"]["buffers"])


def test_what_is_cut_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", *rows(10), {"prompt": "long", "completion": "word " * 300})
    counts = made(tmp_path, path).report["train"]["counts"]
    assert counts["truncated"] == 1
    assert counts["truncated_tokens"] > 100


def mixture(tmp_path: Path, **more: Any) -> str:
    sources = []
    for name, weight in (("commits", 0.7), ("chat", 0.3)):
        languages = [{"lang": ("Python", "Rust")[number % 4 == 0]} if name == "commits" else {} for number in range(40)]
        written(tmp_path / f"{name}.jsonl", *(row | lang for row, lang in zip(rows(40, name), languages, strict=True)))
        sources.append({"name": name, "source": f"{tmp_path}/{name}.jsonl", "weight": weight})
    return f"data.mixture={json.dumps({'sources': sources} | more)}"


def test_realized_shares_of_a_mixture_are_reported(tmp_path: Path) -> None:
    report = made(tmp_path, None, mixture(tmp_path)).report
    sources = report["train"]["sources"]
    assert (sources["commits"]["rows"], sources["chat"]["rows"]) == (40, 17)
    assert sources["commits"]["share_of_rows"] == pytest.approx(0.7, abs=0.01)
    assert sum(one["share_of_tokens"] for one in sources.values()) == pytest.approx(1)
    assert {one["source"]: one["wanted_share"] for one in report["choices"]} == {"commits": 0.7, "chat": 0.3}
    assert report["read"]["mixture"]["dropped_not_taken"] == 23
    assert {Path(name).name for name in report["files"]} == {"commits.jsonl", "chat.jsonl"}


def test_a_mixture_repeats_a_short_source_if_that_is_asked_for(tmp_path: Path) -> None:
    sources = made(tmp_path, None, mixture(tmp_path, shortage="repeat")).report["train"]["sources"]
    assert (sources["commits"]["rows"], sources["chat"]["rows"]) == (94, 40)


def test_languages_of_a_mixture_are_drawn_inside_their_source(tmp_path: Path) -> None:
    report = made(tmp_path, None, mixture(tmp_path), "data.language_draw.tau=0").report
    drawn = {(one["source"], one["language"]): one["rows"] for one in report["choices"]}
    assert drawn == {("commits", "Python"): 20, ("commits", "Rust"): 20, ("chat", ""): 17}


def test_rows_that_a_mixture_holds_out_are_those_to_test_on(tmp_path: Path) -> None:
    report = made(tmp_path, None, mixture(tmp_path, valid=0.3)).report
    assert report["train"]["rows"] + report["test"]["rows"] == 57
    assert set(report["test"]["sources"]) <= {"commits (test)", "chat (test)"}


def test_a_preview_of_a_mixture_reads_the_first_rows_of_each_source(tmp_path: Path) -> None:
    own = settings(None, mixture(tmp_path))
    assert {name: one["rows"] for name, one in preview(own).report["train"]["sources"].items()} == {
        "commits": 40,
        "chat": 40,
    }


def test_a_source_with_a_test_split(tmp_path: Path) -> None:
    written(tmp_path / "rows" / "train.jsonl", *rows(9))
    written(tmp_path / "rows" / "test.jsonl", *rows(4, "test"))
    report = made(tmp_path, tmp_path / "rows").report
    assert (report["train"]["rows"], report["test"]["rows"]) == (9, 4)


def test_a_share_is_held_out_and_an_example_is_on_one_side(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", *rows(100), *rows(100))
    found = made(tmp_path, path, "data.test_share=0.2")
    sides = [Dataset.from_file(str(found.folder / f"{side}.arrow")) for side in ("train", "test")]
    train, test = ({tuple(row["input_ids"]) for row in side} for side in sides)
    assert len(sides[0]) + len(sides[1]) == 200
    assert 10 < len(sides[1]) < 80
    assert not train & test


def test_rows_to_test_on_from_elsewhere(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", *rows(9))
    other = written(tmp_path / "other.jsonl", *rows(3))
    assert made(tmp_path, path, f"data.test_path={other}").report["test"]["rows"] == 3


def test_no_data_and_no_rows_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing to train on: --set data\.path=FILE"):
        made(tmp_path, None)
    with pytest.raises(
        InputError, match=r"no example to train on is left: rows\.jsonl: rows 1, dropped_empty_target 1$"
    ):
        made(tmp_path, written(tmp_path / "rows.jsonl", {"prompt": "a", "completion": ""}))
    with pytest.raises(InputError, match=r"source none.jsonl: .*none.jsonl: no file or folder"):
        made(tmp_path, tmp_path / "none.jsonl")


def test_a_share_that_holds_out_every_row_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", *rows(3))
    with pytest.raises(
        InputError, match=r"no example to train on is left: rows\.jsonl: rows 3; held out to test on: 3$"
    ):
        made(tmp_path, path, "data.test_share=0.9999")


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no example to train on is left"):
        made(tmp_path, written(tmp_path / "rows.jsonl", {"prompt": "a", "completion": ""}))
    assert not (tmp_path / "data").exists()


def test_percentiles_are_lengths_that_are_there() -> None:
    assert percentiles(range(1, 101)) == {"p50": 50, "p90": 90, "p95": 95, "p99": 99, "p100": 100}
    assert percentiles([7]) == dict.fromkeys(("p50", "p90", "p95", "p99", "p100"), 7)
    assert percentiles([]) == {}
