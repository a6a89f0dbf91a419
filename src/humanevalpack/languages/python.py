"""Python: the answer is the indented body."""

from typing import TYPE_CHECKING

from humanevalpack.languages.base import Language, Profile

if TYPE_CHECKING:
    from humanevalpack.problems import Problem

# The modules that every program may use without importing them (reference harness, its import helper).
IMPORTS = """\
import math
import re
import sys
import copy
import datetime
import itertools
import collections
import heapq
import statistics
import functools
import hashlib
import numpy
import numpy as np
import string
from typing import *
from collections import *
"""


def _leaves_body(line: str) -> bool:
    return bool(line.strip()) and line[0] not in " \t"


def cut(text: str, _profile: Profile) -> str:
    """Cut before the first line that is not blank and not indented; the first line counts too."""
    lines = text.split("\n")
    end = next((number for number, line in enumerate(lines) if _leaves_body(line)), len(lines))
    return "\n".join(lines[:end])


def is_complete(text: str, _profile: Profile) -> bool:
    """Whether a line that is not blank starts with neither space nor tab.

    The reference stops at one that is not empty: at a form feed, say, behind which the body may go on.
    """
    return any(map(_leaves_body, text.split("\n")))


def assemble(_problem: "Problem", candidate: str, _profile: Profile) -> str:
    """Put the import block before the candidate."""
    return (IMPORTS + candidate).strip()


PYTHON = Language(
    name="python",
    title="Python",
    task_prefix="Python",
    extension="py",
    stop_words=("\nclass", "\ndef", "\n#", "\n@", "\nprint", "\nif", "\nassert"),
    cut=cut,
    is_complete=is_complete,
    assemble=assemble,
    fence_names=("python", "py", "python3", "py3", "python2", "ipython", "ipython3"),
)
