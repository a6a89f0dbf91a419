"""Which commits become training data: pure rules, each with a reason's name, in one ordered list per data set."""

from octopack_data.rules.kinds import Rule, SubjectRule, Tidy
from octopack_data.rules.presets import Phrases, Preset, Verbs, preset_names, read_phrases, read_preset, read_verbs
from octopack_data.rules.registry import Choice, Step, rules_of
from octopack_data.rules.sieve import Sieve

__all__ = [
    "Choice",
    "Phrases",
    "Preset",
    "Rule",
    "Sieve",
    "Step",
    "SubjectRule",
    "Tidy",
    "Verbs",
    "preset_names",
    "read_phrases",
    "read_preset",
    "read_verbs",
    "rules_of",
]
