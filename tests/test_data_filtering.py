"""octopack_data.filtering: rows in, rows of CommitPackFT out, by language, counted by reason."""

import json
from collections import Counter
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import tiny_tokenizers as tiny
from commit_filter_oracle import first_reason
from commit_rows import good_commit, made_rows
from humanevalpack.errors import InputError, UsageError
from octopack_data.commands import app
from octopack_data.filtering import FilterSettings, filter_stage
from octopack_data.language_files import LanguageFiles
from octopack_data.parts import run_stage
from octopack_data.records import COMMIT_COLUMNS, text_schema
from octopack_data.rows import read_rows, write_rows
from octopack_data.sources import find_parts

PLAIN = FilterSettings(mode="published", token_rule=False)
COUNT = 1_500


def source(folder: Path, form: str = "jsonl.zst", parts: int = 1) -> Path:
    rows = list(made_rows(COUNT))
    for part in range(parts):
        write_rows(folder / f"p{part}.{form}", rows[part::parts], lambda: text_schema(COMMIT_COLUMNS))
    return folder


def run(folder: Path, output: Path, settings: FilterSettings = PLAIN, workers: int = 1) -> dict[str, Any]:
    return run_stage(filter_stage(find_parts(folder), output, settings), workers=workers, progress=False)


def rows_of(output: Path) -> list[dict[str, Any]]:
    found = [row for part in find_parts(output) for row in read_rows(part.path)]
    return sorted(found, key=lambda row: str(row["commit"]))


@cache
def expected(tokens: Any = None) -> tuple[list[dict[str, Any]], Counter[str]]:
    """What the second filter keeps, and its reasons."""
    rows = list(made_rows(COUNT))
    reasons = [first_reason(row, tokens=tokens) for row in rows]
    return [row for row, reason in zip(rows, reasons, strict=True) if not reason], Counter(reasons)


def _tokens(text: str) -> int:
    return len(_tokenizer().encode(text).ids)


@cache
def _tokenizer() -> Any:
    return tiny.byte_level()


@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
@pytest.mark.parametrize("tokens", [False, True])
def test_rows_and_reasons_are_those_of_the_second_filter_in_every_format(
    form: Any, tokens: bool, tmp_path: Path
) -> None:
    """Each dropped row is counted under the first rule that it fails, in the release's order."""
    path = tiny.saved(tiny.byte_level(), tmp_path / "tokenizer.json") if tokens else None
    options = FilterSettings(mode="published", format=form, token_rule=tokens, tokenizer=path)
    manifest = run(source(tmp_path / "in", form), tmp_path / "out", options)
    kept, reasons = expected(_tokens if tokens else None)
    assert rows_of(tmp_path / "out") == kept
    dropped = {f"dropped_{name}": n for name, n in reasons.items() if name}
    assert manifest["counts"] == {"rows": COUNT, "kept": reasons[""]} | dropped
    assert (reasons["tokens"] > 30) is tokens
    assert list(manifest["settings"].get("files", ())) == ([str(path)] if tokens else [])


def test_an_edited_tokenizer_is_another_run(tmp_path: Path) -> None:
    path = tiny.saved(tiny.byte_level(), tmp_path / "tokenizer.json")
    options = FilterSettings(tokenizer=path)
    run(source(tmp_path / "in"), tmp_path / "out", options)
    tiny.saved(tiny.byte_level(300), path)
    with pytest.raises(InputError, match=r"files is .*tokenizer.json.* there and .* now"):
        run(tmp_path / "in", tmp_path / "out", options)


def test_a_preset_with_a_token_limit_wants_a_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"give --tokenizer .*hf download bigcode/starcoder .*--no-token-rule"):
        run(source(tmp_path / "in"), tmp_path / "out", FilterSettings())


def test_files_are_named_after_language_and_part(tmp_path: Path) -> None:
    rows = [asdict(good_commit(lang=language, new_file="a/lib.cpp")) for language in ("C++", "Ren'Py")]
    write_rows(tmp_path / "in" / "mixed.jsonl", rows)
    write_rows(tmp_path / "in" / "c++" / "data.jsonl", rows[:1])
    manifest = run(tmp_path / "in", tmp_path / "out", PLAIN.model_copy(update={"format": "jsonl"}))
    names = ["data/c++/data.jsonl", "data/c++/mixed.jsonl", "data/renpy/mixed.jsonl"]
    assert sorted(file["path"] for file in manifest["outputs"]) == names


