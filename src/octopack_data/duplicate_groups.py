"""Which rows are dropped as duplicates, and for which row: decided on hashes, slice by slice, in constant memory."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SLICE = 4_000_000
"""Rows that are grouped at once (by the first bits of their hash)."""
PLACES = 2**40
"""A row's place in the whole is the rank of its part times this, plus its number in the part."""
_BATCH = 10_000
"""Small rows that are in memory at a time (5 MB)."""


def keys_schema() -> pa.Schema:
    """Return the schema of a file of keys: a row's place, its commit, and 128 bits of hash of its chosen columns."""
    import pyarrow as pa

    return pa.schema([("place", pa.int64()), ("commit", pa.string()), ("high", pa.uint64()), ("low", pa.uint64())])


def write_table(path: Path, rows: Iterable[dict[str, Any]], schema: pa.Schema) -> int:
    """Write small rows to a Parquet file in batches; return how many."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    written, rows = 0, iter(rows)
    with pq.ParquetWriter(path, schema) as table:
        while batch := list(islice(rows, _BATCH)):
            table.write_table(pa.Table.from_pylist(batch, schema=schema))
            written += len(batch)
    return written


class Groups:
    """Groups of duplicates over files of keys, collected in a database file; used as a context manager.

    Each found duplicate is a row of ``dropped``: its place, why, and the place of the row that is kept instead.
    ``kept_before``: only rows at or behind this place are dropped (those before it are of a set compared with).
    """

    def __init__(self, folder: Path, keys: Path, *, memory: str, kept_before: int = 0, within: bool = True) -> None:
        import duckdb

        self._keys = f"read_parquet('{quoted(keys, pattern=True)}/*.parquet')"
        # Without ``within``, a row is dropped only for one of the other set.
        self._wanted = f"place >= {kept_before}" + ("" if within else f" AND first < {kept_before}")
        (folder / "groups.duckdb").unlink(missing_ok=True)
        self.base: duckdb.DuckDBPyConnection = duckdb.connect(str(folder / "groups.duckdb"))
        self._run(f"SET memory_limit = '{memory}'; SET threads = 2; SET preserve_insertion_order = false")
        self._run(f"SET temp_directory = '{quoted(folder)}/spilled'")
        self._run("CREATE TABLE dropped (place BIGINT, reason VARCHAR, first BIGINT)")

    def __enter__(self) -> Groups:
        return self

    def __exit__(self, *error: object) -> None:
        self.base.close()

    def _run(self, statement: str) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            return self.base.execute(statement).fetchall()
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise EnvironmentFault(f"duplicates cannot be grouped: {error}; give more with --memory 8GB") from error

    def add_exact(self, rows: int) -> None:
        """Find the rows with equal keys."""
        slices = -(-rows // SLICE)
        for number in range(slices):
            # Two passes: the groups are few, and only they are joined back.
            self._run(f"""
                INSERT INTO dropped
                WITH slice AS (SELECT place, high, low FROM {self._keys} WHERE high % {slices} = {number}),
                groups AS (SELECT high, low, min(place) AS first FROM slice GROUP BY high, low HAVING count(*) > 1)
                SELECT place, 'exact_duplicate', first FROM slice JOIN groups USING (high, low)
                WHERE place > first AND {self._wanted}
            """)

    def add_near(self, clusters: Iterator[tuple[int, int, int]], texts: int, work: Path) -> None:
        """Find the rows in the given clusters of (rank, number of the text, cluster), ``texts`` of them a row."""
        import pyarrow as pa

        schema = pa.schema([("place", pa.int64()), ("cluster", pa.int64())])
        rows = ({"place": rank * PLACES + number // texts, "cluster": name} for rank, number, name in clusters)
        write_table(work / "members.parquet", rows, schema)
        # A row with several texts may be in several clusters: it is dropped for the first row of any of them.
        self._run(f"""
            INSERT INTO dropped
            WITH members AS (SELECT * FROM read_parquet('{quoted(work, pattern=True)}/members.parquet')),
            groups AS (SELECT cluster, min(place) AS first FROM members GROUP BY cluster),
            rows AS (SELECT place, min(first) AS first FROM members JOIN groups USING (cluster) GROUP BY place)
            SELECT place, 'near_duplicate', first FROM rows ANTI JOIN dropped USING (place)
            WHERE place > first AND {self._wanted}
        """)

    def write(self, path: Path) -> None:
        """Write what is dropped, in the order of the places, with the commit that is kept instead."""
        self._run(f"""
            COPY (
                SELECT place // {PLACES} AS rank, place % {PLACES} AS number, reason,
                       first // {PLACES} AS first_rank, first % {PLACES} AS first_number, commit AS first_commit
                FROM dropped JOIN (SELECT place AS first, commit FROM {self._keys}) USING (first) ORDER BY place
            ) TO '{quoted(path)}' (FORMAT parquet, ROW_GROUP_SIZE 100000)
        """)

    def report(self, names: Sequence[str], largest: int = 20) -> dict[str, Any]:
        """Return for each reason how many groups have which size (dropped rows and the kept one), and the largest."""
        sizes = """
            SELECT reason, first, count(*) + 1 AS size FROM dropped GROUP BY reason, first
        """
        counted = self._run(f"SELECT reason, size, count(*) FROM ({sizes}) GROUP BY reason, size ORDER BY reason, size")
        top = self._run(f"""
            SELECT reason, size, commit, first // {PLACES}, first % {PLACES}
            FROM ({sizes}) JOIN (SELECT place AS first, commit FROM {self._keys}) USING (first)
            ORDER BY size DESC, first LIMIT {largest}
        """)
        groups: dict[str, dict[str, int]] = {}
        for reason, size, number in counted:
            groups.setdefault(reason, {})[str(size)] = number
        return {
            "groups_by_size": groups,
            "largest": [
                {"reason": reason, "size": size, "commit": commit, "part": names[rank], "row": number + 1}
                for reason, size, commit, rank, number in top
            ],
        }


def read_dropped(path: Path, rank: int) -> dict[int, tuple[str, int, int, str]]:
    """Return the dropped rows of one part: number -> reason, and rank, number and commit of the row kept instead."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, filters=[("rank", "=", rank)])
    columns = ("number", "reason", "first_rank", "first_number", "first_commit")
    return {row[0]: row[1:] for row in zip(*(table[name].to_pylist() for name in columns), strict=True)}


def quoted(path: Path, *, pattern: bool = False) -> str:
    """Return a path inside a literal of SQL; in a ``pattern``, a star or a bracket of the folder's name is no sign."""
    return (glob.escape(str(path)) if pattern else str(path)).replace("'", "''")
