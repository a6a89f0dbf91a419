"""octopack-train check-equivalence: names, shapes, types and bits, tensor by tensor; the first difference is named."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from adapter_models import big_code, save_base
from humanevalpack.errors import InputError
from octopack_train.commands import main
from octopack_train.equivalence import Comparison, compare_models
from octopack_train.logits import LogitDifference
from octopack_train.tensor_files import open_tensors

Tensors = dict[str, torch.Tensor]


def tensors() -> Tensors:
    torch.manual_seed(0)
    return {f"layer.{n}.weight": torch.randn(3, 5) for n in (2, 10)} | {"bias": torch.ones(4)}


def written(path: Path, values: Tensors) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(values, path) if path.suffix == ".bin" else save_file(values, path)
    return path


def changed(name: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Tensors:
    return tensors() | {name: change(tensors()[name].clone())}


def with_value(place: tuple[int, ...], value: float) -> Callable[[torch.Tensor], torch.Tensor]:
    def change(tensor: torch.Tensor) -> torch.Tensor:
        tensor[place] = value
        return tensor

    return change


@pytest.mark.parametrize("ending", [".safetensors", ".bin"])
def test_the_same_tensors_are_equal_whatever_the_file(ending: str, tmp_path: Path) -> None:
    first = written(tmp_path / "a.safetensors", tensors())
    found = compare_models(first, written(tmp_path / f"b{ending}", tensors()))
    assert (found.equal, found.tensors, found.values, found.differences) == (True, 3, 34, ())


W = "layer.2.weight"
UNEQUAL: dict[str, tuple[Tensors, tuple[Any, ...]]] = {
    "gone": ({k: v for k, v in tensors().items() if k != W}, (W, "only in the first", None, None, None)),
    "more": (tensors() | {"zzz": torch.ones(1)}, ("zzz", "only in the second", None, None, None)),
    "shape": (changed(W, lambda t: t.reshape(5, 3)), (W, "shape", None, None, None)),
    "type, same numbers": (changed("bias", lambda t: t.bfloat16()), ("bias", "type", 0, None, 0.0)),
    "type, rounded": (changed("bias", lambda t: t.double() + 0.25), ("bias", "type", 4, 0, 0.25)),
    "one value": (changed("bias", with_value((2,), 1.5)), ("bias", "values", 1, 2, 0.5)),
    "one bit": (changed("bias", with_value((3,), 1.0 + 2**-23)), ("bias", "values", 1, 3, 2**-23)),
    "the sign of zero": (changed("bias", lambda t: t * 1.0), ("bias", "values", 4, 0, 0.0)),
}


@pytest.mark.parametrize("case", UNEQUAL)
def test_a_difference_is_named_with_its_kind_and_size(case: str, tmp_path: Path) -> None:
    other, (name, kind, unequal, place, max_abs) = UNEQUAL[case]
    mine = tensors()
    if case == "the sign of zero":
        mine["bias"], other = torch.zeros(4), other | {"bias": -torch.zeros(4)}
    first, second = written(tmp_path / "a.safetensors", mine), written(tmp_path / "b.safetensors", other)
    (difference,) = compare_models(first, second).differences
    assert (difference.name, difference.kind) == (name, kind)
    assert (difference.unequal, difference.place, difference.max_abs) == (unequal, place, max_abs)


def test_the_relative_difference_is_by_the_larger_value(tmp_path: Path) -> None:
    first = written(tmp_path / "a.safetensors", {"x": torch.tensor([4.0, 100.0])})
    second = written(tmp_path / "b.safetensors", {"x": torch.tensor([5.0, 110.0])})
    (difference,) = compare_models(first, second).differences
    assert difference.max_abs == 10
    assert difference.max_relative == pytest.approx(0.2)


def test_not_a_number_equals_itself_and_nothing_else(tmp_path: Path) -> None:
    first = written(tmp_path / "a.safetensors", {"x": torch.tensor([float("nan"), 1.0])})
    same = written(tmp_path / "b.bin", {"x": torch.tensor([float("nan"), 1.0])})
    other = written(tmp_path / "c.bin", {"x": torch.tensor([2.0, 3.0])})
    assert compare_models(first, same).equal
    (difference,) = compare_models(first, other).differences
    assert difference.unequal == 2
    assert difference.max_abs != difference.max_abs


def test_differences_come_in_the_order_of_layers(tmp_path: Path) -> None:
    other = {name: values + 1 for name, values in tensors().items()}
    found = compare_models(written(tmp_path / "a.bin", tensors()), written(tmp_path / "b.bin", other))
    assert [difference.name for difference in found.differences] == ["bias", "layer.2.weight", "layer.10.weight"]


def test_a_difference_beyond_the_first_piece_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octopack_train.equivalence.PIECE", 4)
    first = written(tmp_path / "a.bin", tensors())
    second = written(tmp_path / "b.bin", changed(W, with_value((2, 4), 9.0)))
    (difference,) = compare_models(first, second).differences
    assert (difference.unequal, difference.place) == (1, 14)


def test_a_sharded_folder_equals_a_whole_one(tmp_path: Path) -> None:
    whole, shards = save_base(tmp_path / "whole"), save_base(tmp_path / "shards", max_shard_size="20KB")
    assert len(open_tensors(shards).files) > 2
    assert compare_models(whole, shards, with_logits=True).equal


def test_names_can_be_left_out(tmp_path: Path) -> None:
    first = written(tmp_path / "a.bin", tensors() | {"h.0.attn.bias": torch.ones(1)})
    found = compare_models(first, written(tmp_path / "b.bin", tensors()), ignore=["*.attn.bias"])
    assert (found.equal, found.ignored) == (True, ("h.0.attn.bias",))


def test_tensors_nested_in_a_torch_file_have_dotted_names(tmp_path: Path) -> None:
    torch.save({"model": {"a": torch.ones(2)}, "step": 3}, tmp_path / "x.pt")
    assert list(open_tensors(tmp_path / "x.pt").places) == ["model.a"]


def test_logits_tell_how_far_two_models_are_apart(tmp_path: Path) -> None:
    first, second = save_base(tmp_path / "a"), save_base(tmp_path / "b", dtype=torch.bfloat16)
    found = compare_models(first, second, with_logits=True, logits_tolerance=0.5)
    assert found.logits is not None
    assert 0 < found.logits.max_abs < 0.5
    assert found.logits_equal
    assert {difference.kind for difference in found.differences} == {"type"}
    assert not found.equal


def test_logits_that_are_no_numbers_are_not_equal() -> None:
    apart = LogitDifference(float("nan"), 1.0, 1.0)
    assert not Comparison(1, 1, (), (), apart, logits_tolerance=1.0).equal
    assert Comparison(1, 1, (), (), replace(apart, max_abs=0.5), logits_tolerance=1.0).equal


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel does not tell a process's memory")
def test_memory_does_not_grow_with_the_model(tmp_path: Path) -> None:
    """Two models of 160 MB each, equal in all 20 tensors: pages of one tensor of each at a time."""
    for name in ("a", "b"):
        written(tmp_path / f"{name}.safetensors", {str(n): torch.full((2_000_000,), float(n)) for n in range(20)})
    code = (
        "import sys, torch, safetensors.torch\nfrom pathlib import Path\n"
        "from octopack_train.equivalence import compare_models\n"
        # getrusage's maximum begins with that of the process that started this one.
        "status = lambda: Path('/proc/self/status').read_text().splitlines()\n"
        "peak = lambda: next(int(line.split()[1]) for line in status() if line.startswith('VmHWM'))\n"
        "torch.ones(9_000_000).sum()\n"
        "before = peak()\nassert compare_models(Path(sys.argv[1]), Path(sys.argv[2])).equal\nprint(peak() - before)"
    )
    paths = [str(tmp_path / f"{name}.safetensors") for name in ("a", "b")]
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 60_000  # kilobytes


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main(["check-equivalence", *map(str, arguments)])
    captured = capsys.readouterr()
    return int(end.value.code or 0), captured.out + captured.err


def test_the_command_ends_with_1_on_any_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = written(tmp_path / "a.bin", tensors())
    second = written(tmp_path / "b.bin", changed("bias", with_value((2,), 1.5)) | {"zzz": torch.ones(1)})
    assert said(capsys, first, first) == (0, "3 tensors, 34 values compared\nequal\n")
    code, text = said(capsys, first, second)
    assert code == 1
    assert (
        "First difference: bias: values: 4 float32; 1 value differs, by at most 0.5 (relative 0.333), first at 2: "
        "1 and 1.5\n"
    ) in text
    assert text.count("First difference") == 1
    assert text.endswith("zzz: only in the second (1 float32)\nNOT equal\n")
    code, text = said(capsys, first, second, "--json")
    assert (code, json.loads(text)["equal"]) == (1, False)


def test_the_command_compares_logits_with_a_tolerance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = save_base(tmp_path / "a"), save_base(tmp_path / "b", big_code(seed=1))
    code, text = said(capsys, first, first, "--logits")
    assert code == 0
    assert "logits: largest difference 0 (allowed 0), relative 0, same likeliest token at 100.0%" in text
    assert said(capsys, first, second, "--logits", "--ignore", "*")[0] == 1
    assert said(capsys, first, second, "--logits", "--logits-tolerance", "1000", "--ignore", "*")[0] == 0


def broken_index(folder: Path, **changes: str) -> Path:
    written(folder / "x.safetensors", tensors())
    weight_map = dict.fromkeys(tensors(), "x.safetensors") | changes
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return folder


def twice(folder: Path) -> Path:
    written(folder / "a.safetensors", {"bias": torch.ones(4), "more": torch.ones(1)})
    return broken_index(folder, more="a.safetensors")


WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "nothing there": (lambda folder: folder / "no", "no such file or folder"),
    "a folder without weights": (lambda folder: folder, "no weights there (model.safetensors"),
    "another kind of file": (lambda folder: _text(folder / "x.txt"), "must end with .safetensors, .bin, .pt, .pth"),
    "no safetensors": (lambda folder: _text(folder / "x.safetensors"), "not a safetensors file that can be read"),
    "no torch file": (lambda folder: _text(folder / "x.bin"), "not a torch file that is read in pieces"),
    "code in a torch file": (lambda folder: _with_code(folder / "x.bin"), "without running code"),
    "no mapping": (lambda folder: _list(folder / "x.bin"), "must hold a mapping of names and tensors, not list"),
    "an index without files": (lambda folder: broken_index(folder, bias="y.safetensors"), "names y.safetensors, which"),
    "a tensor in two shards": (twice, "tensor 'bias' is in a.safetensors and in x.safetensors"),
    "an index of other tensors": (
        lambda folder: broken_index(folder, more="x.safetensors"),
        "tensor 'more' is in no file, the index says x.safetensors",
    ),
}


def _text(path: Path) -> Path:
    path.write_text("no tensors")
    return path


def _list(path: Path) -> Path:
    torch.save([torch.ones(1)], path)
    return path


class Hostile:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("hostile"),)


def _with_code(path: Path) -> Path:
    torch.save({"x": Hostile()}, path)
    return path


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_model_is_an_error_that_says_why(case: str, tmp_path: Path) -> None:
    make, message = WRONG[case]
    with pytest.raises(InputError) as error:
        compare_models(make(tmp_path), make(tmp_path))
    assert message in str(error.value)


def test_a_tolerance_without_logits_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, tmp_path, tmp_path, "--logits-tolerance", 1)[0] == 2
