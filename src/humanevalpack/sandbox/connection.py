"""The way to a Ray cluster, and to what its nodes answer. ``ray`` is imported when a cluster is asked for."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from humanevalpack.errors import HumanEvalPackError, SandboxFault

Answer = TypeVar("Answer")

_NO_RAY = (
    "workers='ray' needs Ray, here and on every node of the cluster: pip install 'humanevalpack[ray]'. "
    "Without Ray, `workers` is the number of programs at once on this machine"
)
NO_NODE = (
    "the Ray cluster has no node with a core. Add nodes with `ray start --address=HEAD:6379` and run the same again: "
    "what is in the journal counts"
)


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
                f"no Ray cluster{named} can be reached ({_last_line(error)}). Start one with `ray start --head`, and "
                "`ray start --address=HEAD:6379` on every other node; without RAY_ADDRESS one is started here"
            ) from error
    return ray


def disconnect() -> None:
    """End the connection; what Ray has still to tell is printed, on stdout."""
    import ray

    ray.shutdown()


def _try_to_reach(address: str) -> None:
    """Raise OSError if nobody listens at ``host:port``: Ray itself tries for a quarter of an hour."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=20).close()


def nodes_with_cores(ray: Any) -> dict[str, dict[str, Any]]:
    """Return what Ray knows of the nodes that can judge, by their ids."""
    return {node["NodeID"]: node for node in ray.nodes() if node["Alive"] and cores_of(node["Resources"])}


def cores_of(resources: dict[str, float]) -> int:
    """Return how many whole cores Ray's record of resources has."""
    return int(resources.get("CPU", 0))


def name_of(node: dict[str, Any]) -> str:
    """Return how a node is named to people."""
    return f"node {node['NodeManagerHostname']} ({node['NodeManagerAddress']})"


def placed_on(node: str) -> Any:
    """Return Ray's word for "on this node and nowhere else"."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node, soft=False)


def on_a_node(ask: Callable[[], Answer]) -> Answer:
    """Return what a function of this package returns on some node; raises its errors, and SandboxFault.

    It takes no core: every one may be at work.
    """
    ray = connected()
    for name, node in nodes_with_cores(ray).items():
        answer = ray.remote(_asked).options(num_cpus=0, scheduling_strategy=placed_on(name)).remote(ask)
        with suppress(NodeLost):
            known: Answer = answered(ray, name_of(node), answer)
            return known
    raise SandboxFault(NO_NODE)


def _asked(ask: Callable[[], Answer]) -> Answer:
    return ask()


def answered(ray: Any, where: str, answer: Any) -> Any:
    """Return what was answered ``where``; raises NodeLost, or our error that was raised there, with the place."""
    try:
        return ray.get(answer)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, HumanEvalPackError):
            raise type(error.cause)(f"{where}: {error.cause}") from error
        raise
    except ray.exceptions.RayError as error:
        raise NodeLost(_last_line(error)) from error


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
