"""examples/commitpack: each file has settings that a command takes. docs/commitpack.md runs from_clones.yaml."""

from pathlib import Path

import pytest

from octopack_data.chain_settings import ChainSettings
from octopack_data.executors import SlurmSettings
from octopack_data.settings import Settings, read_settings

KINDS: dict[str, type[Settings]] = {
    "from_clones.yaml": ChainSettings,
    "from_hub.yaml": ChainSettings,
    "slurm.yaml": SlurmSettings,
}


def test_every_example_is_tried(project: Path) -> None:
    assert {path.name for path in (project / "examples" / "commitpack").iterdir()} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_an_example_is_read(project: Path, name: str) -> None:
    read_settings(KINDS[name], project / "examples" / "commitpack" / name)


def test_the_published_data_is_filtered_as_it_was(project: Path) -> None:
    chain = read_settings(ChainSettings, project / "examples" / "commitpack" / "from_hub.yaml")
    assert (chain.begin, chain.mode, chain.commitpackft.layout) == ("filter", "published", "joined")
