"""Print what a wheel needs, one a line, without extras and without torch's family: ``requirements.py FILE.whl``."""

import re
import sys
import zipfile
from email import message_from_bytes

TORCH = {"torch", "torchvision", "torchaudio", "torchcodec"}


def requirements(wheel: str) -> list[str]:
    """Return the requirements that the wheel's metadata names."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        wanted = message_from_bytes(archive.read(name)).get_all("Requires-Dist") or []
    names = {text: re.split(r"[^A-Za-z0-9_.-]", text)[0].lower() for text in wanted}
    return [text for text, name in names.items() if name not in TORCH and "extra ==" not in text]


if __name__ == "__main__":
    sys.stdout.write("\n".join(requirements(sys.argv[1])) + "\n")
