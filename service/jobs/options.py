"""The options of a check as they stand in the store. A language model is named by the worker's own settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from rules.engine.suppress import Waiver
from service.pipeline import CheckOptions
from service.settings import WordingSettings


def options_to_json(options: CheckOptions) -> dict[str, Any]:
    """Return options as JSON. The endpoint of a language model and its key are not among them."""
    return {
        "profile": options.profile,
        "waivers": [_waiver(item) for item in options.waivers],
        "baseline": sorted(options.baseline),
        "suggest": options.suggest,
        "today": None if options.today is None else options.today.isoformat(),
        "report_unused": options.report_unused,
        "wording": options.wording is not None,
    }


def options_from_json(data: Mapping[str, Any], wording: WordingSettings | None = None) -> CheckOptions:
    """Return the options of a job; `wording` is the language model of this machine, used where the job asked."""
    return CheckOptions(
        profile=data["profile"],
        waivers=tuple(Waiver(**{**item, "expires": _date(item["expires"])}) for item in data["waivers"]),
        baseline=frozenset(data["baseline"]),
        suggest=data["suggest"],
        today=_date(data["today"]),
        # Jobs of an earlier version do not have it.
        report_unused=data.get("report_unused", True),
        wording=wording if data["wording"] else None,
    )


def _waiver(item: Waiver) -> dict[str, Any]:
    return {
        "reason": item.reason,
        "author": item.author,
        "fingerprint": item.fingerprint,
        "rule": item.rule,
        "project": item.project,
        "name": item.name,
        "expires": None if item.expires is None else item.expires.isoformat(),
    }


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
