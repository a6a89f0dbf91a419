"""Runs of Self-Instruct for tests: seed tasks, a model that a function is, and what was asked and made."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from data_rows import write
from octopack_data.commands import main
from octopack_data.rows import read_rows
from octopack_data.self_instruct.generate import generate
from octopack_data.self_instruct.settings import GenerateSettings
from octopack_data.settings import make_settings
from octopack_data.sources import Part
from openai_server import Server, serve_script

SEEDS = [f"Write a function that {what}" for what in ("adds", "sorts a list", "reads JSON", "folds text", "draws")]
WORDS = "amber birch cedar delta ember fjord grove heath ivory jetty kelp larch maple north ocean pearl".split()


def seed_tasks(folder: Path) -> Part:
    return Part("seeds", write(folder / "seeds.jsonl", [{"instruction": text} for text in SEEDS]))


def own(number: int) -> str:
    """An instruction that is like no other one."""
    return " ".join(WORDS[number // 16**place % 16] + str(number) for place in range(4))


def model(messages: list[dict[str, str]]) -> tuple[str, str]:
    """Answers by what it is asked alone: new instructions by a number made of the question, or an answer."""
    asked = messages[-1]["content"]
    found = re.search(r"tasks number (\d+) to (\d+)", asked)
    if found is None:
        return f"Answer: {asked}", "stop"
    start, end = map(int, found.groups())
    base = int.from_bytes(asked.encode(), "big") % 9973
    return "\n".join(f"{number}. {own(base * 100 + number)}" for number in range(start, end + 1)), "stop"


def settings(server: Server, **more: Any) -> GenerateSettings:
    small = {"count": 20, "per_request": 3, "round_size": 2, "seed_examples": 3, "at_a_time": 2}
    return make_settings(GenerateSettings, {"model": "tiny", "base_url": f"{server.url}/v1"} | small | more)


def made(output: Path) -> list[dict[str, Any]]:
    return list(read_rows(output / "data/instructions.jsonl"))


def prompts(server: Server) -> list[str]:
    return sorted(json.dumps(body, sort_keys=True) for _, body in server.requests)


def run(seeds: Part, output: Path, **more: Any) -> tuple[list[str], list[dict[str, Any]]]:
    with serve_script(model) as server:
        generate(seeds, output, settings(server, **more), progress=False)
    return prompts(server), made(output)


def main_of(words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert not end.value.code
