"""octopack-train megatron preprocess: two keys, two datasets, the same bytes for any number of workers."""

from pathlib import Path
from typing import Any

import pytest
from tokenizers import decoders

from humanevalpack.errors import InputError, UsageError
from octopack_data.examples import Columns, make_example
from octopack_data.pairs import PairSettings, make_pairs
from octopack_data.rows import write_rows
from octopack_data.sources import find_parts
from octopack_train.commands import main
from octopack_train.megatron.indexed import data_path, dataset_prefix, index_path, read_indexed
from octopack_train.megatron.preprocessing import preprocess
from octopack_train.megatron.tokenizing import Tokenizing, load_tokenizer
from tiny_tokenizers import END, byte_level, saved

ROWS = [
    {"inputs": f"<commit_before>x = {n}<commit_msg>", "targets": f"Set x<commit_after>x = {n + 1}\n"} for n in range(7)
]


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    return saved(byte_level(decoder=decoders.ByteLevel()), tmp_path / "tokenizer.json")


def run(
    tmp_path: Path, tokenizer: Path, rows: list[dict[str, Any]], name: str = "out", **options: Any
) -> dict[str, Any]:
    workers = options.pop("workers", 1)
    write_rows(tmp_path / "rows.jsonl", rows)
    settings = Tokenizing(options.pop("keys", ("inputs", "targets")), tokenizer, **options)
    return preprocess(find_parts(tmp_path / "rows.jsonl"), tmp_path / name, settings, workers=workers, progress=False)


def texts(prefix: Path, tokenizer: Path) -> list[str]:
    loaded = load_tokenizer(tokenizer)
    return [loaded.decode(tokens.tolist(), skip_special_tokens=False) for tokens in read_indexed(prefix)]


def test_two_keys_become_two_datasets_with_an_end_behind_the_targets(tmp_path: Path, tokenizer: Path) -> None:
    manifest = run(tmp_path, tokenizer, ROWS)
    assert texts(tmp_path / "out_inputs_document", tokenizer) == [row["inputs"] for row in ROWS]
    assert texts(tmp_path / "out_targets_document", tokenizer) == [row["targets"] + END for row in ROWS]
    counts = manifest["counts"]
    assert (counts["rows"], counts["eod_appended"], counts["eod_there"]) == (7, 7, 0)
    assert counts["inputs_tokens"] == len(read_indexed(tmp_path / "out_inputs_document").data)
    assert [file["path"] for file in manifest["outputs"]] == [
        "out_inputs_document.bin", "out_inputs_document.idx", "out_targets_document.bin", "out_targets_document.idx",
    ]  # fmt: skip
    assert (tmp_path / "out.manifest.json").is_file()


@pytest.mark.parametrize(("eod", "ends"), [("none", (0, 0)), ("last", (0, 1)), ("all", (1, 1))])
def test_where_an_end_is_appended(eod: Any, ends: tuple[int, int], tmp_path: Path, tokenizer: Path) -> None:
    run(tmp_path, tokenizer, ROWS[:1], eod=eod)
    found = [texts(tmp_path / f"out_{key}_document", tokenizer)[0].count(END) for key in ("inputs", "targets")]
    assert tuple(found) == ends


def test_a_target_that_ends_with_the_token_gets_no_second_one(tmp_path: Path, tokenizer: Path) -> None:
    counts = run(tmp_path, tokenizer, [{"inputs": "a", "targets": f"b{END}"}, {"inputs": "c", "targets": "d"}])[
        "counts"
    ]
    assert texts(tmp_path / "out_targets_document", tokenizer) == [f"b{END}", f"d{END}"]
    assert (counts["eod_appended"], counts["eod_there"]) == (1, 1)


def test_outputs_are_taken_for_targets(tmp_path: Path, tokenizer: Path) -> None:
    run(tmp_path, tokenizer, [{"inputs": "a", "outputs": "b"}])
    assert texts(tmp_path / "out_targets_document", tokenizer) == [f"b{END}"]


def test_one_key_for_pretraining(tmp_path: Path, tokenizer: Path) -> None:
    run(tmp_path, tokenizer, [{"text": "a"}, {"text": "b"}], keys=("text",))
    assert texts(tmp_path / "out_text_document", tokenizer) == [f"a{END}", f"b{END}"]


def test_empty_texts_keep_the_datasets_in_step(tmp_path: Path, tokenizer: Path) -> None:
    counts = run(tmp_path, tokenizer, [{"inputs": "", "targets": ""}, *ROWS[:1]])["counts"]
    inputs, targets = (read_indexed(tmp_path / f"out_{key}_document") for key in ("inputs", "targets"))
    assert inputs.documents == targets.documents == 2
    assert (inputs.lengths[0], targets.lengths[0]) == (0, 1)
    assert counts["inputs_empty"] == 1


