"""The report as one self-contained page: no script, no external resource, everything escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from service.export.base import FINAL_WORD, UNCHECKED, safe_text
from service.export.marks import marked_table
from service.export.suggestions import edit_words
from service.export.view import QUESTIONS, SCORE_NOTE, ReportView

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["safe_text"] = safe_text
    environment.filters["edit_words"] = edit_words
    return environment


def html_report(view: ReportView) -> str:
    """Return the page."""
    from markupsafe import Markup

    sections = [(group, marked_table(view, group)) for group in view.projects]
    template = _environment().get_template("report.html.j2")
    return template.render(
        view=view,
        sections=sections,
        # The style sheet is our own file; quotes in it must not be escaped.
        css=Markup((_FOLDER / "report.css").read_text(encoding="utf-8")),
        questions=QUESTIONS,
        score_note=SCORE_NOTE,
        final_word=FINAL_WORD,
        unchecked=UNCHECKED,
    )
