"""The report as JSON by the contract."""

from __future__ import annotations

from models.records.codec import dumps, report_to_json
from models.records.report import Report
from nlp.quantity import of_row


def json_report(report: Report) -> bytes:
    """Return the report as UTF-8 JSON with a final line break."""
    return (dumps(report_to_json(report, of_row)).rstrip("\n") + "\n").encode("utf-8")
