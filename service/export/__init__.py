"""Report writers: one report in, one or more files out."""

from __future__ import annotations

from models.records.report import Report
from service.errors import SettingsError
from service.export.base import FORMATS, MEDIA_TYPES, Artifact, file_name, stem_of

__all__ = ["FORMATS", "Artifact", "render"]


def render(
    report: Report,
    fmt: str,
    *,
    original: bytes | None = None,
    original_kind: str | None = None,
    name: str = "",
) -> tuple[Artifact, ...]:
    """Write `report` in one of FORMATS. The first artifact is the report itself.

    Where the original is an xlsx or docx of the same family as `fmt`, a copy of it with comments follows.
    Equal input gives equal bytes. Raises SettingsError on an unknown format.
    """
    if fmt not in FORMATS:
        raise SettingsError(f"不支持报告格式「{fmt}」，可选 {'、'.join(FORMATS)}")
    stem = _report_stem(report, name)
    if fmt == "json":
        from service.export.jsonfile import json_report

        return (Artifact(f"{stem}.json", MEDIA_TYPES[fmt], json_report(report)),)
    from service.export.view import build

    view = build(report, name)
    if fmt == "text":
        from service.export.console import text_report

        return (Artifact(f"{stem}.txt", MEDIA_TYPES[fmt], text_report(view).encode("utf-8")),)
    if fmt == "html":
        from service.export.html import html_report

        return (Artifact(f"{stem}.html", MEDIA_TYPES[fmt], html_report(view).encode("utf-8")),)
    copy: bytes | None = None
    source = original if original_kind == fmt else None
    if fmt == "xlsx":
        from service.export.annotate_xlsx import annotate_workbook
        from service.export.workbook import workbook_report

        copy = annotate_workbook(view, source) if source is not None else None
        note = _copy_note(source, copy)
        artifact = Artifact(f"{stem}.xlsx", MEDIA_TYPES[fmt], workbook_report(view, note))
    else:
        from service.export.annotate_docx import annotate_document
        from service.export.letter import letter_report

        copy = annotate_document(view, source) if source is not None else None
        artifact = Artifact(f"{stem}.docx", MEDIA_TYPES[fmt], letter_report(view))
    if copy is None:
        return (artifact,)
    return (artifact, Artifact(f"{stem_of(name)}_批注.{fmt}", MEDIA_TYPES[fmt], copy))


def _report_stem(report: Report, name: str) -> str:
    """「[项目编码]项目名称_审核结果」 for one project, the input's name for several."""
    projects = report.document.projects
    if len(projects) == 1 and projects[0].name and projects[0].code:
        return file_name(f"[{projects[0].code.text}]{projects[0].name.text}") + "_审核结果"
    return f"{stem_of(name)}_审核结果"


def _copy_note(source: bytes | None, copy: bytes | None) -> str:
    if source is None:
        return ""
    return "原表批注副本已另行生成" if copy is not None else "原表无法由本工具改写，未生成批注副本"
