"""The way to a Ray cluster, and to what its nodes answer. ``ray`` is imported when a cluster is asked for."""

from __future__ import annotations

import logging
import os
import platform
import socket
from collections.abc import Callable
from typing import Any, TypeVar

from humanevalpack.errors import HumanEvalPackError, SandboxFault

Answer = TypeVar("Answer")

_NO_RAY = (
    "workers='ray' needs Ray, here and on every node of the cluster: pip install 'humanevalpack[ray]'. "
    "Without Ray, `workers` is the number of programs at once on this machine"
)
PLACED = 120.0
"""Seconds after which what Ray has not started on a node is given up: others have taken its cores."""


class NodeLost(Exception):
    """A node, or what Ray runs there, is gone: never a program's fault."""


def connected() -> Any:
    """Return the module ``ray``, connected to the cluster that RAY_ADDRESS names or that runs here, else to a new one.

    Raises SandboxFault. The connection stays until this process ends: others may use it, too.
    """
    try:
        import ray
    except ImportError as error:
        raise SandboxFault(_NO_RAY) from error
    if not ray.is_initialized():
        address = os.environ.get("RAY_ADDRESS", "")
        try:
            _try_to_reach(address)
            ray.init(log_to_driver=False, logging_level=logging.WARNING, include_dashboard=False)
        except Exception as error:  # whatever Ray raises, down to bare RuntimeErrors
            named = f" at RAY_ADDRESS={address}" if address else ""
            raise SandboxFault(
                f"no Ray cluster{named} can be reached ({_first_line(error)}). Start one with `ray start --head`, and "
                "`ray start --address=HEAD:6379` on every other node; without RAY_ADDRESS one is started here"
            ) from error
    return ray


def _try_to_reach(address: str) -> None:
    """Raise OSError if nobody listens at ``host:port``: Ray itself tries for a quarter of an hour."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=20).close()


def on_a_node(ask: Callable[[], Answer]) -> Answer:
    """Return what a function of this package returns on some node; raises its errors, and SandboxFault."""
    ray = connected()
    answer = ray.remote(_asked).options(num_cpus=1).remote(ask)
    try:
        known: Answer = answered(ray, "the Ray cluster", answer, timeout=PLACED)
        return known
    except NodeLost as error:
        raise SandboxFault(f"no node of the Ray cluster answers: {error}") from error


def _asked(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except HumanEvalPackError as error:
        raise type(error)(f"node {platform.node()}: {error}") from error


def answered(ray: Any, where: str, answer: Any, timeout: float | None = None) -> Any:
    """Return what was answered ``where``; raises NodeLost, or our error that was raised there, with the place."""
    try:
        return ray.get(answer, timeout=timeout)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, HumanEvalPackError):
            raise type(error.cause)(f"{where}: {error.cause}") from error
        raise
    except ray.exceptions.RayError as error:
        raise NodeLost(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
