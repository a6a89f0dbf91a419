"""What is asked of vLLM's engine and said of it, without one: seeds, facts, batch invariance."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from humanevalpack.errors import EnvironmentFault
from humanevalpack.lm_eval_plugin.vllm_engine import engine_facts, sample_seed

ASKED = {"do_sample": True}


def lm(seed: int = 1234, engines: int = 1, prefixes: bool = True) -> Any:
    config = SimpleNamespace(cache_config=SimpleNamespace(enable_prefix_caching=prefixes))
    model = SimpleNamespace(llm_engine=SimpleNamespace(vllm_config=config))
    found = SimpleNamespace(model_args={"seed": seed}, data_parallel_size=engines)
    if engines == 1:
        found.model = model
    return found


@pytest.fixture(autouse=True)
def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_BATCH_INVARIANT", raising=False)
    monkeypatch.setitem(sys.modules, "vllm.platforms", device("cuda", (8, 0)))


def test_each_sample_has_a_seed_of_its_own_that_follows_from_what_is_asked() -> None:
    asked = [("Python/0", "prompt", 0), ("Python/0", "prompt", 1), ("Python/1", "prompt", 0), ("Python/0", "other", 0)]
    seeds = [sample_seed(lm(), ASKED, *one)["seed"] for one in asked]
    assert len(set(seeds)) == 4
    assert seeds == [sample_seed(lm(), ASKED, *one)["seed"] for one in asked]
    assert not set(seeds) & {sample_seed(lm(seed=1), ASKED, *one)["seed"] for one in asked}
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_greedy_answers_have_no_seed() -> None:
    assert sample_seed(lm(), {"do_sample": False}, "Python/0", "prompt", 0) == {}


def test_a_cpu_engine_gets_seeds_only_if_it_reads_prompts_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm.platforms", device("cpu", None))
    found = lm()
    assert sample_seed(found, ASKED, "Python/0", "prompt", 0) == {}
    assert engine_facts(found)["vllm_seeds"] == "engine"
    found.model_args["enable_chunked_prefill"] = False
    assert sample_seed(found, ASKED, "Python/0", "prompt", 0)
    assert engine_facts(found)["vllm_seeds"] == "sample"


def test_a_lone_surrogate_in_a_prompt_is_no_matter() -> None:
    assert sample_seed(lm(), ASKED, "Python/0", "\ud800", 0)


@pytest.mark.parametrize("prefixes", [True, False])
def test_the_facts_of_one_engine(prefixes: bool) -> None:
    shared = "on" if prefixes else "off"
    facts = {"vllm_batch_invariant": "off", "vllm_engines": "1", "vllm_prefix_caching": shared, "vllm_seeds": "sample"}
    assert engine_facts(lm(prefixes=prefixes)) == facts


def test_engines_in_other_processes_are_counted() -> None:
    assert engine_facts(lm(engines=2)) == {"vllm_batch_invariant": "off", "vllm_engines": "2", "vllm_seeds": "sample"}


def device(kind: str, capability: tuple[int, int] | None) -> Any:
    platform = SimpleNamespace(
        is_cuda=lambda: kind == "cuda", is_cpu=lambda: kind == "cpu", get_device_capability=lambda: capability
    )
    return SimpleNamespace(current_platform=platform)


@pytest.mark.parametrize(("kind", "capability"), [("cuda", (8, 0)), ("cuda", (9, 0)), ("rocm", (9, 4)), ("xpu", None)])
def test_batch_invariance_is_recorded_where_it_works(
    monkeypatch: pytest.MonkeyPatch, kind: str, capability: tuple[int, int] | None
) -> None:
    monkeypatch.setenv("VLLM_BATCH_INVARIANT", "1")
    monkeypatch.setitem(sys.modules, "vllm.platforms", device(kind, capability))
    assert engine_facts(lm())["vllm_batch_invariant"] == "on"


@pytest.mark.parametrize(
    ("kind", "capability", "here"), [("cuda", (7, 5), r"compute capability 7\.5"), ("cpu", None, "a CPU")]
)
def test_batch_invariance_that_cannot_be_is_an_error(
    monkeypatch: pytest.MonkeyPatch, kind: str, capability: tuple[int, int] | None, here: str
) -> None:
    monkeypatch.setenv("VLLM_BATCH_INVARIANT", "1")
    monkeypatch.setitem(sys.modules, "vllm.platforms", device(kind, capability))
    with pytest.raises(EnvironmentFault, match=f"VLLM_BATCH_INVARIANT is set.*{here}: unset it"):
        engine_facts(lm())
