"""octopack_train.throughput: what a token costs, against numbers counted by hand; and what a run makes of them."""

import json
from pathlib import Path

import pytest
from datasets import Dataset

from octopack_train.config.model import LoraSettings
from octopack_train.recipes.reading import read_recipe
from octopack_train.sizes import architecture, build, with_adapter
from octopack_train.throughput import Work, peak_flops, work_of
from octopack_train.training.sft import train
from training_rows import written

TINY_LAYER = 128 * (128 + 2 * 32) + 128 * 128 + 2 * 128 * 512
"""Queries, one key and value of 32; the attention's output; the MLP's two matrices."""
TINY = 2 * TINY_LAYER + 1024 * 128
"""Two layers and the output head; neither the positions nor the embedding's look-up multiplies anything."""
TINY_ATTENTION = 12 * 2 * 128 / 2
"""Of a token, for each token of its row."""
TINY_ADAPTER = 2 * 4 * ((128 + 192) + (128 + 128) + (128 + 512) + (512 + 128))
"""Rank 4 at four matrices of both layers."""


def test_all_weights_trained_cost_six_operations_each() -> None:
    work = work_of(build(architecture(read_recipe("tiny-smoke").settings.model), "meta"))
    assert work == Work(matrix=TINY, adapter=0, layers=2, hidden=128)
    assert work.flops(100) == 6 * TINY + 100 * TINY_ATTENTION == 3_004_416


def test_frozen_weights_cost_four_and_an_adapter_s_six() -> None:
    settings = read_recipe("tiny-smoke").settings
    assert isinstance(settings.adapter, LoraSettings)
    work = work_of(with_adapter(build(architecture(settings.model), "meta"), settings.adapter))
    assert work == Work(matrix=TINY, adapter=TINY_ADAPTER, layers=2, hidden=128)
    assert work.flops(100) == 4 * TINY + 100 * TINY_ATTENTION * 2 / 3 + 6 * TINY_ADAPTER == 2_092_032


def test_a_token_of_octocoder_s_run_costs_64_gflop() -> None:
    matrix = 40 * (6144 * (6144 + 2 * 128) + 6144 * 6144 + 2 * 6144 * 24576) + 49152 * 6144
    adapter = 40 * 16 * ((6144 + 6400) + (6144 + 6144) + (24576 + 6144))
    assert adapter == 35_553_280
    assert Work(matrix, adapter, 40, 6144).flops(2048) == pytest.approx(64e9, rel=0.01)


@pytest.mark.parametrize(
    ("device", "precision", "rate"),
    [
        ("NVIDIA H200", "bf16", 989e12),
        ("NVIDIA H100 80GB HBM3", "bf16", 989e12),
        ("NVIDIA H100 PCIe", "bf16", 756e12),
        ("NVIDIA A100-SXM4-80GB", "fp32", 19.5e12),
        ("cpu", "bf16", None),
    ],
)
def test_what_a_device_could_do_by_its_name(device: str, precision: str, rate: float | None) -> None:
    assert peak_flops(device, precision) == rate


@pytest.mark.parametrize("packing", ["none", "bfd"])
@pytest.mark.xdist_group("training")
def test_a_run_reports_its_share_of_the_peak_and_of_trained_tokens(
    packing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octopack_train.training.trainer.peak_flops", lambda device, precision: 1e12)
    rows = written(tmp_path / "rows.jsonl", *({"prompt": f"Say {n}", "completion": f" {n}" * n} for n in range(1, 5)))
    changes = [f"data.path={rows}", f"output={tmp_path / 'run'}", f"sequence.packing={packing}", "sequence.length=100"]
    train(read_recipe("tiny-smoke", [*changes, "schedule.stop_after_steps=1", "cadence.save=0"]))
    report = json.loads((tmp_path / "run" / "data" / "report.json").read_text("utf-8"))["train"]
    (line,) = [json.loads(text) for text in (tmp_path / "run" / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert line["trained_token_share"] == report["trained_tokens"] / report["tokens"]  # all rows are in the one step
    matrix = 2 * TINY_LAYER + 128 * _vocabulary(tmp_path / "run")
    # A token attends to its own text: n texts of l tokens, whatever the row that holds them.
    table = Dataset.from_file(str(tmp_path / "run" / "data" / "train.arrow"))
    lengths = [n for row in table for n in row.get("seq_lengths", [len(row["input_ids"])])]
    assert sum(lengths) == report["tokens"]
    assert max(lengths) < 100
    seen = sum(n * n for n in lengths) / sum(lengths)
    flops = 4 * matrix + seen * TINY_ATTENTION * 2 / 3 + 6 * TINY_ADAPTER
    assert line["mfu"] == pytest.approx(line["tokens_per_second_per_device"] * flops / 1e12)


def _vocabulary(run: Path) -> int:
    return len(json.loads((run / "tokenizer" / "tokenizer.json").read_text("utf-8"))["model"]["vocab"])
