"""``octopack-data commitpack deduplicate``: rows that say the same again, or nearly, are left out."""

from pathlib import Path
from typing import Annotated

import typer

from octopack_data.commands.cleaning import Output, Overwrite, Source, Workers, say
from octopack_data.commands.settings_options import with_settings
from octopack_data.duplicates import DuplicateSettings

EXAMPLES = """\
Examples:

octopack-data commitpack deduplicate commitpackft --output unique

octopack-data commitpack deduplicate commitpackft --near new --workers 8 --output unique

octopack-data commitpack deduplicate train --against valid --no-within --near either --output train-unique
"""
