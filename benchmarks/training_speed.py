"""Tokens a second, MFU and memory of training, against a plain loop: python benchmarks/training_speed.py --help.

Weights are random and rows are made up: nothing here says anything about quality. Every measurement has a process of
its own, so that its peak of memory is its own. Numbers are medians over the steps behind the first ``--discard``.
Leave the machine alone meanwhile.

  loop       the project's training (TRL) against a plain loop on the same rows, each with recomputed activations or not
  packing    the same rows padded, packed apart from each other (bfd), as one stream (wrapped): trained tokens a second
  octocoder  StarCoder's shape with OctoCoder's recipe: micro-batches with recomputed activations or not, then its 30
             steps in two halves, the second of which goes on from the first
  resume     twelve steps against six and six more: whether weights and losses are the same on this device
"""

import argparse
import json
import multiprocessing
import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECOMPUTED = (False, True)
ROWS = 4_000


@dataclass(frozen=True)
class Measured:
    """Medians of a run's steps; ``mfu`` is None where the device's peak is not known."""

    tokens_per_second: float
    trained_per_second: float
    mfu: float | None
    peak_gib: float
    seconds: float


def write_rows(path: Path, length: int) -> None:
    """Write made up questions and answers: lengths spread evenly on a logarithmic scale, up to half a row of tokens."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 8))) for _ in range(2_000)]
    with path.open("w", encoding="utf-8") as file:
        for _ in range(ROWS):
            size = int(4 * (length / 16) ** rng.random())
            row = {"prompt": " ".join(rng.choices(words, k=size)), "completion": " ".join(rng.choices(words, k=size))}
            file.write(json.dumps(row) + "\n")


def recipe_of(folder: Path, settings: argparse.Namespace, *changes: str) -> Any:
    """Return OctoCoder's recipe with random weights in a shape, and the changes of one measurement."""
    from octopack_train.recipes.reading import read_recipe

    common = [
        "model.random_weights=true",
        f"model.architecture={settings.shape}",
        f"model.weights={settings.weights}",
        f"precision={settings.weights}",
        f"data.path={settings.folder / 'rows.jsonl'}",
        f"model.tokenizer={settings.folder / 'tokenizer'}",
        f"sequence.length={settings.length}",
        f"schedule.stop_after_steps={settings.steps}",
        "batch.accumulation=1",
        "batch.devices=1",
        "cadence.log=1",
        "cadence.evaluate=0",
        "cadence.save=0",
        "seeds.data=0",
        f"output={folder}",
    ]
    return read_recipe("octocoder", [*common, *changes])


def make_tokenizer(settings: argparse.Namespace) -> None:
    """Make the rows and a tokenizer of them, which all measurements share."""
    from octopack_train.recipes.reading import read_recipe
    from octopack_train.tokens import load_tokenizer

    write_rows(settings.folder / "rows.jsonl", settings.length)
    model = read_recipe("tiny-smoke").settings.model
    with (settings.folder / "rows.jsonl").open(encoding="utf-8") as file:
        texts = [" ".join(json.loads(line).values()) for line in file]
    load_tokenizer(model, text_iterator(texts)).save_pretrained(settings.folder / "tokenizer")


def text_iterator(texts: list[str]) -> Iterator[Any]:
    """Yield texts as the tokenizer's maker reads them."""
    from octopack_train.texts import Text

    return (Text("", text, "rows", "") for text in texts)


