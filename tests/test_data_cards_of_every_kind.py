"""octopack_data.cards: sets with two sides, HumanEvalPack, stages that hand rows on, and where the rows are from."""

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard

from card_stages import PAIR, SETTINGS, front_matter, stage
from conftest import PROJECT
from data_rows import commit, write
from humanevalpack.languages import LANGUAGES
from octopack_data.cards import CARD, make_card, write_card
from octopack_data.commands import main
from octopack_data.humanevalpack.making import create
from octopack_data.manifests import file_facts, new_manifest, read_manifest, write_manifest
from octopack_data.pairs import PairSettings, make_pairs
from octopack_data.push import plan_push
from octopack_data.sources import find_parts

PROBLEMS = PROJECT / "examples/humanevalpack"


def loaded(folder: Path, cache: Path) -> dict[str, dict[str, int]]:
    """Rows of each split of each configuration, as ``datasets`` reads them by the card alone."""
    import datasets

    names = datasets.get_dataset_config_names(str(folder))
    sets = {name: datasets.load_dataset(str(folder), name, cache_dir=str(cache)) for name in names}
    return {name: {split: rows.num_rows for split, rows in one.items()} for name, one in sets.items()}


def test_pairs_with_a_validation_side_have_a_card_that_loads_and_push_takes(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [commit(number, old_contents=f"a = {number}\n") for number in range(8)])
    out = tmp_path / "out"
    make_pairs(find_parts(source), out, PairSettings(valid=0.25, split_by="place"), progress=False)
    write_card(out, SETTINGS)
    assert loaded(out, tmp_path / "cache") == {"default": {"train": 6, "validation": 2}}
    files = ("train/data/pairs.jsonl", "valid/data/pairs.jsonl", CARD, "SHA256SUMS")
    assert plan_push(out).files == files


def test_sides_of_languages_are_configurations_with_patterns(tmp_path: Path) -> None:
    files = {"train/data/go/data.jsonl": 2, "valid/data/go/data.jsonl": 1, "train/data/c++/data.jsonl": 3,
             "valid/data/c++/data.jsonl": 0}  # fmt: skip
    card = make_card(stage(tmp_path / "out", "split-train", files), SETTINGS)
    assert front_matter(card)["configs"] == [
        {"config_name": "c++", "data_files": [{"split": "train", "path": ["train/data/c++/*.jsonl"]}]},
        {"config_name": "go", "data_files": [{"split": "train", "path": ["train/data/go/*.jsonl"]},
                                             {"split": "validation", "path": ["valid/data/go/*.jsonl"]}]},
    ]  # fmt: skip


def test_a_folder_in_a_folder_has_a_name_that_datasets_takes(tmp_path: Path) -> None:
    out = stage(tmp_path / "out", "oasst pairs", {"data/oasst/en/train.jsonl": 2})
    write_card(out, SETTINGS)
    assert loaded(out, tmp_path / "cache") == {"oasst-en": {"train": 2}}


def test_humanevalpack_has_a_card_with_a_configuration_a_language(tmp_path: Path) -> None:
    out = tmp_path / "rows"
    list(create(PROBLEMS, out))
    with pytest.raises(SystemExit) as end:
        main(["card", str(out), "--contact", "me@example.org"])
    assert not end.value.code
    card = (out / CARD).read_text()
    assert loaded(out, tmp_path / "cache") == {
        name: {"test": 14} for name in ("cpp", "go", "java", "js", "python", "rust")
    }
    front: Any = DatasetCard(card).data
    assert front.pretty_name == "HumanEvalPack"
    assert "`import` (string; go alone)" in card
    assert "| **humanevalpack create: kept** | **84** | **100.00 %** |" in card
    assert "| `python.bugs.json` |" in card
    assert {f"{name}.jsonl" for name in LANGUAGES} < {*plan_push(out).files}


def test_languages_made_one_after_the_other_are_one_set(tmp_path: Path) -> None:
    for language in ("go", "python", "go"):
        list(create(PROBLEMS, tmp_path, languages=[language], overwrite=True))
    manifest = read_manifest(tmp_path)
    assert sorted(file["path"] for file in manifest["outputs"]) == ["go.jsonl", "python.jsonl"]
    assert manifest["counts"] == {"rows": 28, "kept": 28}
    assert len(manifest["inputs"]) == len({file["path"] for file in manifest["inputs"]}) == 5


