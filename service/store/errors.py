"""What the store refuses, in words that say what to do. None of them holds text of a filed table."""

from __future__ import annotations

from service.errors import BiaochiError


class StoreError(BiaochiError):
    """The database cannot be used as asked."""

    code = "store"


class NotFound(StoreError):
    """There is no such object, or it is none of the caller's business: both look the same."""

    code = "not-found"


class Conflict(StoreError):
    """The object is in a state that does not allow this."""

    code = "conflict"


class BadValue(StoreError):
    """A value does not fit its column."""

    code = "bad-value"


class BadCursor(StoreError):
    """The mark of the next page is none that was given out."""

    code = "bad-cursor"


class DepartmentRefused(StoreError):
    """The caller may not file for this department."""

    code = "department-refused"