def test_two_parts_that_could_meet_in_one_file_are_refused(tmp_path: Path) -> None:
    for name in ("data.jsonl", "c/data.jsonl"):
        write_rows(tmp_path / "in" / name, [])
    with pytest.raises(UsageError, match=r"the inputs c/data and data could be written to one file"):
        run(tmp_path / "in", tmp_path / "out")


def test_a_sample_of_the_dropped_rows_is_kept_with_reasons(tmp_path: Path) -> None:
    source(tmp_path / "in", parts=3)
    shares = {}
    for share in (1.0, 0.1):
        options = PLAIN.model_copy(update={"excluded_share": share, "excluded_contents": True})
        manifest = run(tmp_path / "in", tmp_path / f"out{share}", options)
        files = [file["path"] for file in manifest["outputs"] if file["path"].startswith("excluded/")]
        shares[share] = [row for name in files for row in read_rows(tmp_path / f"out{share}" / name)]
    original = {row["commit"]: row for row in made_rows(COUNT)}
    for row in shares[1.0]:
        assert row.pop("reason") == first_reason(dict(row))
        assert row == original[row["commit"]]  # as it came in, not tidied
    assert Counter(len(rows) for rows in (shares[1.0],)) == {sum(n for name, n in expected()[1].items() if name): 1}
    tenth = {row["commit"] for row in shares[0.1]}
    assert tenth < {row["commit"] for row in shares[1.0]}
    assert 0.08 < len(tenth) / len(shares[1.0]) < 0.12


def test_without_dropped_rows_to_keep_there_is_no_such_folder(tmp_path: Path) -> None:
    run(source(tmp_path / "in"), tmp_path / "out")
    assert not (tmp_path / "out" / "excluded").exists()


@pytest.mark.parametrize("language", ["../../up", "/etc", "", ".hidden", "a\0b", "x" * 300])
def test_a_language_that_is_no_folder_name_is_refused(language: str, tmp_path: Path) -> None:
    write_rows(tmp_path / "in" / "p.jsonl", [asdict(good_commit(lang=language))])
    with pytest.raises(InputError, match=r"p, commit 0123\w*: lang .* is no name of a folder"):
        run(tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize("held", [0, 50_000, 10**9])
@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_how_much_is_held_back_does_not_change_the_rows(form: str, held: int, tmp_path: Path) -> None:
    rows = [row | {"lang": f"L{number % 40}"} for number, row in enumerate(made_rows(500))]
    with LanguageFiles(tmp_path, "p", form, text_schema(COMMIT_COLUMNS), held) as files:
        for row in rows:
            files.write(row)
    assert sorted(files.files) == files.files
    assert len(files.files) == 40
    for name, count in files.files:
        written = list(read_rows(tmp_path / name))
        assert written == [row for row in rows if row["lang"].lower() == name.split("/")[1]]
        assert len(written) == count
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {f".{form.rpartition('.')[2]}"}


def test_a_broken_row_leaves_no_file(tmp_path: Path) -> None:
    rows = [json.dumps(row) for row in expected()[0][:20]]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "p.jsonl").write_text("\n".join(rows) + '\n{"subject": 1, "commit": "x"}\n')
    with pytest.raises(InputError, match=r"p.jsonl, line 21: no column"):
        run(tmp_path / "in", tmp_path / "out")
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == [tmp_path / "out/.parts/stage.json"]


def test_the_command_filters_and_prints_the_counts(tmp_path: Path) -> None:
    arguments = ["commitpack", "filter", str(source(tmp_path / "in")), "-o", str(tmp_path / "out"), "--no-token-rule"]
    done = CliRunner().invoke(app, [*arguments, "--mode", "published"])
    assert done.exit_code == 0, done.output
    assert f"{expected()[1]['hash_sign']} dropped_hash_sign" in done.output.replace(",", "")
    assert rows_of(tmp_path / "out") == expected()[0]


def test_a_dry_run_of_the_command_writes_nothing(tmp_path: Path) -> None:
    arguments = ["commitpack", "filter", str(source(tmp_path / "in")), "-o", str(tmp_path / "out"), "--no-token-rule"]
    done = CliRunner().invoke(app, [*arguments, "--dry-run"])
    assert done.output.startswith("filter: 1 parts, 1 files, ")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
