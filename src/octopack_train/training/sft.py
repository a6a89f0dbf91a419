"""A fine-tuning run from its recipe to the saved adapter or model."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tqdm import tqdm
from transformers import ProgressCallback
from transformers.trainer_callback import PrinterCallback
from transformers.utils import logging

from octopack_data.manifests import write_json
from octopack_train import run_folder
from octopack_train.checkpoints import check_states, step_of
from octopack_train.config.model import QUANTIZED, LoraSettings
from octopack_train.config.training import TrainingSettings
from octopack_train.order import Order
from octopack_train.plans import accumulation_for
from octopack_train.prepared import Prepared, fingerprints
from octopack_train.recipes.reading import Recipe
from octopack_train.rendering import NO_TEST
from octopack_train.sizes import lora_config
from octopack_train.training import processes
from octopack_train.training.agreement import on_all
from octopack_train.training.arguments import arguments
from octopack_train.training.beginning import begin, data_of
from octopack_train.training.callbacks import Bar, MetricsFile
from octopack_train.training.evalhook import Evaluate
from octopack_train.training.loggers import check_loggers, wandb_run, write_events_into
from octopack_train.training.models import load_base, save_base
from octopack_train.training.trainer import RecipeTrainer
from octopack_train.weights import Decision, decide, obstacle_to_bitsandbytes


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    folder: Path
    saved: Path
    """The adapter in PEFT's layout, or the model, with its tokenizer."""
    steps: int
    loss: float | None
    """Of the last step that was logged."""
    seconds: float


def train(recipe: Recipe, *, resume: str | None = None, overwrite: bool = False) -> Trained:
    """Carry out a run, in its folder; every process of it calls this. Raises UsageError, InputError, EnvironmentFault.

    ``resume``: auto (the newest checkpoint, or from the beginning if there is none) or a checkpoint's folder.
    """
    with ExitStack() as held:
        return _train(recipe, held, resume, overwrite)


def _train(recipe: Recipe, held: ExitStack, resume: str | None, overwrite: bool) -> Trained:
    settings, begun = recipe.settings, time.monotonic()
    processes.check_before(settings)
    check_loggers(settings)
    accumulation = accumulation_for(settings.batch, processes.world_size())
    folder = Path(settings.output)
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    processes.set_precision(settings)
    cpu = not torch.cuda.is_available()
    arguments(settings, folder, folder.name, accumulation, cpu=cpu, evaluates=False)  # from here on, processes speak
    beginning = begin(recipe, held, resume=resume, overwrite=overwrite)
    checkpoint = beginning.checkpoint
    on_all(lambda: held.enter_context(wandb_run(settings, folder, beginning.name, beginning.run)))
    data = data_of(settings, beginning)
    evaluates = settings.cadence.evaluate > 0 and (data.folder / "test.arrow").exists()
    if settings.cadence.evaluate and not evaluates and processes.is_main():
        tqdm.write(f"note: rows to test on: {NO_TEST}", file=sys.stderr)
    args = arguments(settings, folder, beginning.name, accumulation, cpu=cpu, evaluates=evaluates)
    decision = decide(settings.model, obstacle_to_bitsandbytes())
    trainer = _trainer(settings, args, data, decision, folder, resuming=checkpoint is not None)
    active = processes.check_active(settings, trainer.accelerator)
    if checkpoint is not None:
        kind = processes.states_kind(trainer.accelerator)
        on_all(lambda: check_states(checkpoint, processes.world_size(), kind))

    def record() -> None:
        if beginning.keeps:
            run_folder.write_config(recipe, folder)
        if processes.is_main():
            run_folder.cut_metrics(folder, step_of(checkpoint) if checkpoint else 0)
            known = {"run": beginning.run, "data": fingerprints(data.report)}
            known |= _environment(trainer, decision, active, accumulation)
            run_folder.write_environment(folder, known)

    on_all(record)
    _callbacks(settings, trainer, folder, recipe.name, checkpoint)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    saved = folder / (run_folder.ADAPTER if isinstance(settings.adapter, LoraSettings) else run_folder.MODEL)
    trainer.save_model(str(saved))
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    done = Trained(folder, saved, trainer.state.global_step, losses[-1] if losses else None, time.monotonic() - begun)
    if processes.is_main():
        (saved / "training_args.bin").unlink(missing_ok=True)  # a pickle, and all of it is in config.yaml
        (saved / "README.md").unlink(missing_ok=True)  # PEFT's empty form; octopack-train card writes the card
        values = {"saved": saved.name, "steps": done.steps, "loss": done.loss, "seconds": round(done.seconds, 1)}
        write_json(folder / run_folder.DONE, values)
    trainer.accelerator.wait_for_everyone()
    return done


def _trainer(
    settings: TrainingSettings, args: Any, data: Prepared, decision: Decision, folder: Path, *, resuming: bool
) -> RecipeTrainer:
    base = load_base(settings, decision.weights, data.tokenizer, str(args.device))
    if decision.weights in QUANTIZED:
        from peft import prepare_model_for_kbit_training

        checkpointing = settings.activation_checkpointing
        base = prepare_model_for_kbit_training(base, use_gradient_checkpointing=checkpointing)  # type: ignore[no-untyped-call]
    if settings.model.random_weights and (settings.cadence.save or settings.evaluation.every):
        if processes.is_main() and not resuming:
            save_base(base, data.tokenizer, folder / run_folder.BASE)
        base.name_or_path = base.config._name_or_path = str(
            folder / run_folder.BASE
        )  # PEFT writes it beside an adapter
    adapter = settings.adapter
    train = Dataset.from_file(str(data.folder / "train.arrow"))
    test = data.folder / "test.arrow"
    order = Order(
        len(train), settings.schedule.steps * settings.batch.rows, settings.seeds.data, data.report["train"]["buffers"]
    )
    return RecipeTrainer(
        settings=settings,
        order=order,
        model=base,
        args=args,
        train_dataset=train,
        eval_dataset=Dataset.from_file(str(test)) if test.exists() else None,
        processing_class=data.tokenizer,
        peft_config=lora_config(adapter) if isinstance(adapter, LoraSettings) else None,
    )


def _callbacks(
    settings: TrainingSettings, trainer: RecipeTrainer, folder: Path, title: str, checkpoint: Path | None
) -> None:
    for kind in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(kind)
    write_events_into(folder, trainer)
    trainer.add_callback(MetricsFile(folder))
    trainer.add_callback(Bar(title, step_of(checkpoint) if checkpoint else 0))
    if settings.evaluation.every:
        base = str(folder / run_folder.BASE) if settings.model.random_weights else settings.model.base
        trainer.add_callback(Evaluate(settings.evaluation, folder / "evaluation", base, trainer))


def _environment(trainer: RecipeTrainer, decision: Decision, active: str, accumulation: int) -> dict[str, Any]:
    device = trainer.args.device
    trainable = sum(one.numel() for one in trainer.model.parameters() if one.requires_grad)
    return {
        "weights": decision.said,
        "distribution": active,
        "processes": trainer.accelerator.num_processes,
        "accumulation": accumulation,
        "mixed_precision": trainer.accelerator.mixed_precision,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "cuda": torch.version.cuda,
        "trainable_parameters": trainable,
    }
