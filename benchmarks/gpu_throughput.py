"""Samples a second by batch size, through ``humanevalpack.run``: python benchmarks/gpu_throughput.py --help.

A model of 1.2 billion random weights: its answers mean nothing, its arithmetic takes as long as that of one that was
trained. All sizes in one process, each measured twice: what is new to a GPU costs seconds the first time. Says also
whether the second run, with the same seed, wrote the same. Leave the machine alone meanwhile.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from humanevalpack import run

SAMPLES = 20
TEMPERATURE = 0.8
PROMPT = "octocoder"
DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def random_model(tokenizer: Any, device: str, dtype: str, layers: int) -> Any:
    """Return a Llama of StarCoder-1B's dimensions (24 layers of width 2048)."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=2048,
        intermediate_size=5504,
        num_hidden_layers=layers,
        num_attention_heads=16,
        max_position_embeddings=4096,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dtype=DTYPES[dtype],
    )
    with torch.device(device):
        model: Any = LlamaForCausalLM(config)  # type: ignore[no-untyped-call]
    return model.to(DTYPES[dtype]).eval()


def timed_run(model: Any, tokenizer: Any, batch: int, problems: int, tokens: int, task: str) -> tuple[float, list[str]]:
    """Return the wall time of ``humanevalpack.run`` with the loaded model, its folder and all, and the generations."""
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=batch)
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        made = run(
            lm,
            tasks=task,
            output=Path(folder) / "run",
            dataset="mini",
            prompt=PROMPT,
            n_samples=SAMPLES,
            temperature=TEMPERATURE,
            limit=problems,
            max_new_tokens=tokens,
            predict_only=True,
        )
        return time.monotonic() - start, [sample.generation for sample in made.samples]


def main() -> None:
    """Measure and print one line a batch size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokenizer", type=Path, help="folder of the demo's model")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", default="bfloat16", choices=DTYPES)
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--task", default="humanevalfix_python")
    parser.add_argument("--batches", default="1x1,20x2,140x14,280x14", help="batch size x problems of 20 samples")
    parser.add_argument("--save", type=Path, help="keep the model in this folder")
    settings = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(settings.tokenizer)
    model = random_model(tokenizer, settings.device, settings.dtype, settings.layers)
    size = sum(parameter.numel() for parameter in model.parameters())
    print(f"{size / 1e9:.2f} billion parameters, {settings.dtype}, {tokenizer.padding_side} padding, {settings.task}")
    if settings.save:
        model.save_pretrained(settings.save)
        tokenizer.save_pretrained(settings.save)
    alone = 0.0
    for text in settings.batches.split(","):
        batch, problems = map(int, text.split("x"))
        arguments = (model, tokenizer, batch, problems)
        timed_run(*arguments, 4, settings.task)
        walls, generations = zip(
            *(timed_run(*arguments, settings.tokens, settings.task) for _ in range(2)), strict=True
        )
        rate = problems * SAMPLES / min(walls)
        alone = alone or rate
        print(
            f"batch {batch}: {problems * SAMPLES} samples in {' and '.join(f'{wall:.1f}' for wall in walls)} s, "
            f"{rate:.2f} a second, {rate / alone:.1f} times the first; "
            f"{sum(map(str.__ne__, *generations))} differ between the two",
            flush=True,
        )


if __name__ == "__main__":
    main()
