"""Suggestions in words: changes, blanks to fill, how far they may be taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.records.document import Document
from models.records.finding import Edit, RowCells, Suggestion
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


_SHOWN: Final = 8
"""Changes of one suggestion that a line of text can hold."""


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
        """The suggestion on one line, for cells, letters and plain text; of many changes the first ones.

        All of them stand in the page and in JSON: 51 rows on one line fill pages of a letter.
        """
        parts = [self.title, *(edit_words(edit) for edit in self.edits[:_SHOWN])]
        if len(self.edits) > _SHOWN:
            parts.append(f"另有 {len(self.edits) - _SHOWN} 处修改，见网页报告")
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
    """Say a suggestion in words; its blanks stand in the new texts as 〔待填：…〕."""
    return SuggestionView(
        title=sentence(suggestion.title),
        rationale=sentence(suggestion.rationale),
        edits=tuple(edit_view(document, edit) for edit in suggestion.edits),
        slots=tuple(one_line(slot.mark) for slot in suggestion.slots),
        applicability=APPLICABILITY[suggestion.applicability.value],
        verified=suggestion.verification == "verified",
    )


def edit_view(document: Document, edit: Edit) -> EditView:
    """Say one edit in words."""
    ref = paths.parse(edit.path)
    is_row = ref.part == "rows" and not ref.field
    adds = is_row and edit.old is None and edit.new is not None
    return EditView(
        place="绩效指标" if adds else paths.what(document, ref),
        old=_words(edit.old),
        new=_words(edit.new),
        removes=edit.new is None,
        adds=adds,
        row=is_row,
    )


def _words(text: str | RowCells | None) -> str:
    """A row in words; any other text as it is."""
    if not isinstance(text, tuple):
        return safe_text(text or "")
    return "，".join(
        f"{FIELD_LABELS[field]}：{one_line(safe_text(cell))}"
        for field, cell in text
        if cell and field in FIELD_LABELS
    )
