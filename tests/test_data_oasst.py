"""octopack_data.oasst: which dialogues give a pair, what a pair tells, and how the rest is counted and listed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from humanevalpack.errors import InputError, UsageError
from oasst_rows import flat, message, quality, some_trees, tree
from oasst_runs import phrases, run, source
from octopack_data.dialogue_filters import OasstSettings
from octopack_data.rows import write_rows


def test_a_pair_is_the_first_two_turns_and_tells_where_it_is_from(tmp_path: Path) -> None:
    counts, kept, _ = run(source(tmp_path, some_trees()), tmp_path / "out")
    assert counts == {"rows": 3, "kept": 2, "dropped_no_reply": 1, "code.none": 1, "code.python": 1}
    first, second = kept
    assert first.pop("id") != second.pop("id")
    assert first == {
        "prompt": "How are you?", "completion": "A: best", "source": "p0", "line": 1, "tree": "t1", "language": "en",
        "rank": 0, "quality": 0.9, "code_language": "",
    }  # fmt: skip
    assert (second["tree"], second["line"], second["language"], second["code_language"]) == ("t3", 3, "es", "python")


def test_a_dropped_dialogue_is_listed_with_its_place_and_the_reason(tmp_path: Path) -> None:
    _, _, dropped = run(source(tmp_path, some_trees()), tmp_path / "out")
    (row,) = dropped
    assert row.pop("id")
    assert row == {"source": "p0", "line": 2, "tree": "t2", "reason": "no_reply"}


def test_the_list_can_have_the_texts_or_be_left_out(tmp_path: Path) -> None:
    folder = source(tmp_path, [{"prompt": "Q", "completion": " "}])
    _, _, (row,) = run(folder, tmp_path / "all", excluded_contents=True)
    assert (row["prompt"], row["completion"], row["reason"]) == ("Q", " ", "empty")
    assert run(folder, tmp_path / "none", excluded_share=0)[2] == []


@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_pairs_are_written_in_any_format_with_the_same_columns(tmp_path: Path, form: str) -> None:
    folder = source(tmp_path, some_trees(), [{"prompt": "Q", "completion": "é"}])
    _, kept, _ = run(folder, tmp_path / "out", format=form)
    assert kept == run(folder, tmp_path / "again")[1]
    assert [row["completion"] for row in kept][-1] == "é"


def test_trees_and_messages_give_the_same_pairs(tmp_path: Path) -> None:
    folder = source(tmp_path, some_trees(), flat(*some_trees()))
    _, kept, _ = run(folder, tmp_path / "out", replies="all")
    assert [row["id"] for row in kept[:4]] == [row["id"] for row in kept[4:]]
    assert [row["completion"] for row in kept[:3]] == ["A: best", "A: second best", "A: unranked"]


def asked(*replies: dict[str, Any], **facts: Any) -> list[dict[str, Any]]:
    return [tree("t", message("Q", *replies, **facts))]


GOOD = quality(0.8)
FILTERS: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "language of the prompt": (asked(message("A"), lang="es"), {"languages": ("en",)}, "language"),
    "language of the reply": (asked(message("A", lang="es")), {"languages": ("en",)}, "language"),
    "one of two languages": (asked(message("A", lang="es")), {"languages": ("en", "es")}, ""),
    "best rank": (asked(message("A", rank=0)), {"max_rank": 0}, ""),
    "second rank": (asked(message("A", rank=1)), {"max_rank": 0}, "rank"),
    "second rank of two allowed": (asked(message("A", rank=1)), {"max_rank": 1}, ""),
    "no rank": (asked(message("A")), {"max_rank": 0}, "rank"),
    "quality of both": (asked(message("A", **GOOD), **GOOD), {"min_quality": 0.8}, ""),
    "quality of the prompt": (asked(message("A", **GOOD), **quality(0.7)), {"min_quality": 0.8}, "quality"),
    "quality of the reply": (asked(message("A", **quality(0.7)), **GOOD), {"min_quality": 0.8}, "quality"),
    "quality unknown": (asked(message("A"), **GOOD), {"min_quality": 0.0}, "quality"),
    "reviewed": (asked(message("A")), {"reviewed": True}, ""),
    "prompt failed the review": (asked(message("A"), review_result=False), {"reviewed": True}, "review"),
    "reply without a review": (asked(message("A", review_result=None)), {"reviewed": True}, "review"),
    "review is not asked about": (asked(message("A", review_result=False)), {}, ""),
    "deleted prompt": (asked(message("A"), deleted=True), {"keep_deleted": False}, "deleted"),
    "deleted reply": (asked(message("A", deleted=True)), {"keep_deleted": False}, "deleted"),
    "deleted may stay": (asked(message("A", deleted=True)), {}, ""),
    "deleted later turn": (asked(message("A", message("Q2", deleted=True))), {"keep_deleted": False}, ""),
    "state": ([tree("t", message("Q", message("A")), "growing")], {"tree_states": ("ready_for_export",)}, "tree_state"),
    "state of two": ([tree("t", message("Q", message("A")), "b")], {"tree_states": ("a", "b")}, ""),
    "code": (asked(message("A\n```c++\nint a;\n```")), {"code": "fenced"}, ""),
    "no code": (asked(message("A `x = 1`")), {"code": "fenced"}, "no_code"),
    "code of no language": (asked(message("A\n```\nx = 1\n```")), {"code": "fenced"}, "no_code"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILTERS)
def test_filters_on_what_oasst_tells(tmp_path: Path, case: str) -> None:
    rows, settings, reason = FILTERS[case]
    counts, _, _ = run(source(tmp_path, rows), tmp_path / "out", **settings)
    assert counts["kept"] == (not reason)
    assert [name for name in counts if name.startswith("dropped_")] == [f"dropped_{reason}"] * bool(reason)


@pytest.mark.parametrize(
    "settings",
    [{"languages": ("en",)}, {"max_rank": 0}, {"min_quality": 0.5}, {"reviewed": True}, {"keep_deleted": False},
     {"tree_states": ("a",)}],
    ids=lambda settings: next(iter(settings)),
)  # fmt: skip
def test_a_filter_that_no_row_of_a_form_can_answer_is_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    (name,) = settings
    folder = source(tmp_path, [{"messages": [{"content": "Q"}, {"content": "A"}]}])
    with pytest.raises(UsageError, match=rf"p0.jsonl, line 1: only OASST's exports.*{name} asks for"):
        run(folder, tmp_path / "out", **settings)


def test_pairs_that_were_made_before_cannot_be_filtered_by_facts_again(tmp_path: Path) -> None:
    run(source(tmp_path, some_trees()), tmp_path / "pairs")
    with pytest.raises(UsageError, match="only OASST's exports"):
        run(tmp_path / "pairs", tmp_path / "out", reviewed=True)


WRONG = {
    "max_rank": (-1, "greater than or equal to 0"),
    "min_quality": (1.5, "less than or equal to 1"),
    "replies": ("some", "'best' or 'all'"),
    "code": ("maybe", "'any' or 'fenced'"),
    "mode": ("old", "'published' or 'fixed'"),
    "format": ("csv", "'jsonl.zst'"),
    "excluded_share": (2, "less than or equal to 1"),
    "reviewed": ("often", "boolean"),
    "keep_deleted": ("often", "boolean"),
    "languages": (3, "a list"),
    "tree_states": (3, "a list"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_refused_with_its_name(name: str) -> None:
    from octopack_data.settings import make_settings

    value, allowed = WRONG[name]
    with pytest.raises(UsageError, match=rf"setting '{name}' is .*{allowed}"):
        make_settings(OasstSettings, {name: value})


ROLES: dict[str, tuple[list[tuple[str | None, str]], str, str]] = {
    # roles and texts, then the reason in mode published and in mode fixed
    "user, assistant": ([("user", "Q"), ("assistant", "A")], "", ""),
    "no roles": ([(None, "Q"), (None, "A")], "", ""),
    "system first": ([("system", "S"), ("user", "Q"), ("assistant", "A")], "", ""),
    "system alone": ([("system", "S")], "no_reply", "no_prompt"),
    "assistant first": ([("assistant", "A"), ("user", "Q")], "", "roles"),
    "two questions": ([("user", "Q"), ("user", "Q2"), ("assistant", "A")], "", "roles"),
    "empty answer": ([("user", "Q"), ("assistant", " \n")], "", "empty"),
    "empty question": ([("user", ""), ("assistant", "A")], "", "empty"),
    "a question alone": ([("user", "Q")], "no_reply", "no_reply"),
    "nothing": ([], "no_prompt", "no_prompt"),
}


@pytest.mark.parametrize("case", ROLES)
@pytest.mark.parametrize("mode", ["published", "fixed"])
def test_which_turns_make_a_pair_in_which_mode(tmp_path: Path, case: str, mode: str) -> None:
    turns, *reasons = ROLES[case]
    row = {"messages": [{"content": text, **({"role": role} if role else {})} for role, text in turns]}
    counts, kept, _ = run(source(tmp_path, [row]), tmp_path / "out", mode=mode)
    reason = reasons[mode == "fixed"]
    assert [name for name in counts if name.startswith("dropped_")] == [f"dropped_{reason}"] * bool(reason)
    if case == "system first":
        assert kept[0]["prompt"] == ("S" if mode == "published" else "Q")


@examples(max_examples=15, deadline=None)
@given(st.lists(st.text("Qab ", min_size=1, max_size=4), min_size=1, max_size=12), st.integers(1, 4))
def test_every_dialogue_is_kept_or_counted_whatever_files_and_workers(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], files: int
) -> None:
    folder = tmp_path_factory.mktemp("pairs")
    rows = [tree(f"t{n}", message(text, *([message("A" + text)] if n % 3 else []))) for n, text in enumerate(texts)]
    many = source(folder, *(rows[number::files] for number in range(files)))
    forbidden = phrases(folder, "ab")
    one, kept, dropped = run(many, folder / "one", phrases=forbidden)
    two, *rest = run(many, folder / "two", workers=2, phrases=forbidden)
    assert (one, kept, dropped) == (two, *rest)
    assert one["rows"] == len(rows) == one["kept"] + sum(one[name] for name in one if name.startswith("dropped_"))
    assert len(kept) == one["kept"] == sum(one[name] for name in one if name.startswith("code."))


def test_a_sample_is_a_part_of_a_larger_one_and_the_same_in_any_file(tmp_path: Path) -> None:
    rows = [{"prompt": f"Q{n}", "completion": "A"} for n in range(200)]
    folder = source(tmp_path, rows[:150], rows[150:])
    turned = tmp_path / "turned"
    write_rows(turned / "x.jsonl", rows[::-1])
    tenth, half, thirty, again = (
        {row["id"] for row in run(src, tmp_path / f"out{n}", sample=sample)[1]}
        for n, (src, sample) in enumerate([(folder, "0.1"), (folder, "0.5"), (folder, "30"), (turned, "30")])
    )
    assert tenth < half
    assert len(thirty) == 30
    assert thirty == again
    with pytest.raises(UsageError, match=r"sample is '2\.0'"):
        run(folder, tmp_path / "wrong", sample="2.0")


def test_one_broken_file_does_not_undo_the_others(tmp_path: Path) -> None:
    folder = source(tmp_path, some_trees(), [{"question": 1}])
    with pytest.raises(InputError, match=r"p1.jsonl, line 1"):
        run(folder, tmp_path / "out")
    assert (tmp_path / "out" / "data" / "p0.jsonl.zst").exists()
    (folder / "p1.jsonl").write_text('{"prompt": "Q", "completion": "A"}\n')
    with pytest.raises(InputError, match="holds another run"):
        run(folder, tmp_path / "out")
