"""Files of generations: put together, looked through, cleaned, written for the reference harness."""

from humanevalpack.generations.check import Checked, check_generations
from humanevalpack.generations.clean import Cleaned, clean_generations
from humanevalpack.generations.export import export_generations
from humanevalpack.generations.merge import Merged, merge_generations

__all__ = [
    "Checked",
    "Cleaned",
    "Merged",
    "check_generations",
    "clean_generations",
    "export_generations",
    "merge_generations",
]
