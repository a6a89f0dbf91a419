"""Engines of vLLM for its tests (make test-vllm): on the CPU, float32, small, each made once.

Use: ``pytest_plugins = ["tiny_models", "vllm_engines"]`` in the test module. Importing this needs no vLLM.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SETTINGS = {"dtype": "float32", "enforce_eager": True, "max_model_len": 4096}
"""lm_eval's model arguments for a model of this size on a CPU."""
ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1"}
"""1 GiB for the key-value cache, and no core for itself alone."""

EngineMaker = Callable[..., Any]


@pytest.fixture(scope="session")
def start_engine() -> Iterator[EngineMaker]:
    """Start lm_eval's vLLM model of a folder (a minute each); all are ended with the tests."""
    os.environ |= ENVIRONMENT
    from lm_eval.models.vllm_causallms import VLLM

    started: list[Any] = []

    def start(folder: Path, **settings: Any) -> Any:
        started.append(VLLM(pretrained=str(folder), **{**SETTINGS, **settings}))
        return started[-1]

    yield start
    for lm in started:
        lm.model.llm_engine.engine_core.shutdown()


@pytest.fixture(scope="session")
def engine(start_engine: EngineMaker, trained_model: Path) -> Any:
    """The engine of the model that knows its lessons by heart; it counts what its cache is asked for."""
    return start_engine(trained_model, disable_log_stats=False)
