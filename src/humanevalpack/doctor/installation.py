"""This package: its data, and whether lm_eval finds its tasks."""

from __future__ import annotations

from importlib import metadata, util

from humanevalpack.doctor.facts import Fact
from humanevalpack.errors import HumanEvalPackError
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import load_problems
from humanevalpack.resources import resource_dir
from humanevalpack.templates import template_names
from humanevalpack.version import __version__

_AGAIN = "pip install --force-reinstall humanevalpack"


def installation_facts() -> list[Fact]:
    """Return what was found of the installed package."""
    return [Fact("humanevalpack", __version__), _data(), _lm_eval()]


def _data() -> Fact:
    try:
        templates = len(template_names())
        scripts = len(list(resource_dir("sandboxes").glob("*/install.sh")))
        problems = sum(len(load_problems(language, source="mini")) for language in LANGUAGES)
    except (HumanEvalPackError, OSError) as error:
        return Fact("its data", str(error), "problem", _AGAIN)
    return Fact("its data", f"{templates} prompt templates, {scripts} install scripts, {problems} mini problems")


def _lm_eval() -> Fact:
    try:
        version = metadata.version("lm_eval")
    except metadata.PackageNotFoundError:
        return Fact("lm_eval", "not installed", "problem", "pip install 'lm-eval>=0.4.13,<0.5'")
    announced = any(point.name == "humanevalpack" for point in metadata.entry_points(group="lm_eval.tasks"))
    if not announced or util.find_spec("_humanevalpack_lm_eval") is None:
        what = "its tasks are found only after `import humanevalpack`: the entry point or the .pth file is missing"
        return Fact("lm_eval", f"{version}, {what}", "problem", _AGAIN)
    return Fact("lm_eval", f"{version}, finds the tasks")
