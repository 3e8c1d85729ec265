"""Suggestions in words: changes, blanks to fill, how far they may be taken."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from models.records.document import Document
from models.records.finding import Edit, Suggestion
from rules.engine.context import FIELD_LABELS
from service.export import paths
from service.export.base import one_line, safe_text, sentence

APPLICABILITY: Final = {"safe": "可直接采用", "confirm": "采用前请核实", "display": "仅供参考"}


@dataclass(frozen=True, slots=True)
class EditView:
    """One change in words: where, from what, to what."""

    place: str
    old: str
    new: str
    removes: bool = False
    adds: bool = False
    row: bool = False


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """A suggestion in words."""

    title: str
    rationale: str
    edits: tuple[EditView, ...]
    slots: tuple[str, ...]
    applicability: str
    verified: bool

    @property
    def open_slots(self) -> tuple[str, ...]:
        """Blanks that do not already stand in one of the changes."""
        return tuple(slot for slot in self.slots if not any(slot in edit.new for edit in self.edits))

    @property
    def text(self) -> str:
        """The whole suggestion on one line, for cells and plain text."""
        parts = [self.title, *(edit_words(edit) for edit in self.edits)]
        parts += self.open_slots
        return "；".join(part for part in parts if part) + f"（{self.applicability}）"


def edit_words(edit: EditView) -> str:
    """Say a change in words."""
    if edit.removes:
        return f"{edit.place}：删除该行" if edit.row else f"{edit.place}：删除「{edit.old}」"
    if edit.adds:
        return f"{edit.place}：新增「{edit.new}」"
    return f"{edit.place}：「{edit.old}」→「{edit.new}」"


def suggestion_view(document: Document, suggestion: Suggestion) -> SuggestionView:
    """Say a suggestion in words; its slots become 〔待填：…〕."""
    prompts = {slot.name: f"〔待填：{one_line(slot.prompt)}〕" for slot in suggestion.slots}
    return SuggestionView(
        title=sentence(suggestion.title),
        rationale=sentence(suggestion.rationale),
        edits=tuple(_edit(document, edit, prompts) for edit in suggestion.edits),
        slots=tuple(prompts.values()),
        applicability=APPLICABILITY[suggestion.applicability.value],
        verified=suggestion.verification == "verified",
    )


def _edit(document: Document, edit: Edit, prompts: dict[str, str]) -> EditView:
    ref = paths.parse(edit.path)
    is_row = ref.part == "rows" and not ref.field
    new = safe_text(edit.new or "")
    for name, words in prompts.items():
        new = new.replace("{" + name + "}", words)
    adds = is_row and edit.old is None and edit.new is not None
    if adds:
        new = _row_words(new)
    return EditView(
        place="绩效指标" if adds else paths.what(document, ref),
        old=_row_words(safe_text(edit.old or "")) if is_row else safe_text(edit.old or ""),
        new=new,
        removes=edit.new is None,
        adds=adds,
        row=is_row,
    )


def _row_words(text: str) -> str:
    """A row object in words; any other text as it is."""
    try:
        row = json.loads(text)
    except ValueError:
        return text
    if not isinstance(row, dict):
        return text
    parts: Iterable[tuple[str, object]] = ((label, row.get(key)) for key, label in FIELD_LABELS.items())
    return "，".join(f"{label}：{one_line(str(value))}" for label, value in parts if value) or text
