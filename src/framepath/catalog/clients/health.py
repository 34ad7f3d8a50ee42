"""Ask the server to compare documents, files and links."""

from __future__ import annotations

from typing import Any

from tiled.client.utils import handle_error, retry_context

from framepath.spec.findings import Finding, Severity
from framepath.spec.serving import HEALTH_ROUTE


def health_of(client: Any) -> list[Finding]:
    """What is wrong with a node and everything below it; no pixel is read.

    Raises
    ------
    tiled.client.utils.ClientError
        The server is not framepath's, or the key does not allow reading.
    """
    url = client.uri.replace("/api/v1/metadata/", f"{HEALTH_ROUTE}/", 1)
    for attempt in retry_context(client.context):
        with attempt:
            answer: Any = handle_error(client.context.http_client.get(url))
            rows = answer.json()["findings"]
            return [Finding(**{**row, "severity": Severity(row["severity"])}) for row in rows]
    raise AssertionError("retry_context either returns or raises")
