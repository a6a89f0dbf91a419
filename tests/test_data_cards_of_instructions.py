"""octopack_data.cards: a card for every data set, from nothing but the manifests of the stages that made it."""

from pathlib import Path

import pytest

from card_stages import PAIR, SETTINGS, front_matter, stage
from data_rows import write
from humanevalpack.errors import InputError
from octopack_data.card_kinds import configurations, kind_of, kinds
from octopack_data.cards import CardSettings, make_card, write_card
from octopack_data.commands import main
from octopack_data.manifests import input_facts, new_manifest, write_manifest
from octopack_data.parts import run_stage
from octopack_data.push import plan_push
from octopack_data.self_instruct.loading import load_stage
from octopack_data.self_instruct.settings import LoadSettings
from octopack_data.sources import find_parts

KINDS = {
    "oasst pairs": ("OASST", "apache-2.0"),
    "xp3x": ("xP3x code", "other"),
    "self-instruct load": ("Self-Instruct", "other"),
    "self-instruct generate": ("Self-Instruct", "other"),
    "mix": ("Instruction mix", "other"),
    "pairs": ("Training pairs", "other"),
    "tasks label": ("Kinds of tasks in commits", "other"),
    "humanevalpack create": ("HumanEvalPack", "other"),
    "shard": ("Data", "other"),
    "something new": ("Data", "other"),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_stage_s_output_gets_a_card(name: str, tmp_path: Path) -> None:
    card = make_card(stage(tmp_path / "out", name, {"data/train.jsonl": 3}), SETTINGS)
    facts = front_matter(card)
    assert (facts["pretty_name"], facts["license"]) == KINDS[name]
    assert facts["configs"] == [
        {"config_name": "default", "data_files": [{"split": "train", "path": ["data/train.jsonl"]}]}
    ]
    assert "Columns: `prompt` (string), `completion` (string)." in card
    assert "| `default` | train | 3 | 0.0001" in card
    assert f"| **{name}: kept** | **3** | **33.33 %** |" in card
    assert "write to https://example.org/removal" in card


def test_every_kind_has_a_stage_but_the_last() -> None:
    assert [kind.key for kind in kinds() if not kind.stages] == [kinds()[-1].key] == [kind_of("new").key]
    names = [name for kind in kinds() for name in kind.stages]
    assert len(names) == len(set(names))


def test_folders_are_configurations_and_file_names_say_the_split(tmp_path: Path) -> None:
    files = {"data/go/train.jsonl": 2, "data/go/validation.jsonl": 1, "data/c++/part-0001.jsonl": 1,
             "data/c++/part-0002.jsonl": 1, "excluded/go.jsonl": 4}  # fmt: skip
    card = make_card(stage(tmp_path / "out", "pairs", files), SETTINGS)
    assert front_matter(card)["configs"] == [
        {"config_name": "c++", "data_files": [{"split": "train", "path": ["data/c++/*.jsonl"]}]},
        {"config_name": "go", "data_files": [{"split": "train", "path": ["data/go/train.jsonl"]},
                                             {"split": "validation", "path": ["data/go/validation.jsonl"]}]},
    ]  # fmt: skip
    assert "excluded" not in card.split("## How it was made")[0]


def test_every_configuration_loads_by_the_card(tmp_path: Path) -> None:
    import datasets

    files = {"data/go/train.jsonl": 2, "data/go/validation.jsonl": 1, "data/all.jsonl": 4}
    folder = stage(tmp_path / "out", "mix", files)
    write_card(folder, SETTINGS)
    for name, split, rows in (("go", "train", 2), ("go", "validation", 1), ("default", "train", 4)):
        loaded = datasets.load_dataset(str(folder), name, split=split, cache_dir=str(tmp_path / "cache"))
        assert [dict(row) for row in loaded] == [PAIR] * rows


def test_a_mix_names_the_terms_of_all_that_is_in_it(tmp_path: Path) -> None:
    oasst = stage(tmp_path / "oasst", "oasst pairs", {"data/train.jsonl": 3})
    commits = stage(tmp_path / "commits", "filter", {"data/python.jsonl": 2})
    mix = stage(
        tmp_path / "mix", "mix", {"data/train.jsonl": 5}, oasst / "data/train.jsonl", commits / "data/python.jsonl"
    )
    card = make_card(mix, SETTINGS)
    assert "| OASST | Apache-2.0 (OpenAssistant Conversations) |" in card
    assert "| CommitPackFT | each row under the licence of the repository" in card
    assert front_matter(card)["license"] == "other"
    assert "s0 --> s2" in card


def test_the_user_s_words_go_before_ours(tmp_path: Path) -> None:
    settings = CardSettings(contact="me", name="Mine", description="What I made.", licence="mit", repository="me/mine")
    card = make_card(stage(tmp_path / "out", "oasst pairs", {"data/train.jsonl": 1}), settings)
    assert (front_matter(card)["pretty_name"], front_matter(card)["license"]) == ("Mine", "mit")
    assert "What I made." in card
    assert 'load_dataset("me/mine", split="train", streaming=True)' in card


def test_a_card_says_settings_and_inputs_and_no_place_of_this_machine(tmp_path: Path) -> None:
    source = write(tmp_path / "private-folder/source.jsonl", [PAIR])
    settings = {"phrases": str(tmp_path / "private-folder/phrases.txt"), "keep": ["en"],
                "base_url": "http://10.0.0.7:8000/v1", "deep": {"file": "~/private-folder/x.yaml"}}  # fmt: skip
    folder = stage(tmp_path / "out", "oasst pairs", {"data/train.jsonl": 1}, source, **settings)
    card = make_card(folder, SETTINGS)
    assert "phrases: phrases.txt" in card
    assert "base_url: 10.0.0.7" in card
    assert f"| `source.jsonl` | {source.stat().st_size:,} | `{input_facts(source).sha256}` |" in card
    assert "private-folder" not in card
    assert str(tmp_path) not in card


def test_many_inputs_are_not_all_named(tmp_path: Path) -> None:
    inputs = [write(tmp_path / f"in/{number:02}.jsonl", [PAIR]) for number in range(25)]
    card = make_card(stage(tmp_path / "out", "xp3x", {"data/train.jsonl": 1}, *inputs), SETTINGS)
    assert "`19.jsonl`" in card
    assert "`20.jsonl`" not in card
    assert "… and 5 more." in card


def test_a_real_stage_has_a_card_that_push_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "in.jsonl", [{"instruction": "Sort it", "output": "sorted(it)"}])
    run_stage(load_stage(find_parts(source), tmp_path / "out", LoadSettings()), progress=False)
    with pytest.raises(SystemExit) as end:
        main(["card", str(tmp_path / "out"), "--contact", "me@example.org"])
    assert not end.value.code
    assert capsys.readouterr().out.split() == [str(tmp_path / "out" / name) for name in ("README.md", "SHA256SUMS")]
    assert plan_push(tmp_path / "out").files == ("data/train.jsonl", "README.md", "SHA256SUMS")


def test_what_has_no_rows_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a manifest"):
        make_card(tmp_path, SETTINGS)
    write_manifest(tmp_path, new_manifest("audit", {}, [], [], {}))
    with pytest.raises(InputError, match="no file in data/ has a row"):
        make_card(tmp_path, SETTINGS)
    assert configurations({"stage": "mix", "outputs": []}) == []


@pytest.mark.parametrize("words", [[], ["--contact", "me", "--license", "mit"], ["--contact", "me", "--audit", "no"]])
def test_wrong_options_end_with_2(words: list[str], tmp_path: Path) -> None:
    folder = stage(tmp_path / "out", "oasst pairs", {"data/train.jsonl": 1})
    with pytest.raises(SystemExit) as end:
        main(["card", str(folder), *words])
    assert end.value.code == 2
    assert not (folder / "README.md").exists()
