"""octopack-train card: what a run's folder says, and nothing that it does not."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from humanevalpack.errors import InputError, UsageError
from octopack_data.rows import write_rows
from octopack_train.cards import CardSettings, make_card
from octopack_train.commands import main
from octopack_train.recipes.reading import read_recipe
from octopack_train.recipes.writing import resolved_yaml
from octopack_train.run_facts import read_run


def run_folder(folder: Path, recipe: str = "octocoder", settings: tuple[str, ...] = (), **environment: Any) -> Path:
    """A folder as a finished run leaves it."""
    (folder / "data").mkdir(parents=True)
    (folder / "config.yaml").write_text(resolved_yaml(read_recipe(recipe, settings)))
    rows = [{"prompt": "p", "completion": "c", "license": name} for name in ("mit", "mit", "apache-2.0")]
    write_rows(folder / "pairs.jsonl", rows)
    write_rows(folder / "chat.jsonl", [{"prompt": "p", "completion": "c"}])
    sources = {
        "commits": {"rows": 3, "tokens": 75, "share_of_rows": 0.75, "share_of_tokens": 0.5},
        "chat": {"rows": 1, "tokens": 75, "share_of_rows": 0.25, "share_of_tokens": 0.5},
    }
    train = {"rows": 4, "tokens": 150, "trained_tokens": 90, "fingerprint": "abc123", "sources": sources}
    files = {str(folder / name): 1 for name in ("pairs.jsonl", "chat.jsonl")}
    write(folder / "data/report.json", {"files": files, "train": train})
    said = {
        "weights": "bf16 instead of int8, which the recipe says: bitsandbytes is not installed",
        "processes": 1,
        "humanevalpack": "0.1",
        "git_revision": "f00",
        "python": "3.12",
        "device": "cpu",
        "packages": {"torch": "2.13.0"},
        "command": ["octopack-train", "sft", "--recipe", recipe],
    }
    write(folder / "environment.json", said | environment)
    lines = [
        {"step": 1, "loss": 2.5, "learning_rate": 1e-4},
        {"step": 15, "humanevalpack/humanevalsynthesize-python": 0.1},
        {"step": 30, "loss": 1.25, "tokens_per_second": 1234.0, "mfu": 0.41},
        {"step": 30, "humanevalpack/humanevalsynthesize-python": 0.3},
    ]
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    write(folder / "done.json", {"saved": "adapter", "steps": 30})
    return folder


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))


def card(folder: Path, recipe: str | None = None, **settings: str) -> str:
    return make_card(read_run(folder), CardSettings(**settings), recipe)


def section(text: str, title: str) -> str:
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_a_setting_that_was_changed_is_a_deviation_with_both_sides(tmp_path: Path) -> None:
    text = card(run_folder(tmp_path, settings=("adapter.rank=8", "data.path=pairs.jsonl", "output=elsewhere")))
    found = section(text, "Deviations from the published run")
    assert "Settings that are not those of the recipe `octocoder`:" in found
    assert "| `adapter.rank` | 16 (default) | 8 (yours) |" in found
    assert "| `data.path` | guanaco-commits (published) | pairs.jsonl (yours) |" in found
    assert "`output`" not in found  # decides nothing that is learned


def test_a_run_as_published_says_so_and_what_the_publication_leaves_open(tmp_path: Path) -> None:
    found = section(card(run_folder(tmp_path)), "Deviations from the published run")
    assert "Every setting that decides what is learned is that of the recipe `octocoder`." in found
    assert "- Not known from the publication, so assumed: `data.source_rows" in found


def test_what_is_known_and_was_not_followed_is_not_called_unknown(tmp_path: Path) -> None:
    found = section(card(run_folder(tmp_path)), "Deviations from the published run").splitlines()
    (unknown,) = [line for line in found if "Not known from the publication" in line]
    assert "sequence.tail" not in unknown
    assert "data.boundary" not in unknown
    assert any("Chosen by this package" in line and "`sequence.tail`" in line for line in found)
    assert any("Published: the short row at the end of each buffer was dropped" in line for line in found)


def test_the_type_of_the_base_s_weights_is_said(tmp_path: Path) -> None:
    assert "Base weights while training: bf16 instead of int8" in card(run_folder(tmp_path / "a"))
    text = card(run_folder(tmp_path / "b", weights="int8, as the recipe says"))
    assert "Base weights while training: int8, as the recipe says." in text
    assert "octopack-train adapter merge" in text
    assert "what was used is not recorded" in card(run_folder(tmp_path / "c", weights=None))


def test_fewer_steps_and_other_devices_are_said(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    assert "Devices: 1 instead of 8; a step has the same 32 rows." in card(folder)
    write(folder / "done.json", {"steps": 6})
    assert "It ended after 6 steps, not 30." in card(folder)
    (folder / "done.json").unlink()
    assert "The run has not ended" in card(folder)


def test_licences_are_those_of_the_rows_that_were_read(tmp_path: Path) -> None:
    found = section(card(run_folder(tmp_path)), "Data")
    assert "| pairs.jsonl | mit | 2 |" in found
    assert "| pairs.jsonl | apache-2.0 | 1 |" in found
    assert "**Licences are not known** of the rows in: chat.jsonl." in found
    assert "| commits | 3 | 75.0% | 50.0% |" in found
    assert "`abc123`" in found


def test_files_that_are_gone_have_unknown_licences(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (folder / "pairs.jsonl").unlink()
    assert "not known** of the rows in: pairs.jsonl, chat.jsonl." in card(folder)


def test_only_what_was_measured_is_reported(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    found = section(card(folder), "Measured")
    assert "| training loss | 2.5000 (step 1) | 1.2500 (step 30) |" in found
    assert "| pass@1, humanevalsynthesize-python | 0.100 (step 15) | 0.300 (step 30) |" in found
    assert "| model FLOPs utilization | | 0.41 (step 30) |" in found
    assert "held out" not in found
    assert "no result to be compared" in found
    (folder / "metrics.jsonl").write_text('{"step": 1, "loss": 2.0}\n')
    assert "Nothing else was measured: no score is claimed." in card(folder)
    (folder / "metrics.jsonl").unlink()
    assert "Nothing was measured." in card(folder)


def test_the_hub_s_facts(tmp_path: Path) -> None:
    facts = yaml.safe_load(card(run_folder(tmp_path / "a"), license="bigcode-openrail-m").split("---\n")[1])
    assert facts == {
        "license": "bigcode-openrail-m",
        "base_model": "bigcode/starcoder",
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "tags": ["code", "octopack", "lora"],
    }
    whole = yaml.safe_load(card(run_folder(tmp_path / "b", "santacoder-rewrite")).split("---\n")[1])
    assert (whole["library_name"], "license" in whole) == ("transformers", False)
    tiny = yaml.safe_load(card(run_folder(tmp_path / "c", "tiny-smoke")).split("---\n")[1])
    assert "base_model" not in tiny  # random weights are nobody's


def test_how_to_evaluate_names_base_and_adapter(tmp_path: Path) -> None:
    text = card(run_folder(tmp_path), repository="me/octo")
    assert "--model-args pretrained=bigcode/starcoder,peft=me/octo" in text
    assert 'AutoPeftModelForCausalLM.from_pretrained("me/octo")' in text


def test_the_card_in_a_merged_model_s_folder_is_that_of_a_whole_model(tmp_path: Path) -> None:
    folder, merged = run_folder(tmp_path / "run"), tmp_path / "merged"
    merged.mkdir()
    write(merged / "octopack_merge.json", {})
    for place in (folder, merged):
        main_ends_with_0("card", str(folder), "-o", str(place / "README.md"), "--repository", "me/octo")
    whole, adapter = ((place / "README.md").read_text() for place in (merged, folder))
    facts = yaml.safe_load(whole.split("---\n")[1])
    assert (facts["library_name"], facts["tags"]) == ("transformers", ["code", "octopack"])
    assert 'AutoModelForCausalLM.from_pretrained("me/octo")' in section(whole, "Use")
    assert "folded into its base's weights" in section(whole, "Use")
    assert "--model-args pretrained=me/octo " in section(whole, "Evaluate")
    assert "peft" not in section(whole, "Use") + section(whole, "Evaluate")
    assert section(whole, "Recipe") == section(adapter, "Recipe")
    assert 'AutoPeftModelForCausalLM.from_pretrained("me/octo")' in adapter


def main_ends_with_0(*words: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert not end.value.code


def test_the_recipe_in_the_card_reads_back(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, settings=("adapter.rank=8",))
    (tmp_path / "again.yaml").write_text(section(card(folder), "Recipe").split("```yaml\n")[1].split("```")[0])
    assert read_recipe(str(tmp_path / "again.yaml")).settings == read_recipe("octocoder", ["adapter.rank=8"]).settings


def test_a_run_is_compared_with_the_recipe_that_its_own_extends(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("about: Mine\nextends: octocoder-targets-only\nadapter: {rank: 8}\n")
    (tmp_path / "later.yaml").write_text("extends: mine.yaml\n")
    text = card(run_folder(tmp_path / "run", str(tmp_path / "later.yaml")))
    found = section(text, "Deviations from the published run")
    assert "Settings that are not those of the recipe `octocoder-targets-only`:" in found
    assert "| `adapter.rank` | 16 (default) | 8 (yours) |" in found
    assert "`loss`" not in found  # that of the nearest, not of the first of the family
    assert "\n# run\n" in text  # no name that is another model's


def test_a_run_of_no_shipped_recipe_is_compared_with_the_one_that_is_named(tmp_path: Path) -> None:
    alone = (line for line in resolved_yaml(read_recipe("octocoder")).splitlines() if not line.startswith("lineage"))
    (tmp_path / "octocoder.yaml").write_text("\n".join(alone))  # of the same name, and nobody says that it is the same
    folder = run_folder(tmp_path / "run", str(tmp_path / "octocoder.yaml"))
    assert "there is no published run to compare it with" in card(folder)
    assert "that of the recipe `octocoder`" in card(folder, "octocoder")
    with pytest.raises(UsageError, match="--recipe octo: there are octocoder"):
        card(folder, "octo")


def test_the_command_does_not_replace_a_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run_folder(tmp_path / "run")
    out = tmp_path / "README.md"
    for more, code in (((), 0), ((), 2), (("--overwrite", "--name", "My model"), 0)):
        with pytest.raises(SystemExit) as end:
            main(["card", str(folder), "-o", str(out), *more])
        assert (end.value.code or 0) == code
    assert "is there already; name another file, or say --overwrite" in capsys.readouterr().err
    assert "\n# My model\n" in out.read_text()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("config.yaml", None, "no training run there"),
        ("metrics.jsonl", "{}\nx\n", "metrics.jsonl, line 2: not JSON"),
        ("done.json", "[]", "must be a JSON object"),
    ],
)
def test_a_folder_that_is_no_run(name: str, text: str | None, message: str, tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (folder / name).unlink() if text is None else (folder / name).write_text(text)
    with pytest.raises(InputError, match=message):
        card(folder)
