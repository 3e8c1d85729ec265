"""From a finding to drafts: asks the model, keeps what reads well, and leaves the proof to the engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from models.records.document import Cell
from models.records.finding import Applicability, Finding
from nlp import quantity as quantities
from nlp import units
from nlp.sameness import same
from rules.engine.context import RowContext, shorten
from rules.engine.draft import Blank, Draft
from rules.engine.edits import MARK, fill
from rules.engine.paths import split_path
from rules.rewriting.blanks import date_blank, number_blank, text_blank
from rules.rewriting.cells import row_edits
from service.llm.answers import Proposal, read_answer, usable
from service.llm.client import Client
from service.llm.prompt import question
from service.settings import WordingSettings

_TOUCHED: Final = frozenset({None, "name", "description", "value", "operator", "unit"})
"""Places of a finding that new texts for name, description and value could clear; None is the whole row."""
_SIGN: Final = re.compile(r"(>=|<=|[≥≤＞＜＝><=])\s*")
_SIGNS: Final = {">=": "≥", "<=": "≤", ">": "＞", "<": "＜", "=": "＝"}
_DATE: Final = re.compile("日期|年月日|年月$|时间$")
_RATIOS: Final = ("%", "‰")
_NOTE: Final = "由语言模型拟定，未经人工核对"


class Proposer:
    """Proposes drafts for one check. Nothing that the endpoint does gets out of it but drafts."""

    def __init__(self, settings: WordingSettings) -> None:
        self._client = Client(settings)

    def __call__(self, row: RowContext, finding: Finding) -> Iterator[Draft]:
        """Yield drafts for a finding about a row, none once the endpoint has failed or its time is spent."""
        if not self._client.open or split_path(finding.location.path).field not in _TOUCHED:
            return
        asked = question(row, finding)
        for raw in self._client.ask(asked.messages, read_answer) or ():
            proposal = usable(raw, asked, row.filed_value)
            draft = _draft(row, proposal) if proposal is not None else None
            if draft is not None:
                yield draft


def _draft(row: RowContext, proposal: Proposal) -> Draft | None:
    """Return the draft of a proposal, None where it changes nothing or touches the filed figure."""
    blanks = _blanks(row, proposal)
    cells = {"name": proposal.name, **_value_cells(row, proposal.value)}
    if proposal.description or not row.text("description"):
        cells["description"] = proposal.description
    edits = row_edits(row, cells)
    if not edits or not _keeps_the_figure(row, proposal, cells, blanks):
        return None
    name = shorten(row.text("name"))
    renamed = proposal.name != row.text("name")
    what = f"将「{name}」改为「{shorten(proposal.name)}」" if renamed else f"改写「{name}」"
    return Draft(
        title=f"{what}（语言模型拟定）",
        rationale="；".join(part for part in (proposal.reason.rstrip("。；"), _NOTE) if part),
        edits=edits,
        blanks=tuple(blanks.values()),
        applicability=Applicability.CONFIRM,
    )


def _blanks(row: RowContext, proposal: Proposal) -> dict[str, Blank]:
    """Return the blanks of a proposal by prompt: figures in the value cell, words elsewhere."""
    found = {
        prompt: text_blank(prompt, "业务台账")
        for prompt in MARK.findall(f"{proposal.name}\n{proposal.description}")
    }
    tail = MARK.split(proposal.value)[-1].strip()
    for prompt in MARK.findall(proposal.value):
        if _DATE.search(prompt):
            found[prompt] = replace(date_blank(row.project, ""), prompt=prompt)
        else:
            unit = next((sign for sign in _RATIOS if tail.startswith(sign)), "")
            found[prompt] = replace(number_blank("", unit=unit), prompt=prompt)
    return found


def _value_cells(row: RowContext, value: str) -> dict[str, str]:
    """Return the proposed value as the layout wants it; a column of which nothing is said keeps its text."""
    cells: dict[str, str] = {}
    figure = re.search(r"\d", MARK.sub("", value)) is not None
    sign = _SIGN.match(value)
    if sign is not None:
        written = _SIGNS.get(sign[1], sign[1])
        value = value[sign.end() :].strip()
        if row.has("operator"):
            cells["operator"] = written
        else:
            value = written + value
    if row.has("unit"):
        stem, unit = _split_unit(value)
        if unit:
            value, cells["unit"] = stem, unit
    if not figure and MARK.search(value) is None:
        cells |= {field: text for field, text in (("operator", "定性"), ("unit", "")) if row.has(field)}
    return {**cells, "value": value}


def _split_unit(value: str) -> tuple[str, str]:
    """Return a value without its unit, and the unit where the table of units knows it."""
    end = 0
    for match in re.finditer(rf"{MARK.pattern}|\d[\d.,]*", value):
        end = match.end()
    unit = value[end:].strip()
    return (value[:end], unit) if end and units.lookup(unit) is not None else (value, "")


def _keeps_the_figure(
    row: RowContext, proposal: Proposal, cells: dict[str, str], blanks: dict[str, Blank]
) -> bool:
    """Whether the filed figure and its unit stay. A blank may replace it only where another thing is measured.

    Stricter than the engine, which lets rules compute figures and change units; a model may do neither.
    """
    filed = row.quantity
    has_figure = filed.number is not None or filed.date is not None
    rest = MARK.sub("", proposal.value)
    if rest != proposal.value:
        return re.search(r"\d", rest) is None and not (has_figure and same(row.text("name"), proposal.name))
    probes = {prompt: blank.probe for prompt, blank in blanks.items()}
    texts = {split_path(edit.path).field: edit.new for edit in fill(row_edits(row, cells), probes)}
    changed = {field: Cell(str(texts[field])) for field in ("operator", "value", "unit") if field in texts}
    new = quantities.of_row(replace(row.row, **changed))  # type: ignore[arg-type]
    if not has_figure:
        return re.search(r"\d", rest) is None or new.kind != "text"
    return (
        (new.number, new.upper, new.date) == (filed.number, filed.upper, filed.date)
        and (filed.unit is None or new.unit == filed.unit)
        and (filed.amount_yuan is None or new.amount_yuan == filed.amount_yuan)
    )
