"""From a raw generation to a candidate: stop words and cuts as in the reference, fenced blocks for chat models."""

from humanevalpack.completions.candidates import cut_at_stop_words, extract_answer, extract_candidate, is_complete
from humanevalpack.completions.fenced import EXTRACTIONS, FINISHES, Extraction

__all__ = [
    "EXTRACTIONS",
    "FINISHES",
    "Extraction",
    "cut_at_stop_words",
    "extract_answer",
    "extract_candidate",
    "is_complete",
]
