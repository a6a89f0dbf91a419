"""octopack_data.cards and push: a data set that can be read by its card, and what never reaches the hub."""

import subprocess
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pytest
import yaml

from data_rows import commit, write
from humanevalpack.errors import InputError, UsageError
from octopack_data.audit import audit_stage, write_audit
from octopack_data.cards import CardSettings, make_card, write_card
from octopack_data.optout import OptOutSettings, opt_out_stage
from octopack_data.parts import run_stage
from octopack_data.push import check_private, plan_push
from octopack_data.rows import write_rows
from octopack_data.settings import make_settings
from octopack_data.shards import ShardSettings, shard_stage
from octopack_data.sources import find_parts

SETTINGS = CardSettings(name="Small Pack", repository="me/pack", contact="https://example.org/removal")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Shards of two languages, as the stage leaves them."""
    return made(tmp_path)


def made(tmp_path: Path, form: Literal["jsonl.zst", "jsonl", "parquet"] = "jsonl.zst") -> Path:
    write(tmp_path / "in/Python.jsonl", [commit(n) for n in range(5)])
    write(tmp_path / "in/C++.jsonl", [commit(n, "C++", "isc") for n in range(3)])
    settings = ShardSettings(shard_bytes=600, format=form)
    run_stage(shard_stage(find_parts(tmp_path / "in"), tmp_path / "pack", settings), progress=False)
    return tmp_path / "pack"


def front_matter(card: str) -> dict[str, Any]:
    facts: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return facts


def test_the_card_has_a_configuration_for_each_language(pack: Path) -> None:
    facts = front_matter(make_card(pack, SETTINGS))
    assert [config["config_name"] for config in facts["configs"]] == ["c++", "python"]
    assert facts["configs"][0]["data_files"][0]["path"] == ["data/c++/*.jsonl.zst"]
    assert facts["size_categories"] == ["n<1K"]
    assert facts["license"] == "other"


def test_the_card_says_counts_and_where_to_ask_for_removal(pack: Path) -> None:
    card = make_card(pack, SETTINGS)
    assert "| **total** |  | 8 | 0.00" in card
    assert "| C++ | `c++` | 3 | 0.00" in card
    assert "write to https://example.org/removal" in card
    assert "**shard: kept**" in card


@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_every_configuration_loads_by_the_card(form: Any, tmp_path: Path) -> None:
    import datasets

    pack = made(tmp_path, form)
    write_card(pack, SETTINGS)
    for language, rows in (("python", 5), ("c++", 3)):
        loaded = datasets.load_dataset(str(pack), language, split="train", cache_dir=str(tmp_path / "cache"))
        assert [row["commit"] for row in loaded] == [f"{n:040x}" for n in range(rows)]


def opted_out(pack: Path, *accounts: str) -> Path:
    output = pack.parent / "-".join(accounts)
    (pack.parent / "accounts.txt").write_text("\n".join(accounts))
    settings = OptOutSettings(opt_out=pack.parent / "accounts.txt")
    run_stage(opt_out_stage(find_parts(pack), output, settings), progress=False)
    return output


def test_a_language_of_which_an_opt_out_leaves_no_row_has_no_configuration(tmp_path: Path) -> None:
    write(tmp_path / "in/Python.jsonl", [commit(n) for n in range(5)])
    write(tmp_path / "in/C.jsonl", [commit(7, "C") | {"repos": "bob/x"}])
    settings = ShardSettings(layout="joined")
    run_stage(shard_stage(find_parts(tmp_path / "in"), tmp_path / "pack", settings), progress=False)
    card = make_card(opted_out(tmp_path / "pack", "bob"), SETTINGS)
    assert [config["config_name"] for config in front_matter(card)["configs"]] == ["python"]
    assert "`c`" not in card
    with pytest.raises(InputError, match="no file in data/ has a row"):
        make_card(opted_out(tmp_path / "pack", "bob", commit(0)["repos"].partition("/")[0]), SETTINGS)


def test_the_licences_come_from_an_audit_of_the_same_rows(pack: Path, tmp_path: Path) -> None:
    write_audit(tmp_path / "audit", run_stage(audit_stage(find_parts(pack), tmp_path / "audit"), progress=False))
    written = write_card(pack, SETTINGS, tmp_path / "audit")
    assert "| `isc` | permissive | 3 |" in (pack / "README.md").read_text()
    assert {path.name for path in written} < {*plan_push(pack).files}
    assert (pack / "NOTICES.md").read_text() == (tmp_path / "audit/NOTICES.md").read_text()
    run_stage(audit_stage(find_parts(tmp_path / "in/Python.jsonl"), tmp_path / "other"), progress=False)
    with pytest.raises(InputError, match="not the audit of these 8 rows"):
        make_card(pack, SETTINGS, tmp_path / "other")


def test_the_hashes_beside_the_card_are_checked_by_sha256sum(pack: Path) -> None:
    write_card(pack, SETTINGS)
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    assert subprocess.run(check, cwd=pack, capture_output=True, check=False).returncode == 0
    (pack / "data/python/python-0001.jsonl.zst").write_bytes(b"other")
    assert subprocess.run(check, cwd=pack, capture_output=True, check=False).returncode == 1


def test_a_card_without_a_contact_is_refused() -> None:
    with pytest.raises(UsageError, match="setting 'contact' is missing"):
        make_settings(CardSettings, {"name": "x"})


def test_the_plan_names_data_card_and_what_stands_beside_it(pack: Path) -> None:
    write_card(pack, SETTINGS)
    (pack / "NOTICES.md").write_text("notices")
    plan = plan_push(pack)
    names = ["README.md", "SHA256SUMS", "NOTICES.md"]
    assert [name for name in plan.files if not name.startswith("data/")] == names
    assert plan.bytes == sum((pack / name).stat().st_size for name in plan.files)
    assert "manifest.json" not in plan.files


def spoilt_card(pack: Path) -> None:
    (pack / "README.md").unlink()


def spoilt_file(pack: Path) -> None:
    (pack / "data/python/python-0001.jsonl.zst").write_bytes(b"")


def foreign_file(pack: Path) -> None:
    (pack / "data/python/notes.txt").write_text("mine")


def card_of_other_data(pack: Path) -> None:
    (pack / "SHA256SUMS").write_text("0" * 64 + "  data/python/python-0001.jsonl.zst\n")


REFUSED = {
    card_of_other_data: r"README\.md and SHA256SUMS are of other data",
    spoilt_card: r"has no README\.md; make it",
    spoilt_file: r"is not the file of the manifest any more",
    foreign_file: r"notes\.txt is not of this run",
}


@pytest.mark.parametrize("spoil", REFUSED)
def test_what_is_not_as_the_manifest_says_is_not_pushed(spoil: Any, pack: Path) -> None:
    write_card(pack, SETTINGS)
    spoil(pack)
    with pytest.raises(InputError, match=REFUSED[spoil]):
        plan_push(pack)


PRIVATE: dict[str, dict[str, Any]] = {
    "author_email": {"author_email": "x"},
    "e-mail": {"E-Mail": "x"},
    "nested": {"person": {"name": "x", "email": "y"}},
    "in a list": {"people": [{"email": "y"}]},
    "author": {"author": "x"},
    "trailer": {"trailer": [{"key": "x"}]},
}


@pytest.mark.parametrize("case", PRIVATE)
@pytest.mark.parametrize("form", ["jsonl.zst", "parquet"])
def test_columns_with_people_s_addresses_are_never_pushed(case: str, form: str, tmp_path: Path) -> None:
    row = {**commit(1), **PRIVATE[case]}
    path = tmp_path / f"rows.{form}"
    write_rows(path, [commit(1), row] if form != "parquet" else [row], lambda: pa.Table.from_pylist([row]).schema)
    with pytest.raises(InputError, match="says who people are; it is never pushed"):
        check_private(path)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_the_columns_of_the_release_may_be_pushed(form: str, tmp_path: Path) -> None:
    row = commit(1, returncode=0, stderr="", fetched_via="raw-http:ann/x")
    write_rows(tmp_path / f"rows.{form}", [row], lambda: pa.Table.from_pylist([row]).schema)
    check_private(tmp_path / f"rows.{form}")
