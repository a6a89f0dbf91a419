"""Files whose pickle would run a command: no reader runs it, each ends in one error that says which file it is."""

import argparse
import builtins
import io
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributed.checkpoint.filesystem import _StorageInfo
from torch.distributed.checkpoint.metadata import BytesStorageMetadata, Metadata
from torch.distributed.checkpoint.state_dict_saver import save

from adapter_models import save_base
from checkpoint_files import Tensors, arguments, big_code_noisy, change_rank, release_tensors
from humanevalpack.demo.tiny_model import build_tokenizer
from humanevalpack.errors import EnvironmentFault, InputError
from octopack_train.commands import main
from octopack_train.config.model import ModelSettings
from octopack_train.logits import load_model
from octopack_train.megatron.checkpoints.from_hf import FromHf, from_hf
from octopack_train.megatron.checkpoints.to_hf import ToHf, to_hf
from octopack_train.recipes.reading import read_recipe
from octopack_train.tokens import load_tokenizer
from octopack_train.training.models import load_base

pytestmark = pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
RANK = "release/mp_rank_00/model_optim_rng.pt"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base") / "model", big_code_noisy())


@pytest.fixture(scope="module")
def tensors(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Tensors:
    return release_tensors(base, tmp_path_factory.mktemp("whole") / "megatron")


class Hostile:
    """Runs a command when it is unpickled: it makes a file ``ran``."""

    def __init__(self, folder: Path) -> None:
        self.command = f"touch {folder / 'ran'}"

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def distributed(folder: Path, tensors: Tensors) -> Path:
    """Write with torch's own writer; Megatron's arguments beside it."""
    save({**tensors}, checkpoint_id=folder, no_dist=True)
    torch.save({"args": arguments()}, folder / "common.pt")
    return folder


def change_metadata(folder: Path, change: Callable[[Metadata], Any]) -> None:
    found: Metadata = pickle.loads((folder / ".metadata").read_bytes())  # our own
    change(found)
    (folder / ".metadata").write_bytes(pickle.dumps(found))


def in_a_rank(folder: Path, base: Path, _tensors: Tensors) -> list[object]:
    from_hf(base, folder / "in", FromHf())
    change_rank(folder / "in" / RANK, lambda values: values.update(rng_state=Hostile(folder)))
    return ["megatron", "to-hf", folder / "in", "-o", folder / "out"]


def in_arguments(folder: Path, base: Path, _tensors: Tensors) -> list[object]:
    from_hf(base, folder / "in", FromHf())
    change_rank(folder / "in" / RANK, lambda values: values.update(args=argparse.Namespace(x=Hostile(folder))))
    return ["megatron", "to-hf", folder / "in", "-o", folder / "out"]


def in_metadata(folder: Path, _base: Path, tensors: Tensors) -> list[object]:
    distributed(folder / "in", tensors)
    change_metadata(folder / "in", lambda found: setattr(found, "planner_data", Hostile(folder)))
    return ["megatron", "to-hf", folder / "in", "-o", folder / "out"]


def beside_metadata(folder: Path, _base: Path, tensors: Tensors) -> list[object]:
    torch.save({"args": Hostile(folder)}, distributed(folder / "in", tensors) / "common.pt")
    return ["megatron", "to-hf", folder / "in", "-o", folder / "out"]


def in_a_distributed_tensor(folder: Path, _base: Path, tensors: Tensors) -> list[object]:
    """What stands where metadata says that a tensor is."""
    stream = io.BytesIO()
    torch.save(Hostile(folder), stream)
    (data,) = distributed(folder / "in", tensors).glob("*.distcp")
    data.write_bytes(stream.getvalue())

    def change(found: Metadata) -> None:
        for place in found.storage_data.values():
            place.offset, place.length = 0, len(stream.getvalue())

    change_metadata(folder / "in", change)
    return ["megatron", "to-hf", folder / "in", "-o", folder / "out"]


def in_a_model(folder: Path, base: Path, _tensors: Tensors) -> list[object]:
    (folder / "in").mkdir()
    (folder / "in/config.json").write_bytes((base / "config.json").read_bytes())
    torch.save({"transformer.wte.weight": Hostile(folder)}, folder / "in/pytorch_model.bin")
    return ["megatron", "from-hf", folder / "in", "-o", folder / "out"]


def in_one_of_two(folder: Path, base: Path, tensors: Tensors) -> list[object]:
    in_a_model(folder, base, tensors)
    return ["check-equivalence", base, folder / "in", "--logits"]


def in_an_old_torch_file(folder: Path, base: Path, _tensors: Tensors) -> list[object]:
    """As torch wrote before it wrote archives: nothing but pickles."""
    (folder / "in").mkdir()
    torch.save({"x": Hostile(folder)}, folder / "in/x.pt", _use_new_zipfile_serialization=False)
    return ["check-equivalence", folder / "in/x.pt", base]


def in_a_plain_pickle(folder: Path, base: Path, _tensors: Tensors) -> list[object]:
    (folder / "in").mkdir()
    (folder / "in/x.bin").write_bytes(pickle.dumps(Hostile(folder)))
    return ["check-equivalence", folder / "in/x.bin", base]


def in_an_adapter(folder: Path, base: Path, _tensors: Tensors) -> list[object]:
    (folder / "in").mkdir()
    (folder / "in/adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    torch.save({"x": Hostile(folder)}, folder / "in/adapter_model.bin")
    return ["adapter", "merge", base, folder / "in", "-o", folder / "out"]


@pytest.mark.parametrize(
    "make",
    [
        in_a_rank,
        in_arguments,
        in_metadata,
        beside_metadata,
        in_a_distributed_tensor,
        in_a_model,
        in_one_of_two,
        in_an_old_torch_file,
        in_a_plain_pickle,
        in_an_adapter,
    ],
)
def test_a_command_in_a_file_is_not_run(
    make: Callable[[Path, Path, Tensors], list[object]],
    base: Path,
    tensors: Tensors,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = make(tmp_path, base, tensors)
    with pytest.raises(SystemExit) as end:
        main([*map(str, command)])
    said = capsys.readouterr().err
    assert (end.value.code, said.count("\n")) == (2, 1), said
    assert f"{tmp_path / 'in'}" in said
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out").exists()


def test_the_command_would_run(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Hostile(tmp_path)))
    assert (tmp_path / "ran").exists()


def test_metadata_does_not_change_classes_of_this_program(tmp_path: Path) -> None:
    """A pickle may set attributes of all that it names, of a class for every later use of it."""
    sets_suffix = b"\x80\x04cpathlib\nPosixPath\nN}\x8c\x06suffix\x8c\x05wrongs\x86b."
    (tmp_path / ".metadata").write_bytes(sets_suffix)
    with pytest.raises(InputError, match="not the metadata of a distributed checkpoint"):
        to_hf(tmp_path, tmp_path / "model", ToHf())
    assert Path("name.txt").suffix == ".txt"


def without_place(found: Metadata) -> None:
    found.storage_data = dict.fromkeys(found.storage_data, _StorageInfo.__new__(_StorageInfo))


def elsewhere(found: Metadata) -> None:
    for place in found.storage_data.values():
        place.relative_path = "../other.distcp"


def without_values(found: Metadata) -> None:
    """All of a tensor in one piece, which is half of it."""
    facts: Any = found.state_dict_metadata["decoder.layers.1.mlp.linear_fc1.bias"]
    facts.chunks[0].sizes = torch.Size([64])


WRONG: dict[str, tuple[Callable[[Metadata], Any], str]] = {
    "no records": (
        lambda found: vars(found).pop("state_dict_metadata"),
        "not the metadata of a distributed checkpoint",
    ),
    "another record": (
        lambda found: vars(found).update(state_dict_metadata=BytesStorageMetadata()),
        "not the metadata",
    ),
    "no place": (without_place, "cannot be read: AttributeError"),
    "a piece that is missing": (
        without_values,
        "linear_fc1.bias do not make up (128,)",
    ),
    "a file outside": (elsewhere, ".metadata: names ../other.distcp, which is no file of its folder"),
}


@pytest.mark.parametrize("case", WRONG)
def test_metadata_that_is_not_whole_is_an_error(case: str, tensors: Tensors, tmp_path: Path) -> None:
    change, message = WRONG[case]
    folder = distributed(tmp_path / "in", tensors)
    (data,) = folder.glob("*.distcp")
    (tmp_path / "other.distcp").write_bytes(data.read_bytes())
    change_metadata(folder, change)
    with pytest.raises(InputError) as error:
        to_hf(folder, tmp_path / "model", ToHf())
    assert message in str(error.value)
    assert not (tmp_path / "model").exists()


def tokenizer_of_a_run(folder: Path) -> object:
    return load_tokenizer(ModelSettings(base=str(folder)), [])


def base_of_a_run(folder: Path) -> object:
    own = ["model.random_weights=false", f"model.base={folder}", "model.tokenizer=null"]
    settings = read_recipe("tiny-smoke", own).settings
    return load_base(settings, "fp32", build_tokenizer(["a"]), "cpu")


@pytest.mark.parametrize(
    ("read", "error", "message"),
    [
        (lambda folder: load_model(folder, "fp32"), InputError, "not a model that transformers loads"),
        (tokenizer_of_a_run, EnvironmentFault, "is no folder with a tokenizer"),
        (base_of_a_run, EnvironmentFault, "cannot be loaded"),
    ],
    ids=["model", "tokenizer of a run", "base of a run"],
)
def test_code_that_comes_with_a_model_is_not_run_whatever_is_answered(
    read: Callable[[Path], object],
    error: type[Exception],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(builtins, "input", lambda *_: "y")
    classes = {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model", "AutoTokenizer": ["own.Words", None]}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": classes}))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"auto_map": classes}))
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    with pytest.raises(error, match=message):
        read(tmp_path)
    assert not (tmp_path / "ran").exists()
