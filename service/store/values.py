"""What every module of the store shares: scope of departments, pages, and values that fit both databases."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, String, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.store.errors import BadCursor, BadValue

T = TypeVar("T")
Departments = frozenset[str] | None
"""The departments that a caller may see; None: all of them. An empty set sees nothing."""

PAGE = 50
MAX_PAGE = 200
_MAX_INT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list. `next` is the cursor of the part that follows, None at the end."""

    items: tuple[T, ...]
    next: str | None = None


def within(column: ColumnElement[Any] | InstrumentedAttribute[Any], departments: Departments) -> Any:
    """Return the condition that a row is of one of the departments."""
    return true() if departments is None else column.in_(sorted(departments))


def key(value: str) -> str:
    """Return an id for a condition. One that no database could hold is simply one that does not exist."""
    return value if value.isascii() and value.isalnum() else ""


def fitting(column: InstrumentedAttribute[Any], value: str, label: str, *, required: bool = False) -> str:
    """Return a text that both databases can hold in the column. Raises BadValue; the text itself is not shown.

    SQLite would take anything; PostgreSQL refuses what is too long, NUL and lone surrogates.
    """
    kind = column.type
    limit = kind.length if isinstance(kind, String) else None
    if required and not value.strip():
        raise BadValue(f"{label}不能为空，请填写")
    if limit is not None and len(value) > limit:
        raise BadValue(f"{label}最多 {limit} 字，请缩短后重试")
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
        raise BadValue(f"{label}含有无法保存的字符，请删除后重试")
    return value


def paged(
    session: Session,
    query: Select[Any],
    *,
    by: Sequence[InstrumentedAttribute[Any]],
    newest_first: bool,
    cursor: str | None,
    limit: int,
) -> Page[Any]:
    """Return one page of the query's rows in the order of columns that never change and end in a unique one.

    Rows added or removed meanwhile shift nothing: the next page begins where this one ended. The query selects one
    entity, or columns with those of `by` among them; then the items are rows. Raises BadCursor, BadValue.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise BadValue(f"每页条数应为 1 至 {MAX_PAGE}")
    if cursor is not None:
        place = tuple_(
            *_decoded(cursor, [column.type.python_type for column in by]), types=[c.type for c in by]
        )
        here = tuple_(*by)
        query = query.where(here < place if newest_first else here > place)
    query = query.order_by(*(column.desc() if newest_first else column.asc() for column in by))
    found = session.execute(query.limit(limit + 1)).all()
    rows = [row[0] for row in found] if len(query.column_descriptions) == 1 else found
    if len(rows) <= limit:
        return Page(tuple(rows))
    last = rows[limit - 1]
    return Page(tuple(rows[:limit]), _encoded([getattr(last, column.key) for column in by]))


def _encoded(values: Sequence[Any]) -> str:
    plain = [item.isoformat() if isinstance(item, datetime) else item for item in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _decoded(cursor: str, kinds: Sequence[type]) -> list[Any]:
    try:
        data = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not isinstance(data, list):
            raise ValueError
        return [_READ[kind](item) for kind, item in zip(kinds, data, strict=True)]
    except (ValueError, RecursionError) as error:
        raise BadCursor("翻页标记无效，请从第一页重新开始") from error


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError
    found = datetime.fromisoformat(value)
    if found.tzinfo is not None:
        raise ValueError
    return found


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_INT:
        raise ValueError
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or not key(value):
        raise ValueError
    return value


_READ: dict[type, Callable[[Any], Any]] = {datetime: _moment, int: _number, str: _word}
