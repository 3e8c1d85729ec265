"""What is computed for a portal, as functions of a module: worker processes find them by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from models.records.codec import document_to_json, report_to_json
from nlp.quantity import of_row
from service import pipeline
from service.api.errors import Fault, InvalidBody, faults_of
from service.api.tasks import Reply, encoded
from service.ingest.jsonfile import parse_json
from service.portal.mapping import mapping
from service.portal.reading import Filed, read_projects
from service.portal.results import project_result
from service.portal.schemas import BatchIn
from service.settings import Limits

_NAMES: Final = frozenset(BatchIn.model_fields)


class OtherDepartment(InvalidBody):
    """A project is of a department that the caller does not work for."""

    code = "department-refused"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch ready for the queue: the contract's documents, so that workers need to know nothing of portals."""

    files: tuple[tuple[str, bytes], ...]
    webhook: str | None
    department: str | None
    units: tuple[tuple[str, int], ...]
    """Departments that the mapping gives for the units of the projects, each with the place of the first."""


def check(
    body: bytes, options: pipeline.CheckOptions, departments: frozenset[str] | None, limits: Limits
) -> Reply:
    """Return the result of one project. `departments` are those that it may be of, None for all.

    Raises InvalidBody, OtherDepartment, InputError, SettingsError.
    """
    names = mapping()
    projects = read_projects(parse_json(body, limits), limits, names)
    if len(projects) != 1:
        raise InvalidBody(f"一次只检查一个项目，收到 {len(projects)} 个；多个项目请用 /v1/portal/batches")
    (filed,) = projects
    for department in _departments(filed, names.departments):
        if departments is not None and department not in departments:
            raise OtherDepartment("项目的单位属于其他部门，请核对单位代码，或改用该部门的密钥")
    document = replace(filed.document, input_sha256=sha256(body).hexdigest())
    report = pipeline.check(document, options)
    codes = tuple(finding.code for finding in report.findings)
    return Reply(encoded(project_result(report_to_json(report, of_row), names, key=filed.key)), codes=codes)


def batch(body: bytes, limits: Limits) -> Batch:
    """Return a batch ready for the queue. Raises InvalidBody, InputError, SettingsError."""
    names = mapping()
    value = parse_json(body, limits)
    request = _batch_in(value)
    files: list[tuple[str, bytes]] = []
    units: dict[str, int] = {}
    for number, item in enumerate(value["projects"]):
        for filed in read_projects(item, limits, names, f"projects[{number}]"):
            for department in _departments(filed, names.departments):
                units.setdefault(department, number)
            data = encoded({"document": document_to_json(filed.document, of_row)})
            files.append((filed.key or f"第 {len(files) + 1} 个项目", data))
    return Batch(tuple(files), request.webhook, request.department, tuple(units.items()))


def _departments(filed: Filed, table: Mapping[str, str]) -> list[str]:
    return sorted({table[unit] for unit in filed.units if unit in table})


def _batch_in(value: Any) -> BatchIn:
    from pydantic import ValidationError

    try:
        return BatchIn.model_validate(value)
    except ValidationError as error:
        faults: tuple[Fault, ...] = faults_of(error.errors(include_url=False, include_input=False), _NAMES)
        raise InvalidBody("正文不符合约定，请按 errors 逐项改正", faults) from error


def result_of(result: Mapping[str, Any] | None, key: str) -> tuple[dict[str, Any] | None, str | None]:
    """Return the result of a chunk of a batch, or why there is none."""
    if result is None:
        return None, None
    if result.get("kind") != "report":
        return None, str(result.get("message", ""))
    report = result["report"]
    number = len(report["document"]["projects"])
    if not number:
        return None, "没有可检查的项目"
    if number > 1:
        # A file of a batch that no portal handed in: showing the first of its projects would hide the others.
        return None, f"这一份有 {number} 个项目，请用 /v1/batches/批次编号/results 取结果"
    return project_result(report, mapping(), key=key), None
