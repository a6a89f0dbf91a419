"""Scores made readable: tables, figures, a page of HTML, and two runs side by side."""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from humanevalpack.report.writing import Report


class _Room(ModuleType):
    """This room is also what it does: ``humanevalpack.report(run, html=...)``, as the command of the same name.

    Once the room is imported, ``humanevalpack.report`` is the module and no longer the function of that name: so the
    module can be called (https://docs.python.org/3/reference/datamodel.html#customizing-module-attribute-access).
    """

    def __call__(self, *runs: Any, **options: Any) -> "Report":
        from humanevalpack.report.writing import report

        return report(*runs, **options)


sys.modules[__name__].__class__ = _Room
