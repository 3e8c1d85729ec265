"""Reading what callers send: a file in a form, or JSON. The guard bounds size and time; here it is about form."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from starlette.datastructures import UploadFile

from service.api.errors import Fault, Problem
from service.api.tasks import Source
from service.export.base import file_name

FIELD: Final = "file"
_FORM: Final = "multipart/form-data"
_WANTED: Final = {
    "json": "请用 Content-Type: application/json 提交 JSON",
    "either": "请用 multipart/form-data 上传文件（字段 file），或用 application/json 提交 JSON",
}


async def json_body(request: Request) -> bytes:
    """Return the bytes of a JSON body. Raises Problem where it is said to be something else."""
    if not _is_json(_type_of(request)):
        raise Problem("unsupported-media-type", _WANTED["json"])
    return await request.body()


async def source(request: Request) -> Source:
    """Return the uploaded file or the JSON body. Raises Problem."""
    kind = _type_of(request)
    if _is_json(kind):
        return Source(await request.body(), is_body=True)
    if kind != _FORM:
        raise Problem("unsupported-media-type", _WANTED["either"])
    async with request.form(max_files=1, max_fields=4, max_part_size=64 * 1024) as form:
        upload = form.get(FIELD)
        if not isinstance(upload, UploadFile):
            raise Problem(
                "invalid-request",
                "没有收到文件，请用表单字段 file 上传",
                faults=[Fault(FIELD, "应为一个文件")],
            )
        return Source(await upload.read(), shown_name(upload.filename or ""))


def shown_name(sent: str) -> str:
    """Return a file's name without folders and without what no file name should hold."""
    return file_name(sent.replace("\\", "/").rsplit("/", 1)[-1])


def _type_of(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_json(kind: str) -> bool:
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def documented(model: str, *, file: bool = False, examples: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the `requestBody` of a route for its OpenAPI document."""
    content: dict[str, Any] = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}
    if examples:
        content["application/json"]["examples"] = examples
    if file:
        content = {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        FIELD: {
                            "type": "string",
                            "format": "binary",
                            "description": "docx、xlsx、xls、doc、wps、et、pdf、html、csv、txt、json",
                        }
                    },
                }
            },
            **content,
        }
    return {"requestBody": {"required": True, "content": content}}
