"""From a recipe's name or file, what it extends and what is set on top, to checked settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from octopack_data.settings import Settings, check_keys, make_settings
from octopack_train.config.megatron import MegatronSettings
from octopack_train.config.training import TrainingSettings
from octopack_train.recipes.fields import find_field, flatten, nested, section_of, unknown
from octopack_train.recipes.origins import Leaf, Origin, read_tagged

FOLDER = Path(__file__).parent
_WORDS = ("about", "notes", "extends", "lineage", "trainer")
"""What a recipe says about itself, beside its values."""
TRAINERS: dict[str, type[Settings]] = {"trl": TrainingSettings, "megatron": MegatronSettings}
"""Who makes the run, and what it is told."""


@dataclass(frozen=True)
class Recipe:
    """A recipe, whole: what it extends is in it."""

    name: str
    about: str
    notes: tuple[str, ...]
    """What a user must know before a run; said at its start and in the model's card."""
    leaves: Mapping[str, Leaf]
    """Values by dotted name."""
    trainer: str = "trl"
    """Who makes the run; a name of TRAINERS."""
    lineage: tuple[str, ...] = ()
    """The recipe, what it extends, what that extends: those that ship by their names, yours by their files'."""

    @property
    def kind(self) -> type[Settings]:
        """What the trainer is told."""
        return TRAINERS[self.trainer]

    @cached_property
    def checked(self) -> Settings:
        """Checked settings, of whatever trainer; raises UsageError."""
        return make_settings(self.kind, nested(self.leaves), f"recipe {self.name}")

    @property
    def settings(self) -> TrainingSettings:
        """Checked settings of a run here; raises UsageError, also for a recipe of Megatron-LM."""
        if not isinstance(self.checked, TrainingSettings):
            raise UsageError(f"recipe {self.name} is one for Megatron-LM: octopack-train megatron args {self.name}")
        return self.checked

    @property
    def megatron(self) -> MegatronSettings:
        """Checked settings of a run of Megatron-LM; raises UsageError, also for a recipe of a run here."""
        if not isinstance(self.checked, MegatronSettings):
            raise UsageError(f"recipe {self.name} is none for Megatron-LM: octopack-train sft --recipe {self.name}")
        return self.checked

    def origin(self, key: str) -> Origin:
        """Where the value of a dotted name comes from; a value that no recipe names is the package's own choice."""
        while key:
            if key in self.leaves:
                return self.leaves[key].origin or "yours"
            key = key.rpartition(".")[0]
        return "ours"


def recipe_names() -> list[str]:
    """Return the recipes that ship with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read_recipe(name: str, settings: Iterable[str] = ()) -> Recipe:
    """Return a recipe by its name, or a file's, with ``key=value`` settings on top; raises UsageError, InputError."""
    recipe = _read(name, ())
    return with_settings(recipe, settings)


def with_settings(recipe: Recipe, settings: Iterable[str]) -> Recipe:
    """Return a recipe with ``key=value`` settings on top, checked together; raises UsageError naming the key."""
    leaves = dict(recipe.leaves)
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set {text}: must be KEY=VALUE, as in --set optimizer.learning_rate=1e-4")
        for name, inner in _given(recipe.kind, key.strip(), _parsed(key, value)):
            put(leaves, name, Leaf(inner, "yours"))
    changed = replace(recipe, leaves=leaves)
    _ = changed.checked  # an error here is one of what was set, not of what comes later
    return changed


def _parsed(key: str, value: str) -> Any:
    import yaml

    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError(f"--set {key}={value}: no value that YAML can read ({error})") from error
    check_keys(value, f"--set {key}={value}")
    return parsed


def _given(kind: type[Settings], key: str, value: Any) -> Iterable[tuple[str, Any]]:
    """A section may be given whole, as ``{rank: 8, targets: [c_attn]}``."""
    field = find_field(kind, key)
    if field is None:
        raise UsageError(f"--set: {unknown(kind, key)}")
    if isinstance(value, Mapping) and (section := section_of(field)) is not None:
        return flatten(section, value, f"{key}.")
    return [(key, value)]


def put(leaves: dict[str, Leaf], key: str, leaf: Leaf) -> None:
    """Set a value; what stood above it (a section switched off) or inside it goes."""
    for other in list(leaves):
        if other.startswith(f"{key}.") or key.startswith(f"{other}."):
            del leaves[other]
    leaves[key] = leaf


def _read(name: str, seen: tuple[str, ...]) -> Recipe:
    path, shipped = _find(name)
    if str(path) in seen:
        raise UsageError(f"{path}: recipes extend each other in a circle ({' -> '.join((*seen, str(path)))})")
    values = read_tagged(path)
    for word in _WORDS:
        if isinstance(values.get(word), Leaf):
            raise InputError(f"{path}: {word!r} has no origin: it is no value of the run")
    extended = values.pop("extends", None)
    base = _read(_beside(path, extended), (*seen, str(path))) if extended else Recipe(path.stem, "", (), {})
    about, notes = str(values.pop("about", base.about)), values.pop("notes", list(base.notes))
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise InputError(f"{path}: 'notes' must be a list of sentences, not {notes!r}")
    trainer = values.pop("trainer", base.trainer)
    if trainer not in TRAINERS or (extended and trainer != base.trainer):
        allowed = base.trainer if extended else ", ".join(TRAINERS)
        raise InputError(f"{path}: 'trainer' is {trainer!r}, must be {allowed}")
    own = path.stem if shipped else path.name
    lineage = _written_lineage(path, values.pop("lineage", []), extended) or (own, *base.lineage)
    leaves, kind = dict(base.leaves), TRAINERS[trainer]
    for key, value in flatten(kind, values):
        put(leaves, key, _leaf(path, kind, key, value, shipped))
    return Recipe(path.stem, about, tuple(notes), leaves, trainer, lineage)


def _written_lineage(path: Path, said: Any, extends: str | None) -> tuple[str, ...]:
    """Of a recipe that was written out whole: it is still that recipe."""
    if not isinstance(said, list) or not all(isinstance(name, str) for name in said):
        raise InputError(f"{path}: 'lineage' must be a list of recipes' names, not {said!r}")
    if said and extends:
        raise InputError(f"{path}: has 'extends' and 'lineage': 'extends' says both; take 'lineage' away")
    return tuple(said)


def _leaf(path: Path, kind: type[Settings], key: str, value: Any, shipped: bool) -> Leaf:
    if find_field(kind, key) is None:
        raise UsageError(f"{path}: {unknown(kind, key)}")
    if isinstance(value, Leaf) and value.origin is not None:
        if shipped and value.origin == "yours":
            raise InputError(f"{path}: {key!r} has the origin 'yours', which is for your files")
        return value
    if shipped:
        raise InputError(f"{path}: {key!r} has no origin; write for example {key.rpartition('.')[2]}: !published …")
    return Leaf(value, "yours")


def _find(name: str) -> tuple[Path, bool]:
    if name in recipe_names():
        return FOLDER / f"{name}.yaml", True
    path = Path(name)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return path, path.resolve().parent == FOLDER
    raise UsageError(f"no recipe {name!r}: there are {', '.join(recipe_names())}, or name a YAML file that exists")


def _beside(path: Path, extended: Any) -> str:
    """A file that is extended lies where it says from the file that extends it."""
    beside = path.parent / str(extended)
    return str(beside) if beside.suffix in (".yaml", ".yml") and beside.is_file() else str(extended)
