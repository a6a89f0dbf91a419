"""``octopack-data commitpack redact``: secrets and personal data are written over."""

from pathlib import Path
from typing import TYPE_CHECKING

from octopack_data.commands.stage_options import stage_command
from octopack_data.redaction import RedactSettings

if TYPE_CHECKING:
    from octopack_data.parts import Stage
    from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack redact commitpackft/ -o redacted/ --workers 8  "
    "(2) octopack-data commitpack redact commitpackft/ -o redacted/ --rules gitleaks.toml --no-personal"
)


@stage_command(RedactSettings)
def redact(parts: "list[Part]", output: Path, settings: RedactSettings) -> "Stage":
    """Write over secrets and personal data, a value alike in all texts of a row, and report where they were."""
    from octopack_data.redaction import redact_stage

    return redact_stage(parts, output, settings)
