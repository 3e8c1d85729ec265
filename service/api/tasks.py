"""What is computed for a request: bytes in, bytes out. Functions of a module, so that other processes find them.

Nothing here knows HTTP. Raises InputError and SettingsError like every use case.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from models.records.document import Document
from nlp.classify import Query
from nlp.scheme import scheme_ids
from service import advising, classifying, fixing, pipeline, row_checking
from service.api import convert, schemas, schemas_report
from service.api.errors import InvalidBody, UnusableEdit, faults_of
from service.errors import InputError, SettingsError
from service.export import render
from service.export.base import MEDIA_TYPES, Artifact, file_name, stem_of
from service.ingest.jsonfile import parse_json, read_json
from service.settings import Limits

M = TypeVar("M", bound=BaseModel)

JSON: Final = "application/json"
ReportFormat = Literal["json", "xlsx", "docx", "html"]
FixFormat = Literal["json", "original", "list"]
_IN_PLACE: Final = ("docx", "xlsx")
_NAMES: Final = frozenset(
    name
    for module in (schemas, schemas_report)
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, BaseModel)
    for name in model.model_fields
)
"""Names that may stand in the path of an error: our own."""


@dataclass(frozen=True, slots=True)
class Source:
    """What came in: a file with its name, or a JSON body."""

    data: bytes
    name: str = ""
    is_body: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out; a name makes it a file to save."""

    data: bytes
    media_type: str = JSON
    filename: str | None = None
    codes: tuple[str, ...] = ()
    """The codes of the findings, for counting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a caller may choose. `profile` is the name of a shipped profile, never a path."""

    profile: str | None = None
    suggest: bool = True

    def checking(self) -> pipeline.CheckOptions:
        """Return the options of the use case. No language model takes part: its answers take too long."""
        return pipeline.CheckOptions(profile=self.profile, suggest=self.suggest)


