"""What a wheel holds beside the packages: the lm_eval hook at its root, and prompts/ and sandboxes/ as package data.

An editable install gets the hook only: it reads prompts/ and sandboxes/ from the checkout (humanevalpack.resources).
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelContents(BuildHookInterface[Any]):
    """Hatchling's build hook; ``version`` is "standard" or "editable"."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill hatchling's map of forced inclusions (source path -> path in the wheel)."""
        root = Path(self.root)
        # A .pth file and the module that it imports must lie at the root of site-packages.
        hook = {str(path): path.name for path in sorted((root / "src" / "lm_eval_hook").glob("*.p*")) if path.is_file()}
        if version == "editable":
            build_data["force_include_editable"].update(hook)
            return
        resources = {str(root / name): f"humanevalpack/{name}" for name in ("prompts", "sandboxes")}
        build_data["force_include"].update(hook | resources)
