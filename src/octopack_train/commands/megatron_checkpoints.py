"""``octopack-train megatron to-hf`` and ``from-hf``: checkpoints of Megatron from and to GPTBigCode's folders."""

from pathlib import Path
from typing import Annotated, Literal

import typer

DtypeOption = Annotated[
    Literal["fp32", "bf16", "fp16"] | None,
    typer.Option("--dtype", help="Type of the weights that are written [default: as read].", show_default=False),
]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="Folder to write.", show_default=False)]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace a converted model that is there.")]

TO_HF_EPILOG = (
    "EXAMPLES: (1) octopack-train megatron to-hf checkpoints/ -o model --tokenizer tokenizer.json  "
    "(2) octopack-train megatron to-hf checkpoints/iter_0010000 -o model --architecture starcoder --dtype bf16. "
    "EXIT CODES: 0 written; 2 ranks that differ, or what GPTBigCode cannot hold: nothing is written."
)
FROM_HF_EPILOG = (
    "EXAMPLES: (1) octopack-train megatron from-hf model/ -o checkpoints  "
    "(2) octopack-train megatron from-hf starcoderbase/ -o checkpoints --tensor-parallel 4 --pipeline-parallel 4 "
    "--names bigcode-2023 --distributed-optimizer 4"
)


def to_hf(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="Folder with a tracker file, or of one iteration.")
    ],
    output: OutputOption,
    architecture: Annotated[
        str | None,
        typer.Option(
            "--architecture",
            metavar="NAME|FOLDER",
            help="starcoder, santacoderpack, …, or a folder with config.json [default: the saved arguments].",
            show_default=False,
        ),
    ] = None,
    vocabulary: Annotated[
        int | None,
        typer.Option(
            "--vocab-size",
            min=1,
            help="Rows of the embedding to keep [default: the architecture's, else the tokenizer's, else all].",
            show_default=False,
        ),
    ] = None,
    tokenizer: Annotated[
        Path | None,
        typer.Option("--tokenizer", metavar="FILE", help="tokenizer.json, or its folder: copied.", show_default=False),
    ] = None,
    dtype: DtypeOption = None,
    shard_size: Annotated[str, typer.Option("--shard-size", help="Largest file; needs twice the memory.")] = "2GB",
    overwrite: OverwriteOption = False,
) -> None:
    """Merge a checkpoint of Megatron, whatever its ranks, into a folder that transformers loads.

    A file for each rank, or a distributed checkpoint; names of megatron-core and of BigCode's fork are recognized.
    """
    from octopack_train.megatron.checkpoints.provenance import PROVENANCE
    from octopack_train.megatron.checkpoints.to_hf import ToHf
    from octopack_train.megatron.checkpoints.to_hf import to_hf as convert

    settings = ToHf(architecture, vocabulary, tokenizer, dtype, shard_size)
    done = convert(checkpoint, output, settings, overwrite=overwrite)
    tensor, pipeline = done.ranks
    typer.echo(f"read {tensor} x {pipeline} ranks (tensor x pipeline parallel), names of {done.spelling}")
    typer.echo(f"vocabulary: {done.vocabulary:,} of {done.padded:,} rows kept")
    typer.echo(f"{output}: {done.tensors:,} tensors, {done.bytes:,} bytes; {PROVENANCE} says where they are from")


def from_hf(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of GPTBigCode.")],
    output: OutputOption,
    tensor_parallel: Annotated[int, typer.Option("--tensor-parallel", min=1, help="Ranks that share a layer.")] = 1,
    pipeline_parallel: Annotated[int, typer.Option("--pipeline-parallel", min=1, help="Stages of layers.")] = 1,
    names: Annotated[
        Literal["core-local", "core-te", "bigcode-2023"],
        typer.Option("--names", help="megatron-core without or with Transformer Engine; BigCode's fork."),
    ] = "core-local",
    vocabulary_multiple: Annotated[
        int,
        typer.Option(
            "--make-vocab-size-divisible-by", min=1, help="Zeros fill the embedding up, on each rank, to a multiple."
        ),
    ] = 128,
    dtype: DtypeOption = None,
    distributed_optimizer: Annotated[
        int,
        typer.Option(
            "--distributed-optimizer",
            metavar="COPIES",
            min=0,
            help="For a run of bigcode-2023 that has one: copies of the model. Its names of files are others.",
        ),
    ] = 0,
    overwrite: OverwriteOption = False,
) -> None:
    """Split a folder of GPTBigCode into a checkpoint that Megatron begins from: release, with its tracker file."""
    from octopack_train.megatron.checkpoints.from_hf import FromHf
    from octopack_train.megatron.checkpoints.from_hf import from_hf as convert

    settings = FromHf(tensor_parallel, pipeline_parallel, names, vocabulary_multiple, dtype, distributed_optimizer)
    done = convert(model, output, settings, overwrite=overwrite)
    typer.echo(f"vocabulary: {done.vocabulary:,} rows, filled up with zeros to {done.padded:,}")
    typer.echo(f"{output}: release of {done.ranks} files, {done.bytes:,} bytes, names of {names}")
