"""What is computed for the stateful routes: bytes in, bytes out, in other processes like `service.api.tasks`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256

from models.records.decode_report import report_from_json
from models.records.document import Document, SourceRef
from models.records.finding import Finding
from models.records.report import Report
from rules.engine.paths import resolve_cell, split_path
from rules.engine.suppress import Waiver
from service import pipeline
from service.api.tasks import Reply, ReportFormat, Source
from service.errors import InputError
from service.export import render
from service.export.jsonfile import json_report
from service.ingest.jsonfile import read_json
from service.settings import Limits


@dataclass(frozen=True, slots=True)
class Checked:
    """A check on its way into the store."""

    report: bytes
    """JSON by the contract."""
    input_kind: str
    sha256: str
    codes: tuple[str, ...] = ()
    """The codes of the findings, for counting."""

    def decoded(self) -> Report:
        """Return the report."""
        return report_from_json(json.loads(self.report), input_kind=self.input_kind)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store keeps of a checked round."""

    report: bytes
    """JSON; not necessarily the very bytes."""
    input_kind: str
    original: bytes | None
    label: str
    profile: str | None = None


def options(
    profile: str | None, waivers: tuple[Waiver, ...], *, suggest: bool = True
) -> pipeline.CheckOptions:
    """Return the options of every check for a department.

    Waivers are those that hold today, without their end, so that a replay tomorrow is the same check. One that
    matches nothing here may be about another document, so it is not reported.
    """
    return pipeline.CheckOptions(
        profile=profile,
        waivers=tuple(replace(item, expires=None) for item in waivers),
        report_unused=False,
        suggest=suggest,
    )


def check(source: Source, wanted: pipeline.CheckOptions, limits: Limits) -> Checked:
    """Return the check of a file or a body."""
    document = _load(source, limits)
    report = pipeline.check(document, wanted)
    kind = "json" if source.is_body else report.document.input_kind
    codes = tuple(finding.code for finding in report.findings)
    return Checked(json_report(report), kind, report.manifest.input_sha256, codes)


def written(stored: Stored, fmt: ReportFormat, annotated: bool) -> Reply:
    """Return a stored report in one of the formats; with `annotated` the copy of the original with comments."""
    report = located(report_from_json(json.loads(stored.report), input_kind=stored.input_kind))
    if fmt == "json":
        return Reply(render(report, "json", name=stored.label)[0].data)
    kind = stored.input_kind if annotated else None
    made = render(report, fmt, original=stored.original, original_kind=kind, name=stored.label)
    if annotated and len(made) < 2:
        raise InputError(
            f"只有能改写的 docx、xlsx 原文件才有批注副本，且 format 须与原文件相同（{stored.input_kind}）"
        )
    artifact = made[1 if annotated else 0]
    return Reply(artifact.data, artifact.media_type, artifact.filename)


def located(report: Report) -> Report:
    """Return a stored report with the places of related cells in the file: its JSON holds only their paths."""

    def whole(finding: Finding) -> Finding:
        related = tuple(replace(item, source=_source(report.document, item.path)) for item in finding.related)
        return replace(finding, related=related)

    return replace(
        report,
        findings=tuple(whole(item) for item in report.findings),
        waived=tuple(replace(item, finding=whole(item.finding)) for item in report.waived),
    )


def _source(document: Document, path: str) -> SourceRef | None:
    cell, parts = resolve_cell(document, path), split_path(path)
    if cell is not None:
        return cell.source
    if parts.project is None:
        return None
    project = document.projects[parts.project]
    return project.source if parts.row is None else project.rows[parts.row].source


def replay(stored: Stored, limits: Limits) -> bytes:
    """Return the report of the same input, checked again under the conditions that the stored report shows."""
    before = report_from_json(json.loads(stored.report), input_kind=stored.input_kind)
    # What a waiver did stands in the report by fingerprint; one that did nothing changes nothing.
    waivers = tuple(
        Waiver(reason=item.reason, author=item.author, fingerprint=item.finding.fingerprint)
        for item in before.waived
    )
    assert stored.original is not None
    source = Source(stored.original, f"x.{stored.input_kind}", is_body=stored.input_kind == "json")
    return check(source, options(stored.profile, waivers), limits).report


def _load(source: Source, limits: Limits) -> Document:
    """Read without the file's name: it is not kept, and a replay has to read the same."""
    if not source.is_body:
        return pipeline.load(source.data, name=_ending(source), limits=limits)
    return replace(read_json(source.data, limits), input_sha256=sha256(source.data).hexdigest())


def _ending(source: Source) -> str | None:
    # The name only decides between csv and txt; that much stands in `input_kind` for a replay.
    ending = source.name.rpartition(".")[2].lower()
    return f"x.{ending}" if ending in ("csv", "txt") else None
