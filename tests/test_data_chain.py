"""octopack-data commitpack run: from clones to CommitPackFT in one command, whatever stops it in between."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from git_histories import long_history, make_repository, special_history
from octopack_data.chain import links
from octopack_data.chain_settings import ChainSettings
from octopack_data.commands import app
from octopack_data.fetch.settings import FetchSettings
from octopack_data.manifests import MANIFEST, read_manifest, sha256_of
from octopack_data.records import COMMIT_COLUMNS
from octopack_data.rows import read_rows, write_rows
from octopack_data.settings import commented_yaml, make_settings, read_settings


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clones")
    for name, steps in {"long": long_history(120, 20), "special": special_history()}.items():
        make_repository(folder / f"own/{name}.git", steps, remote=f"https://github.com/own/{name}.git")
    return folder


def config(folder: Path, clones: Path, **values: Any) -> Path:
    path = folder / "commitpack.yaml"
    given = {"sources": [str(clones)], "output": str(folder / "out"), "filter": {"token_rule": False}}
    path.write_text(yaml.safe_dump({**given, **values}))
    return path


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["commitpack", "run", *map(str, arguments)])


def run(*arguments: str | Path) -> str:
    result = command(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def files(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    names = {"/" + path.relative_to(folder).as_posix(): path for path in found if path.name != MANIFEST}
    return {name: sha256_of(path) for name, path in names.items() if "/.parts/" not in name and "/tables/" not in name}


def test_clones_become_commitpackft_in_one_command(tmp_path: Path, clones: Path) -> None:
    table = run(config(tmp_path, clones))
    rows = list(read_rows(tmp_path / "out/commitpackft/data/python/data.jsonl.zst"))
    assert len(rows) == read_manifest(tmp_path / "out/filter")["counts"]["kept"] > 100
    assert all(tuple(row) == COMMIT_COLUMNS and row["lang"] == "Python" and row["license"] == "mit" for row in rows)
    for stage in ("select", "fetch", "split", "filter", "shard"):
        assert f"**{stage}: kept**" in table


def test_any_number_of_workers_writes_the_same(tmp_path: Path, clones: Path) -> None:
    for workers in (1, 3):
        (tmp_path / str(workers)).mkdir()
        run(config(tmp_path / str(workers), clones), "--workers", str(workers))
    assert files(tmp_path / "1/out") == files(tmp_path / "3/out") != {}


def test_a_sample_on_the_command_line_is_that_of_the_file(tmp_path: Path, clones: Path) -> None:
    for name, said, arguments in (("file", "0.3", ()), ("line", "0.9", ("--sample", "0.3"))):
        (tmp_path / name).mkdir()
        run(config(tmp_path / name, clones, sample=said), *arguments)
    assert files(tmp_path / "file/out") == files(tmp_path / "line/out") != {}
    assert read_manifest(tmp_path / "line/out/select")["counts"]["kept"] < 100


@pytest.mark.parametrize("stage", ["fetch", "split", "filter"])
def test_after_kill_9_the_same_command_ends_as_an_undisturbed_run(tmp_path: Path, clones: Path, stage: str) -> None:
    (tmp_path / "whole").mkdir()
    run(config(tmp_path / "whole", clones))
    path = config(tmp_path, clones)
    arguments = [sys.executable, "-m", "octopack_data.commands", "commitpack", "run", str(path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (tmp_path / "out" / stage).exists():
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "out/commitpackft" / MANIFEST).exists()
    run(path)
    assert files(tmp_path / "out") == files(tmp_path / "whole/out")


def test_a_finished_stage_is_not_run_again(tmp_path: Path, clones: Path) -> None:
    path = config(tmp_path, clones)
    run(path)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.zst")}
    run(path)
    assert times == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.zst")} != {}


@pytest.mark.parametrize(
    "stage",
    [
        {"select": {"plan": "fast"}},
        {"select": {"merges": "off"}},
        {"filter": {"token_rule": False, "seed": 7}},
    ],
)
def test_other_settings_for_a_finished_stage_are_refused(tmp_path: Path, clones: Path, stage: dict[str, Any]) -> None:
    run(config(tmp_path, clones))
    before = files(tmp_path / "out")
    result = command(config(tmp_path, clones, **stage))
    assert result.exception is not None
    assert "--overwrite" in str(result.exception)
    assert files(tmp_path / "out") == before
    run(config(tmp_path, clones, **stage), "--overwrite")


def test_a_stage_with_other_settings_is_run_again_with_all_behind_it_and_nothing_before_it(
    tmp_path: Path, clones: Path
) -> None:
    other = {"filter": {"token_rule": False, "preset": "santacoder"}}
    (tmp_path / "whole").mkdir()
    run(config(tmp_path / "whole", clones, **other))
    run(config(tmp_path, clones))
    before = {name: (tmp_path / "out" / name / MANIFEST).stat().st_mtime_ns for name in ("select", "fetch", "split")}
    said = str(command(config(tmp_path, clones, **other)).exception)
    assert re.search(r"out/filter holds another run \(preset is 'starcoder' there and 'santacoder' now\)", said)
    assert "--overwrite-from filter (this one and those behind it)" in said
    run(tmp_path / "commitpack.yaml", "--overwrite-from", "filter")
    assert files(tmp_path / "out") == files(tmp_path / "whole/out")
    assert before == {name: (tmp_path / "out" / name / MANIFEST).stat().st_mtime_ns for name in before}
    wrong = command(tmp_path / "commitpack.yaml", "--overwrite-from", "filtre")
    assert "--overwrite-from is 'filtre'; the stages are select, fetch, split" in str(wrong.exception)


def test_a_stage_that_was_run_again_by_hand_is_noticed_by_the_next_one(tmp_path: Path, clones: Path) -> None:
    run(config(tmp_path, clones))
    arguments = [str(tmp_path / "out/split"), "-o", str(tmp_path / "out/filter"), "--no-token-rule"]
    result = CliRunner().invoke(app, ["commitpack", "filter", *arguments, "--sample", "0.5", "--overwrite"])
    assert result.exit_code == 0
    said = str(command(config(tmp_path, clones, filter={"token_rule": False, "sample": "0.5"})).exception)
    assert re.search(r"out/commitpackft holds another run .*--overwrite-from commitpackft", said)


def test_a_selection_from_other_sources_is_refused(tmp_path: Path, clones: Path) -> None:
    run(config(tmp_path, clones))
    result = command(config(tmp_path, clones, sources=[str(clones / "own/long.git")]))
    assert "from other sources" in str(result.exception)


def test_the_cleaning_stages_come_between_the_rules_and_the_files(tmp_path: Path, clones: Path) -> None:
    cleaning = {"deduplicate": {}, "redact": None, "decontaminate": {"problems": "mini"}, "split_train": {"valid": 0.5}}
    path = config(tmp_path, clones, **cleaning)
    names = [link.name for link in links(read_settings(ChainSettings, path))]
    assert names == ["select", "fetch", "split", "commitpack", "filter", "deduplicate", "redact", "decontaminate",
                     "split-train", "commitpackft-train", "commitpackft-valid"]  # fmt: skip
    run(path)
    sides = [tmp_path / f"out/commitpackft-{side}" for side in ("train", "valid")]
    rows = [sum(file["rows"] for file in read_manifest(side)["outputs"]) for side in sides]
    assert sum(rows) == read_manifest(tmp_path / "out/decontaminate")["counts"]["kept"]


def test_the_published_layout_begins_at_the_rules(tmp_path: Path) -> None:
    row = dict.fromkeys(COMMIT_COLUMNS, "x") | {
        "old_file": "a/tool.py", "new_file": "a/tool.py", "old_contents": "old = 1\n", "new_contents": "new = 2\n",
        "subject": "Fix the wrong name of a variable", "lang": "Python", "license": "mit", "repos": "own/tool",
    }  # fmt: skip
    write_rows(tmp_path / "pack/data/python/python-0001.jsonl", [row, row | {"subject": "no"}])
    table = run(config(tmp_path, tmp_path / "pack", begin="filter"))
    assert [dict(row) for row in read_rows(tmp_path / "out/commitpackft/data/python/data.jsonl.zst")] == [row]
    assert "| – length | 1 |" in table


def test_a_missing_tokenizer_is_told_before_anything_is_read(tmp_path: Path, clones: Path) -> None:
    result = command(config(tmp_path, clones, filter={}))
    assert "filter: the preset starcoder counts tokens: give --tokenizer" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_the_mode_of_the_whole_is_that_of_every_stage_that_names_none(tmp_path: Path, clones: Path) -> None:
    values = {"mode": "published", "filter": {"token_rule": False, "mode": "fixed"}}
    made = {
        link.name: link.settings for link in links(read_settings(ChainSettings, config(tmp_path, clones, **values)))
    }
    modes = {name: getattr(settings, "mode", None) for name, settings in made.items()}
    assert {name for name, mode in modes.items() if mode != "published"} == {"filter"}


def test_clones_are_read_where_no_backend_is_named(tmp_path: Path, clones: Path) -> None:
    def fetching(**values: Any) -> FetchSettings:
        chain = read_settings(ChainSettings, config(tmp_path, clones, **values))
        (settings,) = (link.settings for link in links(chain) if isinstance(link.settings, FetchSettings))
        return settings

    assert (fetching().backend, fetching().clones) == ("git-local", (clones,))
    named = fetching(fetch={"backend": "raw-http", "contact": "me"})
    assert (named.backend, named.clones) == ("raw-http", ())


def test_the_file_that_config_show_writes_reads_back_the_same(tmp_path: Path, clones: Path) -> None:
    for values in ({}, {"mode": "published", "redact": None, "commitpack": False, "fetch": {"contact": "me"}}):
        chain = read_settings(ChainSettings, config(tmp_path, clones, **values))
        (tmp_path / "again.yaml").write_text(commented_yaml(chain))
        again = read_settings(ChainSettings, tmp_path / "again.yaml")
        assert again == chain
        assert again.model_fields_set == chain.model_fields_set


def test_config_show_names_every_setting_with_its_meaning() -> None:
    shown = CliRunner().invoke(app, ["config", "show"]).output
    for line in ("sources: [clones/]", "#workers: 1", "# Largest clone on disk.", "#deduplicate:", "#  plan: steps"):
        assert line in shown
    uncommented = re.sub("^#(?! [^ ])", "", shown, flags=re.MULTILINE)
    assert make_settings(ChainSettings, yaml.safe_load(uncommented)).redact


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sources": []}, "setting 'sources' is"),
        ({"begin": "filter", "sources": ["a", "b"]}, "begin: filter reads one source, not 2"),
        ({"fetsh": {}}, "no setting 'fetsh'; there are sources, output"),
        ({"fetch": {"bakend": "auto"}}, "no setting 'fetch.bakend'; there are mode, format, sample, backend"),
        ({"redact": {"personel": True}}, "personel"),
        ({"workers": 0}, "setting 'workers' is 0"),
        ({"sources": ["/no/such/folder"]}, "/no/such/folder: no such folder"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, clones: Path, values: dict[str, Any], said: str) -> None:
    result = command(config(tmp_path, clones, **values))
    assert said in str(result.exception)
    assert not (tmp_path / "out").exists()
