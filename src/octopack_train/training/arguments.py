"""A recipe as TRL's arguments: everything whose default there is another is said here."""

from __future__ import annotations

from pathlib import Path

from trl.trainer.sft_config import SFTConfig

from octopack_train.config.training import TrainingSettings
from octopack_train.packing import BEST_FIT
from octopack_train.training.processes import world_size

_HOURS = 3_600


def arguments(
    settings: TrainingSettings, output: Path, name: str, accumulation: int, *, cpu: bool, evaluates: bool
) -> SFTConfig:
    """Return TRL's arguments of a run, which loggers know by ``name``; to make them connects its processes.

    Its rows are packed and its learning rate is computed elsewhere.
    """
    optimizer, cadence, sequence = settings.optimizer, settings.cadence, settings.sequence
    return SFTConfig(
        output_dir=str(output),
        run_name=name,
        # What is learned.
        learning_rate=optimizer.learning_rate,
        weight_decay=optimizer.weight_decay,
        adam_beta1=optimizer.beta1,
        adam_beta2=optimizer.beta2,
        adam_epsilon=optimizer.epsilon,
        max_grad_norm=optimizer.gradient_clip,
        optim="adamw_torch",
        lr_scheduler_type="constant",  # trainer.py puts the recipe's own in its place
        max_steps=settings.schedule.steps,
        per_device_train_batch_size=settings.batch.per_device,
        per_device_eval_batch_size=settings.batch.per_device,
        gradient_accumulation_steps=accumulation,
        seed=settings.seeds.training,
        data_seed=settings.seeds.data,
        bf16=settings.precision == "bf16",
        fp16=settings.precision == "fp16",
        gradient_checkpointing=settings.activation_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if settings.activation_checkpointing else None,
        # Rows are ready: TRL shall neither tokenize, mask, cut nor pack them again. With bfd it must know, to lay out
        # positions; with loss: all nothing is masked.
        dataset_kwargs={"skip_prepare_dataset": True},
        packing=sequence.packing in BEST_FIT,
        packing_strategy=sequence.packing if sequence.packing in BEST_FIT else "wrapped",
        max_length=sequence.length,
        completion_only_loss=settings.loss == "targets",
        shuffle_dataset=False,
        # Several devices.
        use_cpu=cpu,
        ddp_backend="gloo" if cpu and world_size() > 1 else None,  # named, it is begun even for one process
        ddp_find_unused_parameters=settings.distributed.find_unused,
        ddp_timeout=2 * _HOURS,  # the others wait while one evaluates
        # How it is watched.
        logging_steps=cadence.log or settings.schedule.steps,
        logging_strategy="steps" if cadence.log else "no",
        logging_first_step=False,
        logging_nan_inf_filter=False,
        save_strategy="steps" if cadence.save else "no",
        save_steps=cadence.save or 1,
        eval_strategy="steps" if evaluates else "no",
        eval_steps=cadence.evaluate if evaluates else None,
        report_to=list(settings.loggers) or "none",  # loggers.py says where their files lie
        disable_tqdm=True,  # progress.py has a bar of its own
        dataloader_num_workers=settings.workers,
        dataloader_pin_memory=not cpu,
    )
