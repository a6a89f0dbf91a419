"""Files of rows to train on, as tests need them."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def written(path: Path, *rows: dict[str, Any]) -> Path:
    """Write rows as JSON lines or Parquet, as the name of the file says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def example_rows(number: int) -> list[dict[str, Any]]:
    """Rows with short answers of several lengths."""
    return [{"prompt": f"Write number {n}", "completion": f"x = {n}\n" * (n % 4 + 1)} for n in range(number)]
