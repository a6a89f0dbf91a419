"""Model presets: how the paper's release has run each model, one row of data a model (``data/model_presets.yaml``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.scenarios import SCENARIOS

_FILE = Path(__file__).resolve().parent / "data" / "model_presets.yaml"
# What all of the release's launch scripts have in common.
_SAMPLING = {"temperature": 0.2, "top_p": 0.95, "top_k": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPreset:
    """One model's settings; None where the release sets nothing."""

    name: str
    model: str
    """Name on the hub, or at its provider."""
    prompt: str
    backend: str = "hf"
    """lm_eval's ``--model``."""
    scenarios: tuple[str, ...] = SCENARIOS
    """Those that the release has run."""
    n_samples: Mapping[str, int]
    """Scenario to samples a problem; empty if the release sets none."""
    batch_size: int | None = None
    total_length: int | None = None
    """Tokens of prompt and answer together."""
    dtype: str | None = None
    chat_prefill: str | None = None
    remarks: str = ""

    def options(self, scenario: str) -> dict[str, Any]:
        """Return what this preset sets of the tasks' options, for one scenario."""
        values = {
            "prompt": self.prompt,
            "n_samples": self.n_samples.get(scenario),
            "total_length": self.total_length,
            "chat_prefill": self.chat_prefill,
            **_SAMPLING,
        }
        return {name: value for name, value in values.items() if value is not None}


def model_presets() -> Mapping[str, ModelPreset]:
    """Return every model preset by its name, in the order of the paper's table."""
    return MappingProxyType(_presets())


def load_preset(name: str) -> ModelPreset:
    """Return one model preset; raises UsageError that lists the names."""
    if name not in _presets():
        raise UsageError(f"model preset {name!r} is not known; use one of {', '.join(_presets())}")
    return _presets()[name]


@cache
def _presets() -> dict[str, ModelPreset]:
    import yaml

    rows: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text("utf-8"))
    return {name: _preset(name, row) for name, row in rows.items()}


def _preset(name: str, row: Mapping[str, Any]) -> ModelPreset:
    given = row.get("n_samples", {})
    by_scenario = given if isinstance(given, dict) else {"default": given}
    numbers = {scenario: by_scenario.get(scenario, by_scenario.get("default")) for scenario in SCENARIOS}
    values = {
        **row,
        "scenarios": tuple(row.get("scenarios", SCENARIOS)),
        "n_samples": {scenario: number for scenario, number in numbers.items() if number is not None},
    }
    return ModelPreset(name=name, **values)
