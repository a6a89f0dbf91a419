"""What is suspicious about a run, and why: no score is silently zero."""

from humanevalpack.diagnosis.diagnose import diagnose
from humanevalpack.diagnosis.records import Example, Finding, Rule
from humanevalpack.diagnosis.rules import RULES

__all__ = ["RULES", "Example", "Finding", "Rule", "diagnose"]
