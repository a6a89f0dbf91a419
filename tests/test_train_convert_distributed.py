"""Distributed checkpoints of torch are read tensor by tensor; memory does not grow with the model; no code is run."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributed.checkpoint.state_dict_saver import save

from adapter_models import save_base
from checkpoint_files import Tensors, arguments, big_code_noisy, release_tensors
from humanevalpack.errors import InputError, UsageError
from octopack_train.equivalence import compare_models
from octopack_train.megatron.checkpoints.to_hf import ToHf, to_hf


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base") / "model", big_code_noisy())


@pytest.fixture(scope="module")
def tensors(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Tensors:
    return release_tensors(base, tmp_path_factory.mktemp("whole") / "megatron")


def stacked(tensors: Tensors) -> Tensors:
    """All layers of one name in one tensor, as Megatron writes equal layers."""
    found = {name: values for name, values in tensors.items() if ".layers." not in name}
    for name in tensors:
        if ".layers.0." in name:
            layers = [tensors[name.replace(".0.", f".{layer}.")] for layer in range(2)]
            found[name.replace(".0.", ".")] = torch.stack(layers)
    return found


def write(folder: Path, state: dict[str, Any], args: Any = None) -> Path:
    """Write with torch's own writer; what is no tensor stands beside it, as Megatron does."""
    save(state, checkpoint_id=folder, no_dist=True)
    if args is not None:
        torch.save({"args": args, "iteration": 5}, folder / "common.pt")
    return folder


def test_a_distributed_checkpoint_is_read(base: Path, tensors: Tensors, tmp_path: Path) -> None:
    optimizer = {"optimizer.state.exp_avg.decoder.layers.0.mlp.linear_fc1.weight": torch.ones(3)}
    write(tmp_path / "plain", {**tensors, **optimizer, "rng_state": "text"}, arguments())
    write(tmp_path / "stacked", stacked(tensors), arguments())
    write(tmp_path / "nested", {"model": tensors, "optimizer": {"step": torch.ones(1)}}, arguments())
    for name in ("plain", "stacked", "nested"):
        to_hf(tmp_path / name, tmp_path / f"{name}-model", ToHf())
        assert compare_models(base, tmp_path / f"{name}-model").equal


def test_without_arguments_the_architecture_is_named(base: Path, tensors: Tensors, tmp_path: Path) -> None:
    write(tmp_path / "iter_0000005", stacked(tensors))
    (tmp_path / "latest_checkpointed_iteration.txt").write_text("5\n")
    with pytest.raises(UsageError, match="has no arguments of Megatron in it: name its --architecture"):
        to_hf(tmp_path, tmp_path / "model", ToHf())
    to_hf(tmp_path, tmp_path / "model", ToHf(architecture=str(base)))
    assert compare_models(base, tmp_path / "model").equal


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return open, (self.path, "w")


def test_code_in_the_metadata_does_not_run(tmp_path: Path) -> None:
    (tmp_path / ".metadata").write_bytes(pickle.dumps(Hostile(tmp_path / "ran")))
    with pytest.raises(InputError, match=r"it names _?io\.open, which is no part of such metadata and is not run"):
        to_hf(tmp_path, tmp_path / "model", ToHf())
    assert not (tmp_path / "ran").exists()


def test_a_damaged_checkpoint_is_an_error(base: Path, tensors: Tensors, tmp_path: Path) -> None:
    settings = ToHf(architecture=str(base))
    write(tmp_path / "cut", tensors)
    (data,) = (tmp_path / "cut").glob("*.distcp")
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    with pytest.raises(InputError, match="cannot be read"):
        to_hf(tmp_path / "cut", tmp_path / "model", settings)
    (tmp_path / "cut/.metadata").write_bytes(b"no pickle")
    with pytest.raises(InputError, match="not the metadata of a distributed checkpoint that can be read"):
        to_hf(tmp_path / "cut", tmp_path / "model", settings)


MEASURED = """
import sys
from pathlib import Path
from octopack_train.megatron.checkpoints.from_hf import FromHf, from_hf
from octopack_train.megatron.checkpoints.to_hf import ToHf, to_hf
import octopack_train.torch_files, octopack_train.megatron.checkpoints.writing as writing
octopack_train.torch_files.REMAP_AFTER = writing.REMAP_AFTER = 8 * 2**20
status = Path("/proc/self/status")  # getrusage's maximum begins with that of the process that started this one
peak = lambda: next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
tiny, base, folder = map(Path, sys.argv[1:])
settings = ToHf(shard_size="20MB")
from_hf(tiny, folder / "a", FromHf()), to_hf(folder / "a", folder / "b", settings)
before = peak()
from_hf(base, folder / "c", FromHf())
between = peak()
to_hf(folder / "c", folder / "d", settings)
print(between - before, peak() - before, sum(path.stat().st_size for path in folder.glob("c/*/*/*")) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel does not tell a process's memory")
def test_memory_does_not_grow_with_the_model(base: Path, tmp_path: Path) -> None:
    """A checkpoint of 180 MB in one file, written and read with less than 90 MB on top of the imports."""
    from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM

    config = GPTBigCodeConfig(vocab_size=1024, n_positions=64, n_embd=512, n_layer=16, n_head=4)
    model: Any = GPTBigCodeForCausalLM(config)  # type: ignore[no-untyped-call]
    save_base(tmp_path / "large", model)
    command = [sys.executable, "-c", MEASURED, str(base), str(tmp_path / "large"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    writing, reading, size = map(int, done.stdout.split())  # kilobytes
    assert size > 160_000
    assert writing < 90_000
    assert reading < 90_000
