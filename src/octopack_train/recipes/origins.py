"""Where a value comes from: YAML tags such as ``!published 5.0e-4``, read, checked and written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from humanevalpack.errors import InputError
from octopack_data.settings import check_keys

Origin = Literal["published", "card", "derived", "default", "ours", "unverified", "yours"]
MEANINGS: dict[Origin, str] = {
    "published": "scripts and launch files of the OctoPack release",
    "card": "the model's card",
    "derived": "arithmetic from published values",
    "default": "default of the library or script that the published run used",
    "ours": "our choice: the publication says nothing, or the value changes nothing that is learned",
    "unverified": "not known for sure: nobody has read it in the publication",
    "yours": "given by you, in a file or with --set",
}
SHIPPED: tuple[Origin, ...] = tuple(origin for origin in get_args(Origin) if origin != "yours")


@dataclass(frozen=True)
class Leaf:
    """A value with its origin; none where the file has no tag."""

    value: Any
    origin: Origin | None = None


def read_tagged(path: Path) -> dict[str, Any]:
    """Read a YAML mapping whose tagged values become leaves; raises InputError naming file, line, and tag or key."""
    import yaml

    class Loader(yaml.SafeLoader):
        """The safe loader, with the origins as tags."""

    def leaf(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Leaf:
        if tag not in MEANINGS:
            raise yaml.MarkedYAMLError(
                problem=f"!{tag} is no origin; there are {', '.join(MEANINGS)}", problem_mark=node.start_mark
            )
        if isinstance(node, yaml.ScalarNode):
            implicit = (node.style is None, node.style is not None)
            kind = loader.resolve(yaml.ScalarNode, node.value, implicit)  # type: ignore[no-untyped-call]
            node = yaml.ScalarNode(kind, node.value, node.start_mark, node.end_mark, node.style)
        elif isinstance(node, yaml.SequenceNode):
            node = yaml.SequenceNode("tag:yaml.org,2002:seq", node.value, node.start_mark, node.end_mark)
        else:
            node = yaml.MappingNode("tag:yaml.org,2002:map", node.value, node.start_mark, node.end_mark)
        return Leaf(loader.construct_object(node, deep=True), tag)

    Loader.add_multi_constructor("!", leaf)
    try:
        text = path.read_text("utf-8")
        values = yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{path}{line}: {error.problem or error}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not a YAML file that can be read ({error})") from error
    check_keys(text, str(path))
    if not isinstance(values, dict):
        raise InputError(f"{path}: must hold a mapping, not {values!r}")
    return values


def tagged(value: Any, origin: Origin) -> str:
    """Return a value as YAML on one line, with its origin before it."""
    return f"!{origin} {plain(value)}"


def plain(value: Any) -> str:
    """Return a value as YAML on one line."""
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return str(text).removesuffix("...\n").strip()