def of_project(recipe: Any, discard: int, resume: str | None = None) -> Measured:
    """Train by the project, and read what it measured of itself."""
    from octopack_train.training.sft import train

    start = time.monotonic()
    done = train(recipe, resume=resume)
    lines = [json.loads(line) for line in (done.folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    steps = [line for line in lines if "tokens_per_second" in line][discard:]
    rate = statistics.median(line["tokens_per_second"] for line in steps)
    share = statistics.median(line["trained_token_share"] for line in steps)
    mfu = statistics.median(line["mfu"] for line in steps) if "mfu" in steps[-1] else None
    peak = steps[-1]["peak_memory_bytes"] / 2**30
    return Measured(rate, rate * share, mfu, peak, time.monotonic() - start)


def of_plain_loop(recipe: Any, discard: int) -> Measured:
    """Train the same adapter on the same rows by a loop of PyTorch's own."""
    import torch
    from datasets import Dataset
    from peft import get_peft_model

    from octopack_train.prepared import prepare
    from octopack_train.sizes import lora_config
    from octopack_train.throughput import peak_flops, work_of
    from octopack_train.training.models import load_base
    from octopack_train.training.trainer import peak_memory

    settings, start = recipe.settings, time.monotonic()
    made = prepare(settings, Path(settings.output) / "data")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    base = load_base(settings, settings.model.weights, made.tokenizer, str(device))
    if settings.activation_checkpointing:
        base.gradient_checkpointing_enable({"use_reentrant": False})
        base.enable_input_require_grads()
    model: Any = get_peft_model(base, lora_config(settings.adapter))
    model.train()
    trained = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(trained, settings.optimizer.learning_rate)
    rows, size = Dataset.from_file(str(made.folder / "train.arrow")), settings.batch.per_device
    rates, mixed = [], settings.precision == "bf16"
    for step in range(settings.schedule.steps):
        begun = time.monotonic()
        batch = [rows[(step * size + place) % len(rows)] for place in range(size)]
        ids = torch.tensor([row["input_ids"] for row in batch], device=device)
        labels = torch.tensor([row["labels"] for row in batch], device=device)
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            loss = model(input_ids=ids, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, settings.optimizer.gradient_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()
        rates.append(ids.numel() / (time.monotonic() - begun))
    rate = statistics.median(rates[discard:])
    peak = peak_flops(torch.cuda.get_device_name() if device.type == "cuda" else "cpu", settings.precision)
    mfu = rate * work_of(model).flops(settings.sequence.length) / peak if peak else None
    return Measured(rate, rate, mfu, peak_memory(device) / 2**30, time.monotonic() - start)


def _carry_out(kind: str, recipe: Any, discard: int, resume: str | None, answers: Any) -> None:
    try:
        answers.put(of_plain_loop(recipe, discard) if kind == "plain" else of_project(recipe, discard, resume))
    except Exception as error:  # too large for the memory, above all: said, and the next one is measured
        answers.put(f"{type(error).__name__}: {str(error).splitlines()[0]}")


def measured(kind: str, recipe: Any, discard: int, resume: str | None = None) -> Measured | str:
    """Measure in a process of its own; a text says why there is no number."""
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    process = context.Process(target=_carry_out, args=(kind, recipe, discard, resume, answers))
    process.start()
    found: Measured | str = answers.get()
    process.join()
    return found


def said(found: Measured | str, against: Measured | str | None = None) -> str:
    """Return a line of a table."""
    if isinstance(found, str):
        return found
    mfu = f"MFU {found.mfu:.1%}" if found.mfu is not None else "MFU not known here"
    parts = [f"{found.tokens_per_second:,.0f} tokens/s", f"{found.trained_per_second:,.0f} trained/s", mfu]
    parts += [f"{found.peak_gib:.1f} GiB", f"{found.seconds:.0f} s in all"]
    if isinstance(against, Measured):
        parts.append(f"{found.tokens_per_second / against.tokens_per_second:.2f} times the plain loop")
    return ", ".join(parts)


def loop(settings: argparse.Namespace) -> None:
    """Compare with a plain loop."""
    for recomputed in RECOMPUTED:
        plain: Measured | str | None = None
        for kind in ("plain", "project"):
            name = f"{kind}{'-recomputed' if recomputed else ''}"
            changes = [f"activation_checkpointing={str(recomputed).lower()}", f"batch.per_device={settings.batch}"]
            found = measured(kind, recipe_of(settings.folder / name, settings, *changes), settings.discard)
            print(f"{name}: {said(found, plain)}", flush=True)
            plain = plain or found


def packing(settings: argparse.Namespace) -> None:
    """Compare ways to fill rows, with the loss on answers alone."""
    for kind in ("none", "bfd", "wrapped"):
        changes = [f"sequence.packing={kind}", "loss=targets", f"batch.per_device={settings.batch}"]
        changes.append("activation_checkpointing=false")
        found = measured("project", recipe_of(settings.folder / kind, settings, *changes), settings.discard)
        print(f"{kind}: {said(found)}", flush=True)


def octocoder(settings: argparse.Namespace) -> None:
    """Find the fastest micro-batch of OctoCoder's 32 rows, then carry out its 30 steps in two halves."""
    best, rate = ["batch.per_device=1", "batch.accumulation=32", "activation_checkpointing=true"], 0.0
    for recomputed in RECOMPUTED:
        for size in (1, 2, 4, 8):
            changes = [f"activation_checkpointing={str(recomputed).lower()}", f"batch.per_device={size}"]
            recipe = recipe_of(settings.folder / f"sweep-{recomputed}-{size}", settings, *changes)
            found = measured("project", recipe, settings.discard)
            print(f"{size} rows{', recomputed' if recomputed else ''}: {said(found)}", flush=True)
            if isinstance(found, Measured) and found.tokens_per_second > rate:
                best, rate = [*changes, f"batch.accumulation={32 // size}"], found.tokens_per_second
            if isinstance(found, str):
                break
    print(f"30 steps with {' '.join(best)}", flush=True)
    for stop, resume in ((15, None), (30, "auto")):
        changes = [*best, f"schedule.stop_after_steps={stop}", "cadence.save=15"]
        found = measured("project", recipe_of(settings.folder / "run", settings, *changes), 1, resume)
        print(f"to step {stop}: {said(found)}", flush=True)


def resume(settings: argparse.Namespace) -> None:
    """Compare twelve steps with six and six more."""
    losses, adapters = [], []
    for name, stops in (("whole", (12,)), ("halves", (6, 12))):
        for stop in stops:
            changes = [f"schedule.stop_after_steps={stop}", "cadence.save=6", f"batch.per_device={settings.batch}"]
            recipe = recipe_of(settings.folder / name, settings, *changes)
            found = measured("project", recipe, 0, "auto" if stop != stops[0] else None)
            print(f"{name} to step {stop}: {said(found)}", flush=True)
        lines = [
            json.loads(line) for line in (settings.folder / name / "metrics.jsonl").read_text("utf-8").splitlines()
        ]
        losses.append([line["loss"] for line in lines if "loss" in line])
        adapters.append(settings.folder / name / "adapter" / "adapter_model.safetensors")
    from safetensors.torch import load_file

    one, other = map(load_file, adapters)
    apart = max(float((one[key].float() - other[key].float()).abs().max()) for key in one)
    steps = max(abs(a - b) for a, b in zip(*losses, strict=True))
    print(f"losses differ by at most {steps}, weights of the adapter by at most {apart}")


def main() -> None:
    """Measure, and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = {"loop": loop, "packing": packing, "octocoder": octocoder, "resume": resume}
    parser.add_argument("what", choices=kinds)
    parser.add_argument("folder", type=Path, help="an empty folder for rows and runs")
    parser.add_argument(
        "--shape", help="architecture that ships with the package [default: santacoderpack or starcoder]"
    )
    parser.add_argument("--weights", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--length", type=int, default=2048, help="tokens of a row")
    parser.add_argument("--batch", type=int, default=4, help="rows of a step")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--discard", type=int, default=10, help="first steps that are not counted")
    settings = parser.parse_args()
    settings.shape = settings.shape or ("starcoder" if settings.what == "octocoder" else "santacoderpack")
    settings.folder.mkdir(parents=True, exist_ok=True)
    if any(settings.folder.iterdir()):
        sys.exit(f"{settings.folder} is not empty: name a new folder")
    make_tokenizer(settings)
    kinds[settings.what](settings)


if __name__ == "__main__":
    main()
