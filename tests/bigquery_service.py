"""What BigQuery's REST interface answers, as far as a selection asks: a session for the client that sends nothing."""

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from requests import Request, Response

_PATH = re.compile(r"https://[^/]+/bigquery/v2/projects/([^/?]+)/([^?]*)")


@dataclass
class Service:
    """Keeps every request; each job is done at once and makes a table of ``rows`` rows.

    ``bytes_of`` says what a query reads. ``refuse`` is a status and message that every job meets, ``cut`` one that the
    reading of a table's rows meets.
    """

    bytes_of: Callable[[str], int] = lambda query: 1_000
    rows: int = 7
    refuse: tuple[int, str] | None = None
    cut: tuple[int, str] | None = None
    gone: set[str] = field(default_factory=set)
    """Tables that have vanished."""
    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """What tables hold, if they are read: rows of text."""
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=itertools.count)

    is_mtls = False

    def client(self) -> bigquery.Client:
        """Return the real client on this service."""
        made: Any = bigquery.Client
        nobody: Any = AnonymousCredentials
        client: bigquery.Client = made(project="payer", location="US", credentials=nobody(), _http=self)
        return client

    def request(self, method: str, url: str, data: Any = None, **_: Any) -> Response:
        """Answer as the session of ``requests`` does."""
        found = _PATH.match(url)
        assert found is not None, url
        body = json.loads(data) if data else {}
        self.asked.append((method, found.group(2), body))
        status, answer = self._answer(method, found.group(2), body)
        response = Response()
        response.status_code = status
        response.headers["Content-Type"] = "application/json"
        response._content = json.dumps(answer).encode()
        response.request = Request(method, url).prepare()
        return response

    def _answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "jobs":
            return _refusal(self.refuse) if self.refuse is not None else (200, self._job(body))
        if path.startswith("jobs/"):
            return 200, self.jobs[path.split("/")[1]]
        if path.startswith("queries/"):
            job = self.jobs[path.split("/")[1]]
            return 200, {"jobComplete": True, "jobReference": job["jobReference"], "totalRows": "0", "schema": {}}
        if "/tables/" in path:
            dataset, _, table = path.removeprefix("datasets/").partition("/tables/")
            if table in self.gone:
                return _refusal((404, f"Not found: Table {table}"))
            rows = self.tables.get(table.removesuffix("/data"), [])
            if table.endswith("/data"):
                if self.cut is not None:
                    return _refusal(self.cut)
                cells = [{"f": [{"v": value} for value in row.values()]} for row in rows]
                return 200, {"totalRows": str(len(rows)), "rows": cells}
            fields = [{"name": name, "type": "STRING", "mode": "NULLABLE"} for name in (rows[0] if rows else {})]
            reference = {"projectId": "payer", "datasetId": dataset, "tableId": table}
            number = str(len(rows) or self.rows)
            return 200, {"tableReference": reference, "numRows": number, "schema": {"fields": fields}, **body}
        assert (method, path) == ("POST", "datasets")
        return 200, body

    def _job(self, body: dict[str, Any]) -> dict[str, Any]:
        configuration = body["configuration"]
        read = self.bytes_of(configuration["query"]["query"]) if "query" in configuration else 0
        statistics: dict[str, Any] = {"totalBytesProcessed": str(read)}
        if "query" in configuration:
            statistics["query"] = {"totalBytesProcessed": str(read), "totalBytesBilled": str(read)}
        named = body.get("jobReference", {}).get("jobId") or f"dry-{next(self._numbers)}"
        job = {
            "jobReference": {"projectId": "payer", "jobId": named, "location": "US"},
            "configuration": configuration,
            "status": {"state": "DONE"},
            "statistics": statistics,
        }
        self.jobs[named] = job
        return job

    def configurations(self, *, dry: bool) -> list[dict[str, Any]]:
        """Return the configurations of the jobs that were asked for, estimates or real ones."""
        made = [body["configuration"] for _, path, body in self.asked if path == "jobs"]
        return [configuration for configuration in made if configuration.get("dryRun", False) is dry]


def _refusal(said: tuple[int, str]) -> tuple[int, dict[str, Any]]:
    status, message = said
    return status, {"error": {"code": status, "message": message, "errors": [{"reason": "invalid"}]}}
