"""The commands split, shard, optout, and stats, card, figures: from fetched rows to a data set."""

from pathlib import Path

import pytest

from data_rows import fetched, write
from octopack_data.commands import main
from octopack_data.rows import read_rows


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    with pytest.raises(SystemExit) as end:
        main([*([] if arguments[0] in ("stats", "card", "figures") else ["commitpack"]), *map(str, arguments)])
    captured = capsys.readouterr()
    assert end.value.code == code, captured.err
    return captured.out if code == 0 else captured.err


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write(tmp_path / "scraped/part-0000.jsonl.zst", [fetched(n, repos=f"user{n}/x", status="ok") for n in range(4)])
    write(tmp_path / "scraped/part-0001.jsonl.zst", [fetched(9, "a.go", status="gone"), fetched(10, "b.go")])
    write(tmp_path / "licences.jsonl", [{"repos": f"user{n}/x", "license": "mit"} for n in range(3)])
    (tmp_path / "accounts.txt").write_text("USER0\n")
    return tmp_path


def test_from_fetched_rows_to_a_data_set(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    licences, accounts = source / "licences.jsonl", source / "accounts.txt"
    counts = said(
        capsys, "split", source / "scraped", "-o", source / "split", "--licence-map", licences, "--opt-out", accounts,
    )  # fmt: skip
    assert [line.split() for line in counts.splitlines()] == [
        ["6", "rows"], ["4", "kept"], ["1", "dropped_opt_out"], ["1", "dropped_status_gone"],
    ]  # fmt: skip
    said(capsys, "shard", source / "split", "-o", source / "pack", "--format", "jsonl", "--workers", 2)
    rows = list(read_rows(source / "pack/data/python/python-0001.jsonl"))
    assert [(row["repos"], row["license"]) for row in rows] == [
        ("user1/x", "mit"), ("user2/x", "mit"), ("user3/x", "unknown"),
    ]  # fmt: skip
    said(capsys, "stats", "licences", source / "pack", "-o", source / "audit")
    contact = "https://example.org/removal"
    files = said(capsys, "card", source / "pack", "--contact", contact, "--audit", source / "audit")
    assert [Path(line).name for line in files.splitlines()] == [
        "README.md", "SHA256SUMS", "NOTICES.md", "licences.csv", "repositories.csv",
    ]  # fmt: skip
    assert "| – opt_out | 1 | 16.67 % |" in said(capsys, "stats", "funnel", source / "pack")
    assert "s0 --> s1" in said(capsys, "stats", "lineage", source / "pack")
    assert said(capsys, "stats", "table", source / "pack", source / "pack", "--format", "csv").count("\n") == 4
    assert "| Python | 3 |" in said(capsys, "stats", "changes", source / "pack", "-o", source / "changes")


def test_a_list_is_applied_to_finished_shards(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "split", source / "scraped", "-o", source / "split")
    said(capsys, "shard", source / "split", "-o", source / "pack")
    counts = said(capsys, "optout", source / "pack", "-o", source / "clean", "--opt-out", source / "accounts.txt")
    assert [line.split() for line in counts.splitlines()] == [
        ["5", "rows"], ["4", "kept"], ["1", "dropped_opt_out"], ["0", "changed"],
    ]  # fmt: skip
    assert "shard: 2 parts, 2 files, " in said(capsys, "shard", source / "clean", "-o", source / "x", "--dry-run")
    assert not (source / "x").exists()


def test_table_4_and_its_figure_need_no_input_and_the_one_is_the_other_s(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "stats", "table", "--format", "csv").splitlines()[1].startswith("total,3709175.78,57700105,")
    (tmp_path / "sizes.csv").write_text(said(capsys, "stats", "table", "--format", "sizes"))
    for words in ([], ["--data", tmp_path / "sizes.csv", "--overwrite"]):
        figures = said(capsys, "figures", "languages", "-o", tmp_path, "--style", "paper", *words)
        assert [Path(line).name for line in figures.splitlines()] == ["languages.pdf", "languages.png"]


def test_an_opt_out_needs_a_list(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = said(capsys, "optout", source / "scraped", "-o", source / "out", code=2)
    assert "Error: --opt-out is missing: " in error
