"""The command ``octopack-train``: it has no recipes yet and says so."""

import argparse
from collections.abc import Sequence

from humanevalpack.version import __version__


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer --version and --help; the recipes come with a later release."""
    parser = argparse.ArgumentParser(
        prog="octopack-train",
        description="The training recipes of OctoPack. This release has none yet: the package is a placeholder.",
    )
    parser.add_argument("--version", action="version", version=f"octopack-train {__version__}")
    parser.parse_args(arguments)
    parser.print_help()