def encoded(value: Any) -> bytes:
    """Return JSON on one line; lone surrogates of hostile input are replaced."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    return text.encode("utf-8", errors="replace")


def check(source: Source, options: Options, fmt: ReportFormat, annotated: bool, limits: Limits) -> Reply:
    """Return the report of a file or a body; with `annotated` the copy of the original with comments."""
    document = _load(source, limits)
    report = pipeline.check(document, options.checking())
    codes = tuple(finding.code for finding in report.findings)
    name = _stem(source)
    if fmt == "json":
        return Reply(render(report, "json", name=name)[0].data, codes=codes)
    kind = document.input_kind
    made = render(report, fmt, original=source.data, original_kind=kind if annotated else None, name=name)
    if annotated and len(made) < 2:
        raise InputError(f"只有能改写的 docx、xlsx 原文件才有批注副本，且 format 须与原文件相同（{kind}）")
    artifact: Artifact = made[1 if annotated else 0]
    return Reply(artifact.data, artifact.media_type, artifact.filename, codes)


def parse(source: Source, options: Options, limits: Limits) -> Reply:
    """Return the normalised document, unchecked."""
    document = pipeline.normalised(_load(source, limits), options.profile)
    return Reply(encoded(convert.parsed_json(document)))


def check_row(body: bytes, options: Options, limits: Limits) -> Reply:
    """Return what is to be said of one row."""
    return check_typed(parse_json(body, limits), options, limits)


def check_typed(value: Any, options: Options, limits: Limits) -> Reply:
    """Return what is to be said of one row whose JSON was read already."""
    request = _fitting(schemas.RowRequest, value)
    project = convert.project_of(value.get("project"), [value["row"]])
    if len(project.rows) > limits.max_rows:
        raise InvalidBody(f"指标超过 {limits.max_rows} 行的上限")
    project, place = row_checking.with_row(project, request.position)
    checked = row_checking.check_row(project, place, profile=options.profile, suggest=options.suggest)
    return Reply(encoded(convert.row_json(checked)), codes=tuple(item.code for item in checked.findings))


def light(body: bytes, limits: Limits) -> Any:
    """Return the JSON of a row whose check takes so little time that no process is worth asking, else None.

    Some rules compare every part of a text with every other, so long texts count more than many. Raises InputError.
    """
    if len(body) > _LIGHT_BYTES:
        return None
    value = parse_json(body, limits)
    texts = number = 0
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str):
            texts += len(item)
            if len(item) > _LIGHT_TEXT:
                return None
        number += 1
    return value if texts <= _LIGHT_TEXTS and number <= _LIGHT_NUMBER else None


_LIGHT_BYTES: Final = 16 * 1024
_LIGHT_TEXT: Final = 300
_LIGHT_TEXTS: Final = 3000
_LIGHT_NUMBER: Final = 400


def classify(body: bytes, limits: Limits) -> Reply:
    """Return the classes of indicators."""
    request = _fitting(schemas.ClassifyRequest, parse_json(body, limits))
    items = [
        classifying.Item(
            item.id,
            Query(item.name, item.description or "", item.value or "", item.unit or "", item.operator or ""),
        )
        for item in request.items
    ]
    return Reply(encoded({"items": classifying.answers(items, request.scheme)}))


def suggest(body: bytes, limits: Limits) -> Reply:
    """Return indicators that a project could have."""
    value = parse_json(body, limits)
    request = _fitting(schemas.SuggestRequest, value)
    project = convert.project_of(value["project"])
    if project.scheme not in (None, *scheme_ids()):
        raise InvalidBody(f"project.scheme 只能是 {'、'.join(scheme_ids())}")
    try:
        found = advising.advise(
            project, category=request.category, scheme=request.scheme, limit=request.limit
        )
    except SettingsError as error:
        # The only one that a caller causes: a class that the scheme does not have.
        raise InvalidBody(error.message) from error
    return Reply(encoded(convert.advice_json(advising.fields(project), found)))


def preview(body: bytes, options: Options, limits: Limits) -> Reply:
    """Return the report of a document as it would be with some suggestions taken."""
    value = parse_json(body, limits)
    request = _fitting(schemas.PreviewRequest, value)
    document = convert.document_of(value["document"])
    convert.check_choices(request.choices)
    try:
        report = fixing.preview(
            document,
            [convert.suggestion_of(choice.suggestion) for choice in request.choices],
            [choice.values for choice in request.choices],
            options.checking(),
        )
    except InputError as error:
        raise UnusableEdit(error.message) from error
    codes = tuple(finding.code for finding in report.findings)
    return Reply(render(report, "json")[0].data, codes=codes)


def fix(source: Source, options: Options, only: fixing.Only, fmt: FixFormat, limits: Limits) -> Reply:
    """Return the document with every suggestion taken that needs no input: as JSON, in its own format, or the list."""
    from service.change_list import change_list

    document = _load(source, limits)
    kind = document.input_kind
    if fmt == "original" and kind not in _IN_PLACE:
        raise InputError("只有 docx、xlsx 能写回原格式，请改用 format=json")
    fixed = fixing.fix(document, options.checking(), only=only)
    if fmt == "json":
        return Reply(encoded(convert.fixed_json(fixed)))
    stem = stem_of(f"{_stem(source)}.json")
    if fmt == "list":
        name = file_name(f"{stem}_修改清单") + ".xlsx"
        return Reply(change_list(fixed, fixed.before.document), MEDIA_TYPES["xlsx"], name)
    if kind == "docx":
        from service.export.rewrite_docx import rewrite_document as rewrite
    else:
        from service.export.rewrite_xlsx import rewrite_workbook as rewrite
    done = rewrite(source.data, fixed.before.document, fixed.edits)
    return Reply(done.data, MEDIA_TYPES[kind], file_name(f"{stem}_修改后") + f".{kind}")


def _load(source: Source, limits: Limits) -> Document:
    if not source.is_body:
        return pipeline.load(source.data, name=source.name or None, limits=limits)
    # The caller said that it is JSON; anything else in there would be read under a false name.
    from hashlib import sha256

    return replace(read_json(source.data, limits), input_sha256=sha256(source.data).hexdigest())


def _stem(source: Source) -> str:
    """Return the name for results: the file's without folder and extension."""
    base = file_name(source.name.replace("\\", "/").rsplit("/", 1)[-1])
    return base.rsplit(".", 1)[0] or "报告"


def _fitting(model: type[M], value: Any) -> M:
    """Return a body as its model. Raises InvalidBody where it does not fit."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = faults_of(error.errors(include_url=False, include_input=False), _NAMES)
        raise InvalidBody("正文不符合约定，请按 errors 逐项改正", faults) from error