def test_the_same_bytes_for_any_number_of_workers(
    tmp_path: Path, tokenizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octopack_train.megatron.tokenizing.BATCH", 3)
    rows = [{"inputs": "x" * n, "targets": f"{n} = é" * (n % 5)} for n in range(50)]
    run(tmp_path, tokenizer, rows, "one")
    run(tmp_path, tokenizer, rows, "two", workers=2)
    for key in ("inputs", "targets"):
        for path in (data_path, index_path):
            one, two = (path(dataset_prefix(tmp_path / name, key)).read_bytes() for name in ("one", "two"))
            assert one == two


def test_a_large_vocabulary_has_larger_tokens(tmp_path: Path) -> None:
    large = byte_level()
    large.add_tokens([f"token{n}" for n in range(65_500)])
    run(tmp_path, saved(large, tmp_path / "tokenizer.json"), [{"text": "token65499"}], keys=("text",), eod="none")
    found = read_indexed(tmp_path / "out_text_document")
    assert (found.dtype.name, int(found[0][0]) > 65_500) == ("int32", True)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS, {"inputs": "a"}], r"rows.jsonl, line 8: no column 'targets'; there are inputs"),
        ([*ROWS, {"inputs": 5, "targets": "b"}], r"line 8: inputs must be text, not 5"),
        ([], "no row to tokenize"),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_wrong_row_leaves_no_dataset(
    rows: list[dict[str, Any]], message: str, workers: int, tmp_path: Path, tokenizer: Path
) -> None:
    with pytest.raises(InputError, match=message):
        run(tmp_path, tokenizer, rows, workers=workers)
    assert not list(tmp_path.glob("out*"))


def test_an_end_token_that_is_none(tmp_path: Path, tokenizer: Path) -> None:
    with pytest.raises(UsageError, match=r"--eod-token '</s>' is no token of .*; special ones there: <\|endoftext\|>"):
        run(tmp_path, tokenizer, ROWS, eod_token="</s>")
    with pytest.raises(UsageError, match="keys inputs, inputs: name each column once"):
        run(tmp_path, tokenizer, ROWS, keys=("inputs", "inputs"))
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(InputError, match=r"not a tokenizer\.json"):
        run(tmp_path, tmp_path / "no.json", ROWS)


def test_the_command(tmp_path: Path, tokenizer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(tmp_path / "rows.jsonl", ROWS)
    command = ["megatron", "preprocess", str(tmp_path / "rows.jsonl"), "-o", str(tmp_path / "d/out")]
    command += ["--tokenizer", str(tokenizer.parent)]
    for more, code in (([], 0), ([], 2), (["--overwrite"], 0), (["--eod", "some"], 2), (["--workers", "0"], 2)):
        with pytest.raises(SystemExit) as end:
            main([*command, *more])
        assert (end.value.code or 0) == code, more
        captured = capsys.readouterr()
        if not code:
            assert "7 rows" in captured.out
            assert captured.out.endswith(f"{tmp_path / 'd/out_targets_document.idx'}\n")
        elif not more:
            assert "is there already; name another prefix, or say --overwrite" in captured.err


@pytest.mark.parametrize(
    ("form", "options", "keys"),
    [
        ("commit", {}, ("inputs", "targets")),
        ("commit", {"instruction_in": "targets"}, ("inputs", "targets")),
        ("fenced", {"instruction_in": "targets"}, ("inputs", "targets")),
        ("bigcode", {}, ("inputs", "targets")),
        ("xp3", {}, ("inputs", "targets")),
        ("santacoderpack", {}, ("text",)),
    ],
)
def test_what_the_data_package_writes_of_a_commit_is_what_megatron_reads(
    form: str, options: dict[str, Any], keys: tuple[str, ...], tmp_path: Path, tokenizer: Path
) -> None:
    commits = [
        {"commit": f"c{n}", "old_file": f"src/f{n}.py", "old_contents": f"x = {n}\n", "new_contents": f"x = {n + 1}\n"}
        | {"subject": f"Add one to {n}", "message": f"Add one to {n}"}
        for n in range(4)
    ]
    write_rows(tmp_path / "commits.jsonl", commits)
    columns: Columns = "text" if keys == ("text",) else "inputs-targets"
    pairs = PairSettings(form=form, columns=columns, **options)
    make_pairs(find_parts(tmp_path / "commits.jsonl"), tmp_path / "pairs", pairs, progress=False)
    settings = Tokenizing(keys, tokenizer)
    preprocess(find_parts(tmp_path / "pairs"), tmp_path / "out", settings, progress=False)
    found = list(zip(*(texts(dataset_prefix(tmp_path / "out", key), tokenizer) for key in keys), strict=True))
    examples = [make_example(form, row, pairs.options(pairs.mode, pairs.seed)) for row in commits]
    wanted = [(one.input + one.target,) if keys == ("text",) else (one.input, one.target) for one in examples]
    assert sorted(found) == sorted((*row[:-1], row[-1].removesuffix(END) + END) for row in wanted)


def test_a_dry_run_shows_the_first_row_and_writes_nothing(
    tmp_path: Path, tokenizer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path / "rows.jsonl", ROWS)
    main_arguments = ["megatron", "preprocess", str(tmp_path / "rows.jsonl"), "-o", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        main([*main_arguments, "--tokenizer", str(tokenizer), "--dry-run"])
    said = capsys.readouterr().out
    assert "megatron preprocess: 1 parts, 1 files" in said
    assert "tokens in the vocabulary, written as uint16" in said
    assert f'… "{END}"' in next(line for line in said.splitlines() if line.startswith("  targets:"))
    assert not list(tmp_path.glob("out*"))
