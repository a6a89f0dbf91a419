"""octopack_data.push: what a reader of the hub finds before and after, with the real client and a hub on loopback."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from huggingface_hub import HfApi

from data_rows import commit, write
from hub_pushes import Repository, hub_that_takes_pushes
from humanevalpack.errors import EnvironmentFault, InputError
from octopack_data.cards import CardSettings, write_card
from octopack_data.commands import main
from octopack_data.parts import run_stage
from octopack_data.push import Push, look, plan_push, push
from octopack_data.shards import ShardSettings, shard_stage
from octopack_data.sources import find_parts

NAME = "me/pack"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Repository]:
    """A hub without the data set, asked by the real client."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with hub_that_takes_pushes(NAME) as repository:
        yield repository


def api(hub: Repository) -> HfApi:
    return HfApi(hub.address, token="hf_of_nobody")


def pack(folder: Path, rows: dict[str, int]) -> Push:
    """A data set with so many rows of each language, one or two rows a file."""
    for language, count in rows.items():
        write(folder / f"in/{language}.jsonl", [commit(n, language) for n in range(count)])
    stage = shard_stage(find_parts(folder / "in"), folder / "pack", ShardSettings(shard_bytes=600, format="jsonl"))
    run_stage(stage, progress=False)
    write_card(folder / "pack", CardSettings(name="Pack", contact="https://example.org/removal"))
    return plan_push(folder / "pack")


def data(hub: Repository) -> list[str]:
    return sorted(name for name in hub.files if name.startswith("data/"))


def test_a_push_makes_a_private_data_set_with_the_plan_s_files(hub: Repository, tmp_path: Path) -> None:
    plan = pack(tmp_path, {"Python": 3})
    push(plan, NAME, hub=api(hub))
    assert {*hub.files} == {".gitattributes", *plan.files}
    assert all(hub.files[name] == (plan.folder / name).read_bytes() for name in plan.files)
    assert len(hub.states) == 2
    assert hub.asked_private


def test_a_smaller_push_leaves_no_file_of_a_larger_one(hub: Repository, tmp_path: Path) -> None:
    large, small = pack(tmp_path / "large", {"Python": 5, "C++": 3}), pack(tmp_path / "small", {"Python": 2})
    push(large, NAME, hub=api(hub))
    found = push(small, NAME, hub=api(hub))
    assert {*hub.files} == {".gitattributes", *small.files}
    assert found.deleted == tuple(sorted({*large.files} - {*small.files}))


def test_a_reader_sees_the_data_before_or_after_and_nothing_between(hub: Repository, tmp_path: Path) -> None:
    push(pack(tmp_path / "large", {"Python": 5}), NAME, hub=api(hub))
    before = len(hub.states)
    push(pack(tmp_path / "small", {"Python": 2}), NAME, hub=api(hub))
    assert len(hub.states) == before + 1


def test_what_stood_beside_the_data_of_an_earlier_push_goes_with_it(hub: Repository, tmp_path: Path) -> None:
    plan = pack(tmp_path, {"Python": 2})
    (plan.folder / "NOTICES.md").write_text("of these rows")
    push(plan_push(plan.folder), NAME, hub=api(hub))
    (plan.folder / "NOTICES.md").unlink()
    assert look(plan_push(plan.folder), NAME, hub=api(hub)).deleted == ("NOTICES.md",)


def test_files_that_are_no_rows_and_of_nobody_s_push_stay(hub: Repository, tmp_path: Path) -> None:
    hub.states = [{".gitattributes": b"", "paper.pdf": b"%", "data/python/notes.txt": b"mine", "NOTICES.md": b"mine"}]
    assert push(pack(tmp_path, {"Python": 2}), NAME, hub=api(hub)).deleted == ()
    assert {"paper.pdf", "data/python/notes.txt", "NOTICES.md", ".gitattributes"} < {*hub.files}


def test_rows_of_others_are_refused_and_go_only_where_that_is_said(hub: Repository, tmp_path: Path) -> None:
    hub.states = [{".gitattributes": b"", "data/python/python-0009.jsonl": b"{}\n"}]
    plan = pack(tmp_path, {"Python": 2})
    with pytest.raises(InputError, match=r"python-0009\.jsonl\. Take them away, .*--replace"):
        push(plan, NAME, hub=api(hub))
    assert data(hub) == ["data/python/python-0009.jsonl"]
    assert push(plan, NAME, replace=True, hub=api(hub)).deleted == ("data/python/python-0009.jsonl",)
    assert data(hub) == [name for name in plan.files if name.startswith("data/")]


def test_a_data_set_that_changes_during_the_push_is_not_overwritten(hub: Repository, tmp_path: Path) -> None:
    plan = pack(tmp_path, {"Python": 2})
    hub.states = [{".gitattributes": b""}]
    client = api(hub)
    listed = client.list_repo_files

    def then_another_pushes(*arguments: object, **more: object) -> list[str]:
        names = listed(*arguments, **more)  # type: ignore[arg-type]
        hub.states.append({**hub.files, "data/python/python-0009.jsonl": b"{}\n"})
        return names

    client.list_repo_files = then_another_pushes  # type: ignore[method-assign]
    with pytest.raises(EnvironmentFault, match=r"(?s)412.*call push again"):
        push(plan, NAME, hub=client)
    assert data(hub) == ["data/python/python-0009.jsonl"]


def test_more_files_than_a_commit_takes_go_in_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octopack_data.push.ONE_COMMIT", 1)
    client = create_autospec(HfApi, instance=True)  # calls must fit the real signatures
    client.dataset_info.return_value.sha = "0" * 40
    client.list_repo_files.return_value = ["data/c++/[x].jsonl"]
    plan = pack(tmp_path, {"Python": 2})
    push(plan, NAME, replace=True, hub=client)
    uploaded = client.upload_folder.call_args.kwargs
    assert (uploaded["folder_path"], uploaded["parent_commit"]) == (plan.folder, "0" * 40)
    assert uploaded["delete_patterns"] == ["data/c++/[[]x].jsonl"]
    assert "manifest.json" not in uploaded["allow_patterns"]


def test_a_hub_that_cannot_be_reached_is_a_fault_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with pytest.raises(EnvironmentFault, match="call push again"):
        push(pack(tmp_path, {"Python": 2}), NAME, hub=HfApi("http://127.0.0.1:9"))


def test_the_command_pushes_nothing_unless_asked_and_lists_what_would_go(
    hub: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: api(hub))
    push(pack(tmp_path / "large", {"Python": 5}), NAME, hub=api(hub))
    folder = pack(tmp_path / "small", {"Python": 2}).folder
    states = len(hub.states)
    for more, expected in ([], "Would delete 2 files"), (["--yes"], "2 files of an earlier push were deleted"):
        with pytest.raises(SystemExit) as end:
            main(["commitpack", "push", str(folder), NAME, *more])
        assert end.value.code == 0
        assert expected in capsys.readouterr().out
        assert len(hub.states) == states + bool(more)


def test_a_dry_run_without_a_hub_still_says_what_would_be_pushed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: HfApi("http://127.0.0.1:9"))
    with pytest.raises(SystemExit) as end:
        main(["commitpack", "push", str(pack(tmp_path, {"Python": 2}).folder), NAME])
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert "nothing is pushed without --yes" in said
    assert "would be deleted, is not known" in said
