"""The command ``octopack-data``: it has no pipelines yet and says so."""

import argparse
from collections.abc import Sequence

from humanevalpack.version import __version__


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer --version and --help; the pipelines come with a later release."""
    parser = argparse.ArgumentParser(
        prog="octopack-data",
        description="The data pipelines of OctoPack. This release has none yet: the package is a placeholder.",
    )
    parser.add_argument("--version", action="version", version=f"octopack-data {__version__}")
    parser.parse_args(arguments)
    parser.print_help()
