"""The processes of a run in step: what the main one finds all know, and what fails on one ends all of them."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import torch.distributed as dist

from humanevalpack.errors import EnvironmentFault, HumanEvalPackError
from octopack_train.training.processes import is_main, rank

Found = TypeVar("Found")
Fault = tuple[type[HumanEvalPackError], str]
"""An error as it travels from process to process."""


def here() -> str:
    """Return this process's number and its machine, for messages."""
    return f"rank {rank()} on {socket.gethostname()}"


def on_all(work: Callable[[], Found]) -> Found:
    """Do work on every process, and return what this one found; what fails on one is raised by all, with its place.

    Else the others would wait for the one that has ended, for hours. In ``work`` no process speaks with another.
    """
    if not dist.is_initialized():
        return work()
    try:
        found = work()
    except Exception as error:  # of whatever kind: the others must know
        if not isinstance(error, (HumanEvalPackError, OSError)):
            traceback.print_exc()  # a fault of the code: the line that all end with does not say where
        raise _first_fault(_said(error)) or error from error
    if (fault := _first_fault(None)) is not None:
        raise fault
    return found


def from_main(work: Callable[[], Found]) -> Found:
    """Do work on the main process alone, and return on all what it found; raises what it raises."""
    found: Found = _gathered(on_all(lambda: work() if is_main() else None))[0]
    return found


def _first_fault(own: Fault | None) -> HumanEvalPackError | None:
    return next((kind(text) for kind, text in filter(None, _gathered(own))), None)


def _said(fault: Exception) -> Fault:
    if isinstance(fault, HumanEvalPackError):
        return type(fault), f"{here()}: {fault}"
    return EnvironmentFault, f"{here()}: {type(fault).__name__}: {fault}"


def _gathered(value: Any) -> list[Any]:
    """Return the value of each process, in their order."""
    if not dist.is_initialized():
        return [value]
    values: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values
