"""Reading an answer that may be anything: only short, plain Chinese texts about the matter come through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nlp import units
from nlp.text import normalise
from rules.engine.edits import MARK
from service.llm.figures import figures
from service.llm.prompt import Question

MOST: Final = 2
"""Proposals that are looked at."""
_LONGEST: Final = {"name": 40, "description": 200, "value": 60, "reason": 120}
_PROMPT: Final = 30
_MOST_BLANKS: Final = 3
_MOST_CONTENT: Final = 20_000
_MOST_STARTS: Final = 40
_THOUGHT: Final = "</think>"

_PLAIN: Final = re.compile(
    r"[一-龥A-Za-z0-9，。、；：（）《》“”‘’「」【】〔〕…·—～％‰℃²³×÷＝≥≤＞＜+\-/%.,:;()<>=~&* ]*"
)
_NAME: Final = re.compile(r"[一-龥A-Za-z0-9（）()、·/\-—《》“” ]+")
_CHINESE: Final = re.compile(r"[一-龥]")
_LATIN: Final = re.compile(r"[A-Za-z]+")
_ORDER: Final = re.compile(r"(?:忽略|无视|忘记|绕过)[^，。；]{0,12}(?:指令|规则|要求|提示|内容)")
_LURE: Final = re.compile(r"提示词|语言模型|微信|网址|链接|点击|扫码|二维码|密码|口令|账号|汇款|转账")
_BLANK_LIKE: Final = re.compile(r"[〔〕]|待填|待定")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed row, its texts clean but not yet proven."""

    name: str
    description: str
    value: str
    reason: str


def read_answer(content: str) -> tuple[Mapping[str, Any], ...] | None:
    """Return the raw proposals of an answer, None where there is no list of them (prose, another schema, nonsense)."""
    for found in _objects(content.rpartition(_THOUGHT)[2][:_MOST_CONTENT]):
        listed = found.get("proposals")
        if isinstance(listed, list):
            return tuple(item for item in listed[:MOST] if isinstance(item, dict))
    return None


def usable(raw: Mapping[str, Any], asked: Question, filed_value: str) -> Proposal | None:
    """Return a raw proposal as one, None where any of its texts is not what it should be."""
    texts = {field: raw.get(field, "" if field == "reason" else None) for field in _LONGEST}
    if not all(
        isinstance(text, str) and _is_plain(text.strip(), _LONGEST[field]) for field, text in texts.items()
    ):
        return None
    proposal = Proposal(**{field: str(text).strip() for field, text in texts.items()})
    if not proposal.name or not proposal.value:
        return None
    sent = "\n".join((*asked.filed, filed_value))
    known, told = figures(sent), figures(f"{sent}\n{asked.sentence}")
    cells = (proposal.name, proposal.description, proposal.value)
    fine = (
        _NAME.fullmatch(MARK.sub("", proposal.name)) is not None
        and all(_in_words(text) for text in (proposal.name, proposal.description, proposal.reason) if text)
        and all(_about(text, sent) for text in (*cells, proposal.reason))
        and all(figures(text) <= known for text in cells)
        and figures(proposal.reason) <= told
        and _blanks_are_plain(cells)
        and not _BLANK_LIKE.search(proposal.reason)
        and _shares_a_word(proposal.name, sent)
    )
    return proposal if fine else None


def _objects(content: str) -> Iterator[dict[str, Any]]:
    """Yield every JSON object that begins somewhere in the text, fenced or between prose."""
    decoder = json.JSONDecoder()
    starts = (match.start() for match in re.finditer(r"\{", content))
    for _, start in zip(range(_MOST_STARTS), starts, strict=False):
        try:
            found, _ = decoder.raw_decode(content, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found


def _is_plain(text: str, longest: int) -> bool:
    """Whether a text is short and of characters that a table holds: no controls, no other scripts, no line breaks."""
    return len(text) <= longest and _PLAIN.fullmatch(text) is not None


def _in_words(text: str) -> bool:
    """Whether a text is Chinese, not some words of it in another language or mere signs."""
    chinese = len(_CHINESE.findall(text))
    return chinese >= 2 and 2 * chinese >= len(text.replace(" ", ""))


def _about(text: str, sent: str) -> bool:
    """Whether a text keeps to the matter: no orders, and no lures or latin words that were not filed."""
    if _ORDER.search(text):
        return False
    folded = sent.casefold()
    latin = (word for word in _LATIN.findall(text) if units.lookup(word) is None)
    return all(word.casefold() in folded for word in latin) and all(
        word in sent for word in _LURE.findall(text)
    )


def _blanks_are_plain(cells: tuple[str, ...]) -> bool:
    """Whether blanks are few, well-formed and ask for something in words."""
    prompts = [prompt for text in cells for prompt in MARK.findall(text)]
    return (
        len(prompts) <= _MOST_BLANKS
        and all(len(prompt) <= _PROMPT and _in_words(prompt) for prompt in prompts)
        and not any(_BLANK_LIKE.search(MARK.sub("", text)) for text in cells)
    )


def _shares_a_word(name: str, sent: str) -> bool:
    """Whether the name has two neighbouring characters in common with what was filed."""
    text, filed = normalise(MARK.sub("，", name)), normalise(sent)
    return any(_CHINESE.match(text[k]) and text[k : k + 2] in filed for k in range(len(text) - 1))
