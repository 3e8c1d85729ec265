"""Reading a batch: files in a form or projects in JSON, both with the same options."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from rules.engine.profile import profile_names
from service.api import bodies, stateful
from service.api.errors import Fault, Problem, faults_of
from service.api.schemas_admin import BatchItem, BatchNew, BatchOptions
from service.ingest.jsonfile import parse_json
from service.jobs.settings import JobSettings
from service.settings import Limits

_FIELDS: Final = tuple(BatchOptions.model_fields)
_TOKEN: Final = "csrf_token"
_NAMES: Final = frozenset(_FIELDS) | {"items", *BatchItem.model_fields}
_FORM: Final = {
    "type": "object",
    "required": [bodies.FIELD],
    "properties": {
        bodies.FIELD: {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
        "department": {"type": "string"},
        "profile": {"type": "string"},
        "suggest": {"type": "boolean"},
        "priority": {"type": "integer", "minimum": 0, "maximum": 9},
        "webhook": {"type": "string"},
    },
}
DOCUMENTED: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FORM},
            "application/json": {"schema": {"$ref": "#/components/schemas/BatchNew"}},
        },
    }
}


@dataclass(frozen=True, slots=True)
class Batch:
    """What was sent."""

    options: BatchOptions
    files: tuple[tuple[str, bytes], ...]
    """Names and contents."""


async def read(request: Request, limits: Limits, jobs: JobSettings) -> Batch:
    """Return the batch of a request. Raises Problem, InputError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _form(request, jobs)
    # Other requests go on meanwhile: a batch may be as large as a body can be.
    return await run_in_threadpool(_json, await bodies.json_body(request), limits)


def _json(body: bytes, limits: Limits) -> Batch:
    found: BatchNew = _fitting(BatchNew, parse_json(body, limits))
    files = tuple(
        (item.label, json.dumps(item.document, default=str).encode("ascii")) for item in found.items
    )
    return Batch(_options(found), files)


async def _form(request: Request, jobs: JobSettings) -> Batch:
    most = len(_FIELDS) + 1
    async with request.form(max_files=jobs.max_files, max_fields=most, max_part_size=64 * 1024) as form:
        uploads = [item for item in form.getlist(bodies.FIELD) if isinstance(item, UploadFile)]
        if not uploads or len(uploads) < len(form.getlist(bodies.FIELD)):
            raise Problem(
                "invalid-request",
                "没有收到文件，请用表单字段 file 上传，可以有多个",
                faults=[Fault(bodies.FIELD, "应为文件")],
            )
        given = {
            name: value for name, value in form.items() if name not in (bodies.FIELD, _TOKEN) and value != ""
        }
        if any(isinstance(value, UploadFile) for value in given.values()):
            raise Problem("invalid-request", "文件只能放在表单字段 file 中，请改正后重试")
        options: BatchOptions = _fitting(BatchOptions, given)
        files = tuple([(bodies.shown_name(item.filename or ""), await item.read()) for item in uploads])
    return Batch(_options(options), files)


def digest_of(request: Request, batch: Batch) -> str:
    """Return the digest of what a batch asks, whatever way it was wrapped."""
    parts = [part for label, data in batch.files for part in (label.encode("utf-8", "replace"), data)]
    return stateful.digest_of(request, batch.options, *parts)


def _options(found: BatchOptions) -> BatchOptions:
    if found.profile is not None and found.profile not in profile_names():
        raise Problem(
            "invalid-request",
            "没有这个检查配置，请核对名称；清单见 /v1/profiles",
            faults=[Fault("profile", f"只能是 {'、'.join(profile_names())}")],
        )
    return BatchOptions.model_validate({name: getattr(found, name) for name in _FIELDS})


def _fitting(model: type[Any], value: Any) -> Any:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = faults_of(error.errors(include_url=False, include_input=False), _NAMES)
        raise Problem("invalid-request", "请求内容不符合约定，请按 errors 逐项改正", faults=faults) from error
