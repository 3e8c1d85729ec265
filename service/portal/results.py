"""A report → what the portal gets back: audit rows under the site's column names, findings by row GUID and column.

Works on the JSON of a report, so that a batch's stored reports and a report just made take the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from models.records.amount import convert, parse_amount
from models.records.document import ROW_FIELDS
from rules.engine.paths import split_path
from service.portal.mapping import Point, PortalMapping, key_of

SCHEMA: Final = "biaochi.portal/v1"
_GRAVITY: Final = ("info", "warning", "error")
_OPINION: Final = 4000
"""Length of OPINION_REMARK."""
_CODED: Final = ("level1", "level2", "operator", "basis")
_AMOUNTS: Final = {f"budget.{name}" for name in ("total", "fiscal", "other")}
_PROJECT_FIELDS: Final = {
    "code": ("code", "project_code"),
    "name": ("name", "project_name"),
    "department": ("department", "department"),
    "budget.total": ("total", "total"),
    "budget.purpose": ("purpose", "purpose"),
    "goals": ("goal", "goal"),
}
"""Path in a project → its names in a message and in a record."""

JSON = Mapping[str, Any]


def project_result(report: JSON, names: PortalMapping, *, key: str, index: int = 0) -> dict[str, Any]:
    """Return the result of one project of a report; `key` is what the portal calls the project."""
    project = report["document"]["projects"][index]
    score = report["scores"]["projects"][index]
    view = _View(project, index, names)
    findings = [item for item in report["findings"] if view.owns(item)]
    gravest = _gravest(findings)
    return {
        "schema": SCHEMA,
        "mapping": {"name": names.name, "sha256": names.sha256},
        "manifest": {
            "tool": report["manifest"]["tool"],
            "ruleset_digest": report["manifest"]["ruleset_digest"],
            "profile_chain": list(report["manifest"]["profile_chain"]),
        },
        "complete": report["complete"],
        "project": {
            "key": key,
            "code": project["code"],
            "name": project["name"],
            "department": project["department"],
            "scheme": project["scheme"],
        },
        "conclusion": score["conclusion"],
        "score": score["score"],
        "grade": score["grade"],
        "dimensions": dict(score["dimensions"]),
        "severity": gravest,
        "light": names.result.lights[gravest or "none"],
        "amounts": view.amounts(),
        "results": _audit_rows(findings, view, names),
        "rows": [view.row(place, findings) for place in range(len(project["rows"]))],
        "findings": [view.finding(item) for item in findings],
    }


def _gravest(findings: Iterable[JSON]) -> str | None:
    ranks = [_GRAVITY.index(item["severity"]) for item in findings]
    return _GRAVITY[max(ranks)] if ranks else None


def _audit_rows(findings: Sequence[JSON], view: _View, names: PortalMapping) -> list[dict[str, Any]]:
    result = names.result
    belonging: dict[int, list[JSON]] = {}
    for item in findings:
        belonging.setdefault(_point_of(item, result.points), []).append(item)
    rows = []
    for number, point in enumerate(result.points):
        here = belonging.get(number, [])
        gravest = _gravest(here)
        outcome = "fail" if gravest == "error" else "improve" if gravest == "warning" else "pass"
        values: dict[str, Any] = {
            "point": point.point,
            "content": point.content,
            "type": point.type,
            "standard": point.standard,
            "passed": result.passed[outcome],
            "failed": result.separator.join(view.concerned(here)) if outcome != "pass" else "",
            "level": result.lights[gravest or "none"],
            "order": number + 1,
        }
        rows.append({result.columns[name]: value for name, value in values.items()})
    return rows


def _point_of(finding: JSON, points: Sequence[Point]) -> int:
    named = (number for number, point in enumerate(points) if finding["code"] in point.rules)
    general = (number for number, point in enumerate(points) if finding["dimension"] in point.dimensions)
    # A rule of a province's own may be of any dimension that the mapping was not asked about.
    return next(named, next(general, len(points) - 1))


@dataclass(frozen=True, slots=True)
class _Place:
    """A path in the words of the portal."""

    guid: str | None
    column: str | None
    row: int | None
    field: str | None


class _View:
    """One project of a report in the words of the portal."""

    def __init__(self, project: JSON, index: int, names: PortalMapping) -> None:
        self._project, self._index, self._names = project, index, names
        self._candidates = {
            field: (
                *names.message_row.get(field, ()),
                *names.row_shown.get(field, ()),
                *names.row_shown.get(f"{field}_code", ()),
            )
            for field in ROW_FIELDS
        }
        self._codes = {
            field: {text: code for code, text in reversed(tuple(names.codes.get(field, {}).items()))}
            for field in _CODED
        }
        self._is_message = key_of(_part(project, "name", "code").partition("/")[0]) in map(
            key_of, (*names.message.get("code", ()), *names.message.get("name", ()))
        ) or any("/" in _part(row, *ROW_FIELDS) for row in project["rows"])

    def owns(self, finding: JSON) -> bool:
        """Whether a finding is about this project or about the whole of what was sent."""
        return split_path(finding["location"]["path"]).project in (None, self._index)

    def amounts(self) -> dict[str, str]:
        """Return the amounts as they were sent, by their own keys."""
        text = self._amount_text("budget.total")
        return {} if text is None else {self._project_column("budget.total") or "budget.total": text}

    def row(self, place: int, findings: Sequence[JSON]) -> dict[str, Any]:
        """Return light and opinion of a row."""
        row = self._project["rows"][place]
        path = f"projects[{self._index}].rows[{place}]"
        # A folded finding stands at one place and is about all that it lists.
        here = [
            (number, item)
            for number, item in enumerate(findings)
            if any(
                _within(other, path)
                for other in (item["location"]["path"], *(item["related"] if item["fold"] else ()))
            )
        ]
        here.sort(key=lambda pair: -_GRAVITY.index(pair[1]["severity"]))
        gravest = _gravest(item for _, item in here)
        codes = list(dict.fromkeys(item["opinion_code"] for _, item in here))
        source = row["source"] or {}
        return {
            "guid": self._guid(row),
            "path": path,
            "number": source.get("row"),
            "name": row["name"],
            "severity": gravest,
            "light": self._names.result.lights[gravest or "none"],
            "opinion_code": codes[0] if codes else None,
            "opinion_codes": codes,
            "opinion": "\n".join(item["message"] for _, item in here)[:_OPINION],
            "findings": sorted(number for number, _ in here),
        }

    def concerned(self, findings: Iterable[JSON]) -> list[str]:
        """Return the names of the indicators that findings are about; where they are about none, what is wrong."""
        named: dict[str, None] = {}
        for item in findings:
            if item["severity"] == "info":
                continue
            paths = [item["location"]["path"], *(item["related"] if item["fold"] else ())]
            rows = [row for path in paths if (row := self._place(path).row) is not None]
            found = [self._project["rows"][row]["name"] for row in rows if row < len(self._project["rows"])]
            named.update(dict.fromkeys(name for name in found if name))
            if not rows:
                named[item["wording"]["fact"]] = None
        return list(named)

    def finding(self, item: JSON) -> dict[str, Any]:
        """Return a finding with the portal's row and column."""
        path = item["location"]["path"]
        place = self._place(path)
        return {
            "rule_id": item["code"],
            "rule_name": item["name"],
            "severity": item["severity"],
            "guid": place.guid,
            "column": place.column,
            "path": path,
            "original": self._original(path),
            "span": item["location"]["span"],
            "evidence": item["evidence"],
            "reason": item["message"],
            "document": item["basis"]["document"],
            "dimension": item["dimension"],
            "opinion_code": item["opinion_code"],
            "opinion_text": self._names.result.opinions.get(item["opinion_code"], ""),
            "confidence": item["confidence"],
            "alternatives": _alternatives(item),
            "related": [
                {"guid": other.guid, "column": other.column, "path": text}
                for text in item["related"]
                for other in [self._place(text)]
            ],
            "suggestions": [
                {
                    "title": entry["title"],
                    "rationale": entry["rationale"],
                    "edits": [self._edit(edit) for edit in entry["edits"]],
                    "slots": entry["slots"],
                    "applicability": entry["applicability"],
                    "verification": entry["verification"],
                }
                for entry in item["suggestions"]
            ],
            "fingerprint": item["fingerprint"],
        }

    def _place(self, path: str) -> _Place:
        parts = split_path(path)
        if parts.project != self._index:
            return _Place(None, None, None, None)
        if parts.row is None:
            return _Place(None, self._project_column(parts.rest), None, None)
        rows = self._project["rows"]
        if parts.row >= len(rows):
            return _Place(None, None, parts.row, parts.field)
        row = rows[parts.row]
        column = self._column(row, parts.field) if parts.field else None
        return _Place(self._guid(row), column, parts.row, parts.field)

    def _guid(self, row: JSON) -> str | None:
        wanted = {
            *self._names.row.get("row_key", ()),
            *map(key_of, self._names.message_row.get("row_key", ())),
        }
        return next((text for key, text in row.get("extra", {}).items() if key_of(key) in wanted), None)

    def _column(self, row: JSON, field: str) -> str | None:
        """Return the column that a cell came from; where it came from none, the first that the mapping names."""
        sent = _part(row, field).rpartition("/")[2]
        candidates = self._candidates.get(field, ())
        if key_of(sent) in map(key_of, candidates):
            return sent
        names = self._names.message_row if self._is_message else self._names.row_shown
        return next(iter(names.get(field, candidates)), None)

    def _project_column(self, rest: str) -> str | None:
        field = "goals" if rest.startswith("goals[") else rest
        if field not in _PROJECT_FIELDS:
            return None
        sent = _part(self._project, rest)
        if sent:
            return sent
        in_message, in_record = _PROJECT_FIELDS[field]
        names = self._names.message if self._is_message else self._names.row_shown
        return next(iter(names.get(in_message if self._is_message else in_record, ())), None)

    def _original(self, path: str) -> str | None:
        """Return what stood in a cell when it was sent; None for a path that is no cell."""
        parts = split_path(path)
        if parts.project != self._index:
            return None
        if parts.row is not None:
            rows = self._project["rows"]
            if parts.row >= len(rows) or parts.field not in ROW_FIELDS:
                return None
            found: str | None = _raw(rows[parts.row], parts.field, rows[parts.row][parts.field])
            return found
        if parts.rest in _AMOUNTS:
            return self._amount_text(parts.rest)
        shown = self._project_text(parts.rest)
        return None if shown is None else _raw(self._project, parts.rest, shown)

    def _project_text(self, rest: str) -> str | None:
        if rest.startswith("goals["):
            number = rest[len("goals[") : -1]
            goals = self._project["goals"]
            return goals[int(number)] if number.isdecimal() and int(number) < len(goals) else None
        value = (
            self._project["budget"].get("purpose") if rest == "budget.purpose" else self._project.get(rest)
        )
        return value if isinstance(value, str) else None

    def _amount_text(self, rest: str) -> str | None:
        """Return an amount as sent, or in the unit of the system where it was not sent like this."""
        shown = self._project["budget"][rest.partition(".")[2]]
        if shown is None:
            return None
        filed = self._project.get("filed", {}).get(rest)
        return str(_raw(self._project, rest, self._back(shown) if filed is None else filed))

    def _back(self, shown: str) -> str:
        unit = self._names.money_unit if self._is_message else self._names.row_money_unit
        amount: Decimal | None = parse_amount(shown, self._project["budget"]["unit"])
        if amount is None:
            return shown
        return format(convert(amount, self._project["budget"]["unit"], unit), "f")

    def _edit(self, edit: JSON) -> dict[str, Any]:
        path = edit["path"]
        place = self._place(path)
        if place.row is not None and place.field is None:
            old, new = self._cells(edit["old"]), self._cells(edit["new"])
            return {"guid": place.guid, "column": None, "path": path, "old": old, "new": new, "text": None}
        return {
            "guid": place.guid,
            "column": place.column,
            "path": path,
            "old": self._original(path),
            "new": self._written(path, place, edit["new"]),
            "text": edit["new"],
        }

    def _written(self, path: str, place: _Place, new: Any) -> Any:
        """Return a new text as the system writes it: as a code where the cell holds one, money in its unit."""
        if not isinstance(new, str):
            return new
        if place.row is not None and place.field is not None:
            row = self._project["rows"][place.row]
            return self._coded(place.field, new) if self._is_coded(row, place.field) else new
        return self._back(new) if split_path(path).rest in _AMOUNTS else new

    def _coded(self, field: str, text: str) -> str:
        return self._codes[field].get(text, text)

    def _is_coded(self, row: JSON, field: str) -> bool:
        return field in _CODED and row.get("raw", {}).get(field) in self._names.codes.get(field, {})

    def _cells(self, row: Any) -> Any:
        """Return a whole row of an edit under the portal's columns, written as the rows that are there already."""
        if not isinstance(row, Mapping):
            return row
        out = {}
        for field, text in row.items():
            like: JSON = next((item for item in self._project["rows"] if _part(item, field)), {})
            column = self._column(like, field) or field
            out[column] = self._coded(field, text) if self._is_coded(like, field) else text
        return out


def _part(data: JSON, *fields: str) -> str:
    """Return the key under which the first of these cells was sent."""
    sources = data.get("sources", {})
    found = next((sources[field] for field in fields if sources.get(field)), None)
    return str((found or {}).get("part") or "")


def _raw(data: JSON, field: str, shown: Any) -> Any:
    """Return what was sent where it differs from what is shown."""
    return data.get("raw", {}).get(field, shown)


def _within(path: str, row: str) -> bool:
    return path == row or path.startswith(f"{row}.")


def _alternatives(finding: JSON) -> list[str]:
    """Return the texts that suggestions would put into the very cell, blanks left out."""
    path = finding["location"]["path"]
    found = (
        edit["new"]
        for suggestion in finding["suggestions"]
        if not suggestion["slots"]
        for edit in suggestion["edits"]
        if edit["path"] == path and isinstance(edit["new"], str) and edit["new"]
    )
    return list(dict.fromkeys(found))
