"""The start of a Megatron-LM: what must be there, how rows are shared out, the command for torchrun."""

import shlex
from dataclasses import dataclass
from glob import escape
from itertools import product
from pathlib import Path

from humanevalpack.errors import InputError, UsageError
from octopack_train.config.megatron import MegatronData, MegatronSettings
from octopack_train.megatron.checkpoints.ranks import FILES, OPTIMIZER, copy_folder, rank_folder
from octopack_train.megatron.dialects import Dialect
from octopack_train.megatron.indexed import dataset_prefix, index_path, read_indexed
from octopack_train.megatron.paths import check_apart, misread_shares, read_paths
from octopack_train.megatron.tracker import RELEASE

PORT = 6001
HOST = "$MASTER_ADDR"


@dataclass(frozen=True)
class Sharing:
    """How one iteration's rows lie on devices."""

    devices: int
    """Of all machines."""
    data_parallel: int
    """Copies of the model."""
    accumulation: int
    """Times each copy works before an iteration is done."""
    tokens_per_step: int
    tokens: int
    """Of the whole run, at most: rows of pairs are not always full."""


def sharing(settings: MegatronSettings, machines: int, devices: int) -> Sharing:
    """Share rows out over ``machines`` with ``devices`` each; raises UsageError where that does not go."""
    here, model = machines * devices, settings.parallel.tensor * settings.parallel.pipeline
    if here % model:
        raise UsageError(
            f"{machines} machines with {devices} devices: {here} is no multiple of parallel.tensor x "
            f"parallel.pipeline, {model}"
        )
    copies, batch = here // model, settings.batch
    if batch.rows % (batch.micro * copies):
        fit = [n * model for n in range(1, batch.rows // batch.micro + 1) if not batch.rows % (batch.micro * n)]
        raise UsageError(
            f"an iteration has {batch.rows} rows: {copies} copies of the model with batch.micro {batch.micro} cannot "
            f"share them out; devices that can: {', '.join(map(str, fit))}"
        )
    step = batch.rows * settings.sequence_length
    return Sharing(here, copies, batch.rows // (batch.micro * copies), step, step * settings.schedule.stop_after_steps)


def pretraining_script(checkout: Path, settings: MegatronSettings, dialect: Dialect) -> Path:
    """Return the script of a checkout that a recipe runs; raises InputError if it is not one of this dialect."""
    name = dialect.scripts[settings.data.form]
    missing = [one for one in (name, "megatron") if not (checkout / one).exists()]
    if missing:
        raise InputError(
            f"{checkout}: no {missing[0]} there; --megatron must be a checkout of "
            + dialect.sources["arguments"].rpartition(", ")[0]
        )
    return checkout / name


def check_data(settings: MegatronSettings) -> list[str]:
    """Raise InputError if what the run reads is not there: tokenizer, path files, datasets, as many of each key.

    Returns what is there and read otherwise than it seems.
    """
    data = settings.data
    if not Path(data.tokenizer).is_file():
        raise InputError(f"{data.tokenizer}: no such file; say --set data.tokenizer=…/tokenizer.json")
    if data.path is not None:
        read_indexed(Path(data.path))
    if data.train_paths is None or data.valid_paths is None:
        return []
    train, valid = read_paths(Path(data.train_paths)), read_paths(Path(data.valid_paths))
    if len(train) > 1:
        raise InputError(f"{data.train_paths}: {len(train)} groups; training has one")
    check_apart((data.train_paths, train), (data.valid_paths, valid))
    for prefix in dict.fromkeys(share.prefix for group in (*train, *valid) for share in group.shares):
        inputs, targets = (read_indexed(dataset_prefix(Path(prefix), key)) for key in ("inputs", "targets"))
        if inputs.documents != targets.documents:
            raise InputError(f"{prefix}: {inputs.documents:,} inputs and {targets.documents:,} targets")
        for one in (inputs, targets):
            if empty := int((one.lengths == 0).sum()):
                first = int((one.lengths == 0).argmax())
                raise InputError(
                    f"{one.prefix}: {empty:,} documents without a token, first that of row {first + 1:,}: Megatron-LM "
                    "of 2023 ends at one; leave these rows out, and preprocess the others"
                )
        _check_maps(Path(prefix), [index_path(inputs.prefix), index_path(targets.prefix)], data)
    return misread_shares([*train, *valid])


def _check_maps(prefix: Path, indexes: list[Path], data: MegatronData) -> None:
    """Raise InputError if maps of rows that an earlier run of Megatron-LM of 2023 has left are older than the data.

    It takes what is there by the name, which has the number of rows and the seed: neither the data nor the shares.
    """
    sources = [*indexes, *(Path(name) for name in (data.train_paths, data.valid_paths) if name is not None)]
    newest = max(sources, key=lambda path: path.stat().st_mtime_ns)
    for path in sorted(prefix.parent.glob(f"{escape(prefix.name)}_*_indexmap_*.npy")):
        if path.stat().st_mtime_ns < newest.stat().st_mtime_ns:
            raise InputError(
                f"{path}: Megatron-LM would read rows by this map of an earlier run, which is older than {newest}: "
                f"rm {shlex.quote(str(prefix))}_*_indexmap_*.npy"
            )


def check_release(settings: MegatronSettings, copies: int) -> None:
    """Raise InputError if a first run with Megatron-LM of 2023 would not find its weights: a file of each rank.

    ``copies`` of the model: with a distributed optimizer each asks for its file, though it takes nothing from it.
    """
    parallel, folder = settings.parallel, Path(settings.checkpoints) / RELEASE
    for tensor, stage in product(range(parallel.tensor), range(parallel.pipeline)):
        rank = rank_folder(tensor, stage, parallel.pipeline)
        wanted = [f"{rank}/{FILES[parallel.distributed_optimizer]}"]
        if parallel.distributed_optimizer:
            wanted += [f"{copy_folder(rank, copy)}/{OPTIMIZER}" for copy in range(copies)]
        if missing := next((name for name in wanted if not (folder / name).is_file()), None):
            more = f" --distributed-optimizer {copies}" if parallel.distributed_optimizer else ""
            raise InputError(
                f"{folder / missing} is not there: the weights of {settings.model.base or 'a model'}, made with "
                f"octopack-train megatron from-hf MODEL -o {settings.checkpoints} --names bigcode-2023 "
                f"--tensor-parallel {parallel.tensor} --pipeline-parallel {parallel.pipeline}{more}"
            )


def torchrun(script: Path, arguments: list[list[str]], machines: int, devices: int, meet: bool = False) -> list[str]:
    """Return the words of the command for each machine; the first one's name is left to the shell, as $MASTER_ADDR.

    ``meet``: processes find each other there even if there is one machine.
    """
    meeting = ["--standalone"]
    if machines > 1 or meet:
        meeting = ["--rdzv-backend", "c10d", "--rdzv-id", "octopack", "--rdzv-endpoint", f"{HOST}:{PORT}"]
    words = ["torchrun", "--nnodes", str(machines), "--nproc-per-node", str(devices), *meeting]
    words += ["--max-restarts", "0", "--tee", "3", str(script)]
    return [*words, *(word for flag in arguments for word in flag)]


def shell_lines(words: list[str], dialect: Dialect) -> str:
    """Return a command as lines for a shell: variables before it, one option a line."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in dialect.environment.items()]
    rows: list[list[str]] = []
    for word in words:
        if word.startswith("--") or not rows or word.endswith(".py"):
            rows.append([])
        rows[-1].append(_quoted(word))
    return "\n".join([*lines, " \\\n  ".join(" ".join(row) for row in rows)]) + "\n"


def _quoted(word: str) -> str:
    return f'"{word}"' if word == f"{HOST}:{PORT}" else shlex.quote(word)
