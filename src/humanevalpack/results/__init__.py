"""A run on disk and in memory: its folder, its samples, and the generations of other harnesses."""

from humanevalpack.results.folder import RunFolder, read_run
from humanevalpack.results.manifest import new_manifest
from humanevalpack.results.reading import Generations, read_generations
from humanevalpack.results.records import Run, ScoredSample, scores
from humanevalpack.results.rows import KeptRow

__all__ = [
    "Generations",
    "KeptRow",
    "Run",
    "RunFolder",
    "ScoredSample",
    "new_manifest",
    "read_generations",
    "read_run",
    "scores",
]
