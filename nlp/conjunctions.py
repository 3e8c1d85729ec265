"""Two measures in one name: where to split, and only where both halves are measures of their own."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from nlp.lexicon import bare, ending, head, words
from nlp.measures import is_rate, is_satisfaction, is_yes_no
from nlp.phrases import words_of_kind

_SEPARATOR: Final = re.compile(r"以及|及其|[、,;/和及与暨]")
# Words in which 及, 和, 与 join nothing. They are masked before separators are looked for.
_NOT_CONJUNCTION: Final = re.compile(
    r"及时|普及|涉及|及格|危及|波及|埃及|顾及|触及|提及|惠及|遍及|及第|料及|论及|推及"
    r"|和谐|和平|和解|和睦|和美|和气|和善|调和|缓和|饱和|总和|中和|温和|共和|呼和|颐和|和田|和县|祥和|柔和|谦和|和林|和龙|和静|义和|太和|泰和|仁和|政和|平和"
    r"|参与|与会|赠与|给与|授与|与时俱进|与否|与共"
)
_MASKED: Final = re.compile(
    r"\([^()]*\)|\"[^\"]*\"|《[^》]*》|“[^”]*”|'[^']*'|[^\s]/[人户天月年次亩个件套台吨米份]"
)
_STEMS: Final = "准确|及时|完整|合格|完好|规范|真实|准时|正确|达标|精准|完备|齐全|知晓|满意|覆盖|普及|参与"
_SHARED: Final = re.compile(
    rf"(?P<subject>.*?)(?P<first>{_STEMS})(?P<rest>(?:(?:以及|[、,和及与])(?:{_STEMS}))+)(?P<suffix>率|性|度)"
)
_QUALITY_ENDING: Final = re.compile(rf"(?:{_STEMS})性$")
# A comma between two outcomes joins two goals; a means before an outcome (加强宣传，提高知晓率) is one.
_OUTCOME: Final = re.compile(
    r"(?:提高|提升|增加|促进|实现|降低|减少|改善|扩大|维护|保障|带动|增强|显著改善|有效改善|打造|推动|巩固|缓解|防止|确保|优化)"
)


@lru_cache(maxsize=16384)
def double_barrelled(name: str) -> tuple[str, str] | None:
    """Return the two measures that one name holds, or None.

    Both halves carry a measure of their own (知晓率和满意度), share its ending (信息准确、及时率), or are two
    goals side by side (增加就业机会，提高农民收入).
    """
    text = head(name)
    if len(text) < 4 or len(text) > 120 or is_yes_no(name):
        return None
    shared = _SHARED.fullmatch(text)
    if shared is not None:
        stems = re.findall(_STEMS, shared["rest"])
        suffix, subject = shared["suffix"], shared["subject"]
        second = "、".join(f"{subject}{stem}{suffix}" for stem in stems)
        return f"{subject}{shared['first']}{suffix}", second
    masked = _mask(text)
    for match in _SEPARATOR.finditer(masked):
        left, right = text[: match.start()], text[match.end() :]
        if len(left) < 2 or len(right) < 2:
            continue
        if _both_measured(left, right):
            return left, right
        if match[0] in ",;" and _two_goals(left, right, masked[match.end() :]):
            return left, right
    return None


def _mask(text: str) -> str:
    for regex in (_MASKED, _NOT_CONJUNCTION):
        text = regex.sub(lambda found: "□" * len(found[0]), text)
    return text


def _both_measured(left: str, right: str) -> bool:
    first, second = _measure(left), _measure(right)
    if first is None or second is None:
        return False
    # 「人数、次数统计准确率」 is one rate over two things counted.
    return not (first == "count" and second != "count" and (len(left) < 4 or len(right) > 4))


def _measure(text: str) -> str | None:
    if is_satisfaction(text) and re.search(r"满意(?:度|率|程度)$", text):
        return "rate"
    if is_rate(text):
        return "rate"
    if _QUALITY_ENDING.search(text):
        return "rate"
    not_count = ending(text, words("count_nouns", "not_count"))
    if not_count is None and ending(text, words("count_nouns", "count")):
        return "count"
    if ending(bare(text), words("time_words", "deadline")):
        return "time"
    return None


def _two_goals(left: str, right: str, masked_right: str) -> bool:
    if len(left) < 4 or len(right) < 4 or re.search(r"[,;]", masked_right.rstrip(",;")):
        return False
    if _OUTCOME.match(left) is None:
        return False
    verb = re.match("|".join(sorted(words_of_kind("goal_verb"), key=len, reverse=True)), right)
    return verb is not None or _OUTCOME.match(right) is not None or _measure(right) is not None
