"""Records ⇄ what the interface shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from models.records.codec import document_to_json, finding_to_json
from models.records.decode import DecodeError, document_from_json
from models.records.document import ROW_FIELDS, Document, Project
from models.records.finding import Applicability, Edit, Finding, RowCells, Severity, Slot, Suggestion
from nlp.quantity import of_row
from rules.engine import docs
from rules.engine.base import Rule
from rules.engine.combine import Left, Taken
from rules.engine.edits import EditError, check_value
from rules.engine.profile import Profile, Setting
from rules.engine.registry import all_rules
from service.advising import Advice
from service.api import schemas
from service.api import schemas_report as out
from service.api.errors import Fault, InvalidBody, UnusableEdit
from service.fixing import Fixed
from service.row_checking import RowCheck

_PATH: Final = re.compile(
    r"projects\[[0-9]{1,6}\](?:\.rows\[[0-9]{1,6}\])?(?:\.[a-z0-9]{1,20}){0,2}(?:\[[0-9]{1,6}\])?"
)
"""What an edit may name; short enough to be repeated in an error."""


def parsed_json(document: Document) -> dict[str, Any]:
    """Return what `biaochi parse` prints."""
    return {"schema": "biaochi.document/v1", "document": document_to_json(document, of_row)}


def row_json(checked: RowCheck) -> dict[str, Any]:
    """Return the answer to the check of one row."""
    return {
        "path": checked.path,
        "scheme": checked.scheme,
        "findings": [finding_to_json(item) for item in checked.findings],
        "classification": checked.answer,
    }


def advice_json(sectors: Sequence[str], found: Iterable[Advice]) -> dict[str, Any]:
    """Return proposed indicators."""
    return {
        "fields": list(sectors),
        "suggestions": [
            {item.name: getattr(advice, item.name) for item in fields(Advice)} for advice in found
        ],
    }


def fixed_json(fixed: Fixed) -> dict[str, Any]:
    """Return a document with suggestions taken."""
    return {
        "schema": "biaochi.fix/v1",
        "document": document_to_json(fixed.document, of_row),
        "edits": [{"path": e.path, "old": _side_json(e.old), "new": _side_json(e.new)} for e in fixed.edits],
        "taken": [_taken(item, None) for item in fixed.taken],
        "left": [_taken(item, item.why) for item in fixed.left],
        "before": _counts(fixed.before.findings),
        "after": _counts(fixed.after.findings),
    }


def _side_json(side: str | RowCells | None) -> Any:
    return dict(side) if isinstance(side, tuple) else side


def _taken(item: Taken | Left, why: str | None) -> dict[str, Any]:
    finding = item.finding
    return {
        "code": finding.code,
        "path": finding.location.path,
        "fingerprint": finding.fingerprint,
        "title": item.suggestion.title,
        "why": why,
    }


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    return {s.value: sum(item.severity is s for item in findings) for s in Severity}


def project_of(sent: Mapping[str, Any] | None, rows: Iterable[Mapping[str, Any]] = ()) -> Project:
    """Return the record of a project that fits its schema, `rows` behind its own. Raises InvalidBody."""
    data = dict(sent or {})
    data["rows"] = [*(data.get("rows") or ()), *rows]
    return document_of({"projects": [data]}).projects[0]


def document_of(data: Mapping[str, Any]) -> Document:
    """Return the record of a `document` object. Raises InvalidBody."""
    try:
        return document_from_json(data)
    except DecodeError as error:
        raise InvalidBody(f"{error}，请按接口约定改正后重试") from error


def suggestion_of(sent: out.Suggestion) -> Suggestion:
    """Return the record of a suggestion that comes back from a caller."""
    return Suggestion(
        title=sent.title,
        rationale=sent.rationale,
        edits=tuple(Edit(item.path, _side(item.old), _side(item.new)) for item in sent.edits),
        slots=tuple(Slot(item.name, item.prompt, item.kind) for item in sent.slots),
        applicability=Applicability(sent.applicability),
        verification=sent.verification,
    )


def _side(sent: str | Mapping[str, str] | None) -> str | RowCells | None:
    # A JSON object has no order, a row has.
    return tuple((f, sent[f]) for f in ROW_FIELDS if f in sent) if isinstance(sent, Mapping) else sent


def check_choices(choices: Sequence[schemas.Choice]) -> None:
    """Check paths and filled blanks, so that errors name them by our own words. Raises UnusableEdit."""
    faults: list[Fault] = []
    for k, choice in enumerate(choices):
        faults += _edit_faults(choice, f"choices[{k}].suggestion.edits")
        faults += _value_faults(choice, f"choices[{k}].values")
    if faults:
        raise UnusableEdit("建议不能采用，请按 errors 逐项改正", tuple(faults[:20]))


def _edit_faults(choice: schemas.Choice, where: str) -> Iterator[Fault]:
    for k, edit in enumerate(choice.suggestion.edits):
        if _PATH.fullmatch(edit.path) is None:
            yield Fault(f"{where}[{k}].path", "应为项目表中的路径，如 projects[0].rows[2].value")
        for name, side in (("old", edit.old), ("new", edit.new)):
            if isinstance(side, Mapping) and not set(side) <= set(ROW_FIELDS):
                yield Fault(f"{where}[{k}].{name}", f"只能含有 {'、'.join(ROW_FIELDS)}")


def _value_faults(choice: schemas.Choice, where: str) -> Iterator[Fault]:
    if set(choice.values) - {slot.name for slot in choice.suggestion.slots}:
        yield Fault(where, "含有建议中没有的待填项")
    for slot in choice.suggestion.slots:
        try:
            check_value(Slot(slot.name, "此项", slot.kind), choice.values.get(slot.name, ""))
        except EditError as error:
            yield Fault(f"{where}.{slot.name}", str(error).replace("「此项」", "此项"))


def rule_summary(rule: type[Rule]) -> dict[str, Any]:
    """Return a line of the catalogue."""
    return {
        "code": rule.code,
        "name": rule.name,
        "title": rule.title,
        "severity": rule.severity.value,
        "grain": docs.grain(rule),
        "dimension": rule.dimension,
        "opinion_code": rule.opinion_code,
        "handbook": list(rule.handbook),
        "since": rule.since,
        "status": rule.status,
        "enabled_by_default": rule.enabled_by_default,
        "has_suggestions": rule.cure,
        "aliases": list(rule.aliases),
    }


def rule_page(rule: type[Rule]) -> dict[str, Any]:
    """Return the page of a rule."""
    page = docs.page(rule)
    options = rule.Options()
    return rule_summary(rule) | {
        "summary": page.summary,
        "sections": dict(page.sections),
        "bad": [dict(item) for item in page.bad],
        "good": [dict(item) for item in page.good],
        "options": [
            {"name": item.name, "default": plain(getattr(options, item.name))}
            for item in fields(rule.Options)
        ],
        "markdown": docs.render_page(rule),
    }


def profile_summary(name: str, profile: Profile) -> dict[str, Any]:
    """Return a line of the list of profiles."""
    return {"name": name, "title": profile.title, "chain": list(profile.chain)}


def profile_page(name: str, profile: Profile, ruleset_digest: str) -> dict[str, Any]:
    """Return every resolved value of a profile with who set it."""
    rules = []
    for code, entry in all_rules().items():
        settings = {key: item for (owner, key), item in profile.settings.items() if owner == code}
        enabled, severity = settings.pop("enabled"), settings.pop("severity")
        opinion = profile.opinion_codes.get(code) or Setting(entry.cls.opinion_code, entry.origin)
        rules.append(
            {
                "code": code,
                "name": entry.cls.name,
                "enabled": _set(enabled),
                "severity": _set(Setting(severity.value or entry.cls.severity, severity.where)),
                "opinion_code": _set(opinion),
                "options": {key: _set(item) for key, item in settings.items()},
            }
        )
    return profile_summary(name, profile) | {
        "digest": profile.digest,
        "ruleset_digest": ruleset_digest,
        "scheme": _set(profile.scheme),
        "rules": rules,
    }


def _set(setting: Setting) -> dict[str, Any]:
    return {"value": plain(setting.value), "where": setting.where}


def plain(value: Any) -> Any:
    """Return a value of a setting as JSON."""
    if isinstance(value, Severity):
        return value.value
    if isinstance(value, tuple | list | frozenset | set):
        items = [plain(item) for item in value]
        return sorted(items) if isinstance(value, frozenset | set) else items
    return value if isinstance(value, str | int | float | bool | None) else str(value)
