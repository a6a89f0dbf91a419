"""JavaScript: the answer ends where the function's bracket closes."""

from typing import TYPE_CHECKING

from humanevalpack.languages.base import Language, Profile, braces_complete, cut_braces

if TYPE_CHECKING:
    from humanevalpack.problems import Problem


def assemble(_problem: "Problem", candidate: str, _profile: Profile) -> str:
    """A JavaScript candidate is a program as it is."""
    return candidate


JS = Language(
    name="js",
    title="JavaScript",
    task_prefix="JavaScript",
    extension="js",
    stop_words=(),
    cut=cut_braces,
    is_complete=braces_complete(1),
    assemble=assemble,
)