CHAINS = {
    "shards after the filter": (["filter", "shard"], "CommitPackFT"),
    "everything after the filter": (["split", "filter", "deduplicate", "redact", "split-train"], "CommitPackFT"),
    "shards of what was fetched": (["fetch", "split", "shard"], "CommitPack"),
    "conversations without their duplicates": (["oasst pairs", "deduplicate"], "OASST"),
    "pairs without a known beginning": (["deduplicate"], "Data"),
}


@pytest.mark.parametrize("case", CHAINS)
def test_a_stage_that_hands_rows_on_leaves_the_name_of_what_it_read(case: str, tmp_path: Path) -> None:
    stages, name = CHAINS[case]
    before: list[Path] = []
    for number, one in enumerate(stages):
        folder = stage(tmp_path / f"{number}", one, {"data/train.jsonl": 2}, *before)
        before = [folder / "data/train.jsonl"]
    assert front_matter(make_card(folder, SETTINGS))["pretty_name"] == name


def test_commits_without_a_known_beginning_are_commits(tmp_path: Path) -> None:
    write(tmp_path / "data/python/data.jsonl", [commit(1)])
    facts = [file_facts(tmp_path / "data/python/data.jsonl", "data/python/data.jsonl", 1)]
    write_manifest(tmp_path, new_manifest("deduplicate", {}, [], facts, {"rows": 1, "kept": 1}))
    assert front_matter(make_card(tmp_path, SETTINGS))["pretty_name"] == "CommitPack"


SAID: dict[str, tuple[Any, Any]] = {
    "a folder beside": ("my-secret/pairs", "pairs"),
    "a folder, with its slash": ("my-secret/", "my-secret"),
    "a file in a folder": ("my-secret/table.yaml", "table.yaml"),
    "folders in folders": ("work/my-secret/rows", "rows"),
    "a data set of the hub": ("bigcode/commitpackft", "bigcode/commitpackft"),
    "words with a slash": ("question/answer and more", "question/answer and more"),
}


@pytest.mark.parametrize("case", SAID)
def test_a_relative_path_in_the_settings_is_said_by_its_last_part(case: str, tmp_path: Path) -> None:
    value, said = SAID[case]
    source = write(tmp_path / "my-secret/pairs/rows.jsonl", [PAIR])
    card = make_card(stage(tmp_path / "out", "xp3x", {"data/train.jsonl": 1}, source, table=value), SETTINGS)
    assert f"table: {said}\n" in card


def test_inputs_are_named_by_their_place_in_a_stage_or_a_data_set_of_the_hub(tmp_path: Path) -> None:
    first = stage(tmp_path / "first", "filter", {"data/go/data.jsonl": 1, "data/c/data.jsonl": 1})
    hub = f"hub/datasets--bigcode--commitpackft/snapshots/{'1234567890' * 4}/data/python/data.jsonl"
    inputs = [first / "data/go/data.jsonl", first / "data/c/data.jsonl", write(tmp_path / hub, [PAIR])]
    card = make_card(stage(tmp_path / "out", "pairs", {"data/pairs.jsonl": 1}, *inputs), SETTINGS)
    for name in ("data/go/data.jsonl", "data/c/data.jsonl", "bigcode/commitpackft@1234567: data/python/data.jsonl"):
        assert f"| `{name}` |" in card
    assert str(tmp_path) not in card


def test_a_mix_of_sources_without_manifests_names_them_for_their_terms(tmp_path: Path) -> None:
    sources = [{"name": "talk", "source": "OpenAssistant/oasst1"}, {"name": "mine", "source": "private/mine.jsonl"}]
    card = make_card(stage(tmp_path / "out", "mix", {"data/mixture.jsonl": 1}, sources=sources), SETTINGS)
    assert "| source `talk` | the terms of `OpenAssistant/oasst1` |" in card
    assert "| source `mine` | the terms of `mine.jsonl` |" in card


def test_pairs_of_the_hub_s_commits_say_their_terms(tmp_path: Path) -> None:
    card = make_card(stage(tmp_path / "out", "pairs", {"data/pairs.jsonl": 1}), SETTINGS)
    assert "| Training pairs | each row under the licence of the repository that its commit is from |" in card


def test_a_manifest_is_json_that_names_the_stage(tmp_path: Path) -> None:
    list(create(PROBLEMS, tmp_path, languages=["rust"]))
    assert json.loads((tmp_path / "manifest.json").read_text())["stage"] == "humanevalpack create"
