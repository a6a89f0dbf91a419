"""octopack_data.mixtures: shares, caps, shortages, and where each row is from."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_rows import commit, write
from humanevalpack.errors import InputError, UsageError
from octopack_data.manifests import sha256_of
from octopack_data.mixture_settings import (
    MixSettings,
    largest_remainders,
    mixture_file,
    quotas,
    read_mixture,
    shipped,
)
from octopack_data.mixtures import mix
from octopack_data.rows import read_rows
from octopack_data.settings import make_settings, read_settings
from octopack_data.sources import find_parts


def settings(folder: Path, more: dict[str, Any] | None = None, **sources: dict[str, Any]) -> MixSettings:
    named = [{"name": name, "source": str(folder / name), **said} for name, said in sources.items()]
    return make_settings(MixSettings, {"sources": named, **(more or {})})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """100 pairs ``a`` in two files, 40 pairs ``b``, 30 commits ``c``."""
    for name, rows in (("a", 100), ("b", 40)):
        pairs = [{"prompt": f"{name}{number}?", "completion": f"{name}{number}!"} for number in range(rows)]
        write(tmp_path / name / "one.jsonl", pairs[: rows // 2])
        write(tmp_path / name / "two.jsonl.zst", pairs[rows // 2 :])
    changes = [commit(n, old_contents=f"x = {n}\n", lang="Go" if n % 3 else "C++") for n in range(30)]
    write(tmp_path / "c" / "rows.jsonl", changes)
    return tmp_path


def run(how: MixSettings, output: Path, workers: int = 1, **more: Any) -> dict[str, Any]:
    return mix(how, output, workers=workers, progress=False, **more)


def read(output: Path, side: str = "") -> list[dict[str, Any]]:
    return [row for part in find_parts(output / side) for row in read_rows(part.path)]


def taken(output: Path) -> dict[str, int]:
    return dict(sorted(Counter(row["source"] for row in read(output)).items()))


def report(output: Path) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads((output / "mixture.json").read_text("utf-8"))["sources"]}


def test_without_weights_everything_is_there_once_shuffled_and_says_where_it_is_from(folder: Path) -> None:
    manifest = run(settings(folder, a={}, c={"form": "instruction"}), folder / "out")
    rows = read(folder / "out")
    assert manifest["counts"] == {"rows": 130, "kept": 130}
    assert {"prompt": "a7?", "completion": "a7!"}.items() <= next(row for row in rows if row["prompt"] == "a7?").items()
    [change] = [row for row in rows if row["row_id"] == f"{7:040x}"]
    assert change == {
        "prompt": "Change a\nx = 7\n",
        "completion": "a = 2\n",
        "source": "c",
        "lang": "Go",
        "row_id": f"{7:040x}",
    }
    places = [place for place, row in enumerate(rows) if row["source"] == "c"]
    assert (min(places) < 30, max(places) > 100) == (True, True)


def test_the_output_does_not_depend_on_workers_or_the_files_of_a_source(folder: Path) -> None:
    how = {"a": {"weight": 1}, "b": {"weight": 1}}
    run(settings(folder, {"valid": 0.2}, **how), folder / "one")
    whole = [row for part in find_parts(folder / "a") for row in read_rows(part.path)][::-1]
    run(settings(folder, {"valid": 0.2}, **how), folder / "three", workers=3)
    for path in (folder / "a").iterdir():
        path.unlink()
    write(folder / "a" / "whole.jsonl", whole)
    run(settings(folder, {"valid": 0.2}, **how), folder / "whole")
    names = ("train/data/mixture.jsonl", "valid/data/mixture.jsonl", "mixture.json")
    hashes = [[sha256_of(folder / output / name) for name in names] for output in ("one", "three", "whole")]
    assert hashes[0] == hashes[1] == hashes[2]


@pytest.mark.parametrize(
    ("more", "weights", "wanted"),
    [
        ({}, (1, 1), (40, 40)),  # as many as keep the shares
        ({}, (3, 1), (100, 33)),
        ({"shortage": "repeat"}, (1, 1), (100, 100)),  # each gives all it has
        ({"shortage": "less"}, (1, 1), (40, 40)),
        ({"rows": 60}, (2, 1), (40, 20)),
        ({"rows": 10}, (1, 2), (3, 7)),
        ({"rows": 100, "shortage": "repeat"}, (1, 1), (50, 50)),
        ({"rows": 400, "shortage": "repeat"}, (1, 1), (200, 200)),
        ({"rows": 400, "shortage": "less"}, (1, 1), (100, 40)),
        ({"rows": 70}, (None, None), (50, 20)),  # the shares of what is there
    ],
)
def test_weights(folder: Path, more: dict[str, Any], weights: tuple[Any, Any], wanted: tuple[int, int]) -> None:
    how = settings(folder, more, a={"weight": weights[0]}, b={"weight": weights[1]})
    counts = run(how, folder / "out")["counts"]
    assert taken(folder / "out") == dict(zip("ab", wanted, strict=True))
    assert counts["rows"] + counts.get("repeated", 0) == counts["kept"] + counts.get("dropped_not_taken", 0)


def test_repeated_rows_are_whole_rounds_and_the_first_ones_once_more(folder: Path) -> None:
    run(settings(folder, {"rows": 200, "shortage": "repeat"}, a={"weight": 1}, b={"weight": 1}), folder / "out")
    times = Counter(Counter(row["row_id"] for row in read(folder / "out") if row["source"] == "b").values())
    assert times == {3: 20, 2: 20}


@pytest.mark.parametrize(
    ("said", "rows"),
    [({"rows": 12}, 12), ({"most_rows": 7}, 7), ({"most_rows": 1000}, 40), ({}, 40)],
)
def test_rows_and_caps_of_a_source(folder: Path, said: dict[str, Any], rows: int) -> None:
    run(settings(folder, a={"rows": 1}, b=said), folder / "out")
    assert taken(folder / "out") == {"a": 1, "b": rows}


@pytest.mark.parametrize(("most", "rows"), [(39, 3), (40, 4), (1000, 50)])
def test_a_cap_on_the_text_is_not_exceeded(folder: Path, most: int, rows: int) -> None:
    write(folder / "d" / "rows.jsonl", [{"prompt": f"é{number:04d}", "completion": "yes!"} for number in range(50)])
    run(settings(folder, d={"most_bytes": most}), folder / "out")
    assert (report(folder / "out")["d"]["rows"], report(folder / "out")["d"]["bytes"]) == (rows, 10 * rows)


def test_a_larger_number_of_rows_holds_the_smaller_one(folder: Path) -> None:
    for rows in (5, 25):
        run(settings(folder, a={"rows": rows}), folder / f"{rows}")
    few, many = ({row["row_id"] for row in read(folder / f"{rows}")} for rows in (5, 25))
    assert few < many


def test_what_came_out_is_reported_beside_what_was_wanted(folder: Path) -> None:
    run(settings(folder, {"rows": 31}, a={"weight": 3, "unverified": ["weight"]}, b={"weight": 1}), folder / "out")
    found = report(folder / "out")
    assert (found["a"]["rows_there"], found["a"]["rows"], found["a"]["wanted_share"]) == (100, 23, 0.75)
    assert (found["a"]["share_of_rows"], found["b"]["share_of_rows"]) == (23 / 31, 8 / 31)
    assert found["a"]["bytes"] == sum(
        len(r["prompt"] + r["completion"]) for r in read(folder / "out") if r["source"] == "a"
    )
    assert found["a"]["unverified"] == {"weight": 3.0}


def test_duplicates_and_what_is_not_taken_are_counted(folder: Path) -> None:
    write(folder / "d" / "rows.jsonl", [{"prompt": f"{number % 10}", "completion": "x"} for number in range(50)])
    counts = run(settings(folder, d={"rows": 4, "most_rows": 8}), folder / "out")["counts"]
    assert counts == {
        "rows": 50,
        "kept": 4,
        "dropped_capped": 2,
        "dropped_exact_duplicate": 40,
        "dropped_not_taken": 4,
    }
    assert run(settings(folder, d={"deduplicate": False}), folder / "all")["counts"]["kept"] == 50


def test_columns_of_another_name_and_an_id_of_ones_own(folder: Path) -> None:
    write(folder / "d" / "rows.jsonl", [{"inputs": "q", "targets": "r", "tree": "t1"}])
    said = {"prompt_column": "inputs", "completion_column": "targets", "id_column": "tree"}
    run(settings(folder, d=said), folder / "out")
    assert read(folder / "out") == [{"prompt": "q", "completion": "r", "source": "d", "lang": "", "row_id": "t1"}]


def test_rows_for_megatron_and_whole_texts(folder: Path) -> None:
    write(folder / "d" / "rows.jsonl", [commit(1)])
    only = {"provenance": False, "mode": "published"}
    run(settings(folder, {**only, "columns": "inputs-targets"}, d={"form": "commit"}), folder / "mtf")
    run(settings(folder, {**only, "columns": "text"}, d={"form": "santacoderpack"}), folder / "text")
    head = "<commit_before>a = 1\n<commit_msg>"
    assert read(folder / "mtf") == [{"inputs": head, "targets": "Change a<commit_after>a = 2\n<|endoftext|>"}]
    assert read(folder / "text") == [{"text": f"{head}Change a\n<commit_after>a = 2\n"}]


def test_octocoder_s_text_has_its_boundary_before_the_space(folder: Path) -> None:
    write(folder / "d" / "rows.jsonl", [{"prompt": "Why?", "completion": "So."}])
    run(settings(folder, {"text": "question-answer", "provenance": False}, d={}), folder / "out")
    assert read(folder / "out") == [{"prompt": "Question: Why?\n\nAnswer:", "completion": " So."}]


@pytest.mark.parametrize("killed", ["source_examples", "quotas", "SideFiles"])
def test_after_kill_9_the_same_command_ends_as_an_undisturbed_run(folder: Path, killed: str) -> None:
    how = settings(folder, a={}, b={})
    program = (
        "import os, signal, sys; from pathlib import Path; import octopack_data.mixtures as m\n"
        "from octopack_data.mixture_settings import MixSettings\n"
        f"m.{killed} = lambda *a, **b: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"m.mix(MixSettings.model_validate_json({how.model_dump_json()!r}), Path({str(folder / 'out')!r}))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL
    assert run(how, folder / "out")["counts"] == run(how, folder / "whole")["counts"]
    assert read(folder / "out") == read(folder / "whole")
    assert not (folder / "out" / ".mix").exists()


def test_another_mixture_in_the_same_folder_is_refused_until_it_is_started_anew(folder: Path) -> None:
    run(settings(folder, a={}), folder / "out")
    with pytest.raises(InputError, match="--overwrite"):
        run(settings(folder, b={}), folder / "out")
    run(settings(folder, b={}), folder / "out", overwrite=True)
    assert taken(folder / "out") == {"b": 40}


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(0, 1000))
def test_rows_are_whole_and_add_up_and_are_near_their_shares(weights: list[int], total: int) -> None:
    shares = {f"{place}": Fraction(weight, sum(weights)) for place, weight in enumerate(weights)}
    found = largest_remainders(shares, total)
    assert sum(found.values()) == total
    assert all(abs(found[name] - share * total) < 1 for name, share in shares.items())


@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(1, 99), st.floats(0.01, 9)), min_size=1))
def test_weights_alone_never_ask_for_more_than_is_there(sources: dict[str, tuple[int, float]]) -> None:
    how = settings(Path("x"), **{name: {"weight": weight} for name, (_, weight) in sources.items()})
    there = {name: rows for name, (rows, _) in sources.items()}
    found = quotas(how, there)
    assert all(found[name] <= rows for name, rows in there.items())


def test_the_mixtures_that_ship() -> None:
    assert shipped() == ["octocoder", "santacoderpack"]
    octocoder, pretraining = read_mixture("octocoder"), read_mixture("santacoderpack")
    assert {one.name: (one.rows, "rows" in one.unverified) for one in octocoder.sources} == {
        "commitpackft": (5000, True),
        "oasst": (8587, True),
    }
    assert (octocoder.columns, octocoder.text) == ("prompt-completion", "raw")
    assert pretraining.sources[0].languages == ("Python", "JavaScript", "Java", "C++", "Go", "Rust")
    assert pretraining.columns == "text"
    assert all(read_settings(MixSettings, mixture_file(name)) for name in shipped())


@pytest.mark.real_data
def test_octocoder_s_mixture_of_the_pairs_that_are_published(shared: Path, folder: Path) -> None:
    path = shared / "sources/oasst/pairs.jsonl"
    how = read_mixture("octocoder")
    sources = (
        how.sources[0].model_copy(update={"source": str(folder / "c"), "rows": 10}),
        how.sources[1].model_copy(update={"source": str(path), "rows": 20}),
    )
    run(how.model_copy(update={"sources": sources}), folder / "out")
    assert report(folder / "out")["oasst"]["rows_there"] == 41  # of 151 lines: most stand there several times
    assert taken(folder / "out") == {"commitpackft": 10, "oasst": 20}
    asked = {row["prompt"] for row in read_rows(path)}
    assert {row["prompt"] for row in read(folder / "out") if row["source"] == "oasst"} <= asked


@pytest.mark.parametrize(
    ("more", "sources", "said"),
    [
        ({"sources": []}, {}, "at least 1 item"),
        ({"seed": "x"}, {"a": {}}, "'seed' is 'x'"),
        ({"mode": "old"}, {"a": {}}, "'mode' is 'old'.*'published' or 'fixed'"),
        ({"rows": 0}, {"a": {}}, "'rows' is 0"),
        ({"shortage": "ignore"}, {"a": {}}, "'shortage' is 'ignore'.*'error', 'repeat' or 'less'"),
        ({"columns": "both"}, {"a": {}}, "'columns' is 'both'"),
        ({"text": "chat"}, {"a": {}}, "'text' is 'chat'"),
        ({"provenance": "perhaps"}, {"a": {}}, "'provenance' is 'perhaps'"),
        ({"valid": 1}, {"a": {}}, "'valid' is 1"),
        ({"format": "csv"}, {"a": {}}, "'format' is 'csv'"),
        ({"weights": 1}, {"a": {}}, "no setting 'weights'; there are sources, mode"),
        ({"rows": 5}, {"a": {"rows": 5}}, "rows of the whole and of a"),
        ({}, {"a": {"weight": 1}, "b": {}}, "only a of a, b have a weight"),
        ({}, {"a": {"weight": 1, "rows": 1}}, "a has a weight and rows"),
        ({}, {"a b": {}}, "'sources.0.name' is 'a b'"),
        ({}, {"a": {"weight": 0}}, "'sources.0.weight' is 0"),
        ({}, {"a": {"weight": float("inf")}}, "'sources.0.weight' is inf"),
        ({}, {"a": {"rows": -1}}, "'sources.0.rows' is -1"),
        ({}, {"a": {"most_rows": 0}}, "'sources.0.most_rows' is 0"),
        ({}, {"a": {"most_bytes": 0}}, "'sources.0.most_bytes' is 0"),
        ({}, {"a": {"unverified": ["size"]}}, "no setting 'size' of a source"),
        ({}, {"a": {"colour": 1}}, "no setting 'sources.0.colour'; there are .*weight"),
        ({}, {"a": {"source": ""}}, "'sources.0.source' is ''"),
        ({}, {"a": {"form": "gpt"}}, "source a: there is no format 'gpt'"),
        ({}, {"a": {"languages": ["Go"]}}, "source a: languages is for rows of commits"),
        ({}, {"c": {"form": "commit", "languages": ["Goo"]}}, "source c: languages: there is no 'Goo'"),
        ({}, {"c": {"form": "santacoderpack"}}, "source c: form santacoderpack is one text"),
        ({}, {"c": {"form": "xp3", "instruction_in": "targets"}}, "source c: format xp3 has no form"),
    ],
)
def test_settings_that_cannot_work_are_named(
    folder: Path, more: dict[str, Any], sources: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        run(settings(folder, more, **sources), folder / "out")


def test_two_sources_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two sources have one name: a, a"):
        make_settings(MixSettings, {"sources": [{"name": "a", "source": "x"}, {"name": "a", "source": "y"}]})


@pytest.mark.parametrize(
    ("more", "sources", "said"),
    [
        ({"rows": 400}, {"a": {"weight": 1}, "b": {"weight": 1}}, "source a has 100 rows, 200 are asked for"),
        ({}, {"b": {"rows": 41}}, "source b has 40 rows, 41 are asked for"),
        ({}, {"nowhere": {}}, "source nowhere: .*no file or folder"),
        ({}, {"a": {"prompt_column": "question"}}, "no column 'question'; there are prompt, completion"),
        ({}, {"a": {"completion_column": "answer"}}, "no column 'answer'"),
        ({}, {"a": {"id_column": "id"}}, "no column 'id'"),
        ({}, {"c": {}}, "c/rows.jsonl, line 1: no column 'prompt'"),
        ({}, {"c": {"form": "xp3", "languages": ["Rust"]}}, "source c has no example"),
        ({}, {"a": {"most_bytes": 1}}, "source a has no example"),
    ],
)
def test_sources_that_do_not_give_what_is_asked_for(
    folder: Path, more: dict[str, Any], sources: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        run(settings(folder, more, **sources), folder / "out")
