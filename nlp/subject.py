"""What a project or an indicator is about, in the filer's own words: the topic of a project, who is served, what is counted."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from nlp.lexicon import alternation, bare, data, words
from nlp.measures import is_satisfaction, rate_word, respondent
from nlp.phrases import goal_phrase
from nlp.text import clean, normalise, strip_prefix

_LEAD: Final = re.compile(
    r"^(?:20\d\d年?度?|[一二三四五六七八九十]+、|(?:本级|本年度?|年度|全年|全县|全市|全区|全省))+"
)
_SHARE: Final = re.compile(r"(?:中央|省级|市级|县级|区级|本级)(?:财政)?(?:配套|承担|分担|补助)(?:部分|资金)?")
"""Who pays which share says nothing of the matter."""
_YEAR: Final = re.compile(r"20\d\d(?:-20\d\d)?年度?")
_BRACKETS: Final = re.compile(r"[(（\[【〔][^()（）\[\]【】〔〕]{0,40}[)）\]】〕]")
_EDGE: Final = re.compile(r"^[\]\s、.．,，:：]+|[\s、.．,，;；。:：]+$")
_HEADS: Final = re.compile(r"(?P<who>[\u4e00-\u9fff]{1,10}?)(?:总)?(?P<unit>人次|人数|户数|家数|人|户)$")
_COUNT_TAIL: Final = re.compile(
    r"(?:总)?(?:数量|(?:[个人户家件起份张册次期套台座条篇处辆顶床头只株棵盆盏块根吨项批所间支])数|场次|批次|人次|里程|面积|长度|规模|数)$"
)
_TREND: Final = re.compile(
    r"(?:提升|提高|增强|改善|降低|下降|增长|增加|减少|完善|健全|得到|有所|明显|持续|进一步|情况|程度|水平|能力|效果|作用|工作)+$"
)
_RATE_TAIL: Final = re.compile(r"(?:(?<!效)率|比例|占比|比率)$")
_LEAST: Final = 2
_BODIES: Final = (
    "企业", "单位", "机构", "部门", "户", "家庭", "学校", "医院", "村", "社区", "公司", "主体", "商家", "门店", "组织", "部队",
)  # fmt: skip
_PAID: Final = re.compile(r"(?:补助|补贴|资金|工资|待遇|优待金)?(?:发放|领取|享受|培训|受益)?$")
_IN_TIME: Final = re.compile(
    r"(?:严格)?(?:按照?|依照|依据)[^,，;；、]{0,8}?(?:时间节点|时间要求|规定时间|时间|时限|期限|节点|进度)(?:要求)?|(?:按时|及时|按期|准时|如期|按月|按季|按年)"
)
_DO: Final = re.compile(
    r"(?P<verb>完成|缴纳|发放|支付|拨付|上报|报送|提交|交付|兑付|办理|安装|验收)(?P<thing>[^,，;；、]+)"
)


@lru_cache(maxsize=4096)
def topic(project_name: str) -> str:
    """Return what the project is about without money words and year (劳务派遣人员经费 → 劳务派遣人员), "" for nothing."""
    text = _EDGE.sub("", _BRACKETS.sub("", clean(strip_prefix(project_name))))
    text = _SHARE.sub("", _YEAR.sub("", _LEAD.sub("", text)))
    if _only_tails().fullmatch(text) is not None:
        return ""
    return _without(text, _tails("title_tails")) or text


@lru_cache(maxsize=4096)
def matter(project_name: str) -> str:
    """Return the policy or business itself: the topic without action words (见义勇为奖励慰问 → 见义勇为)."""
    text = topic(project_name)
    shorter = _without(text, _tails("action_tails"))
    return shorter if len(shorter) >= 3 else text


@lru_cache(maxsize=16384)
def measured(name: str) -> str:
    """Return the object of an indicator name: without measure, counting word, goal verb and trend (设备故障率 → 设备)."""
    text = bare(strip_prefix(name))
    verb = goal_phrase(name)
    if verb is not None and text.startswith(verb):
        text = text[len(verb) :]
    word = rate_word(name)
    if word is not None and text.endswith(word):
        text = text[: -len(word)]
    elif _COUNT_TAIL.search(text):
        text = _COUNT_TAIL.sub("", text)
    text = _RATE_TAIL.sub("", text)
    return _TREND.sub("", text) or text


@lru_cache(maxsize=16384)
def delivered(name: str) -> str:
    """Return what is delivered, without the verb in front (发放宣传明白纸 → 宣传明白纸)."""
    thing = measured(name)
    shorter = _verbs().sub("", thing, count=1)
    return shorter if len(shorter) >= _LEAST else thing


def delivering_verb(name: str) -> str | None:
    """Return the verb of delivery that a name starts with (采购折叠床 → 采购), None where there is none."""
    found = _verbs().match(name)
    return found[0] if found is not None else None


def cased(name: str, part: str) -> str:
    """Return a part of a name as it was filed: comparing folds letters, showing does not (led → LED)."""
    at = name.lower().find(part.lower())
    return name[at : at + len(part)] if at >= 0 else part


@lru_cache(maxsize=16384)
def deadline_name(name: str) -> str | None:
    """Return a name for the date by which something is done (按照时间节点缴纳保费 → 保费缴纳完成日期), None if unclear."""
    text = _IN_TIME.sub("", bare(strip_prefix(name)))
    found = _DO.fullmatch(text)
    if found is None:
        return None
    verb, thing = found["verb"], _EDGE.sub("", found["thing"]).removeprefix("的")
    if not _LEAST <= len(thing) <= 12:
        return None
    return f"{thing}完成日期" if verb == "完成" else f"{thing}{verb}完成日期"


@lru_cache(maxsize=4096)
def served(names: tuple[str, ...], purpose: str = "") -> str | None:
    """Return the group that a project serves, from its own row names (参保户数 → 参保户), None where none is named."""
    for name in names:
        if is_satisfaction(name):
            who = respondent(name)
            if who is not None:
                return who
    for name in names:
        found = _HEADS.search(bare(name))
        if found is not None and len(found["who"]) >= _LEAST and "受益" not in found["who"]:
            unit = "户" if found["unit"].startswith("户") else "家" if found["unit"].startswith("家") else ""
            who = _PAID.sub("", _verbs().sub("", found["who"], count=1))
            if len(who) >= _LEAST:
                return _people(who, unit)
    text = normalise(purpose)
    found_group = re.search(
        r"(?:为|向|给|对)(?:全[县市区省]|本[县市区])?([\u4e00-\u9fff]{2,8}?(?:户|人员|群众|居民|学生|企业|患者|老人|儿童|家庭))",
        text,
    )
    return found_group[1] if found_group is not None else None


def together(who: str, purpose: str) -> str:
    """Return a group with the one that the purpose names beside it (普查员、普查指导员 → 普查员和普查指导员)."""
    text, beside = normalise(purpose), r"(?P<other>[\u4e00-\u9fff]{1,6}?(?:人员|员|户|者))"
    found = re.search(rf"{re.escape(who)}[、和及与]{beside}", text) or re.search(
        rf"{beside}[、和及与]{re.escape(who)}", text
    )
    return f"{who}和{found['other']}" if found is not None and found["other"] != who else who


@lru_cache(maxsize=4096)
def tally_word(thing: str) -> str | None:
    """Return what a thing is counted by (奖补资料审核准确 → 份数), by the last counted noun in it; None if unknown."""
    best: tuple[int, str] | None = None
    for word, nouns in data("subject")["tally_words"].items():
        for noun in nouns:
            at = thing.rfind(noun)
            if at >= 0 and (best is None or at + len(noun) > best[0]):
                best = (at + len(noun), word)
    return best[1] if best is not None else None


def counted_as(who: str) -> str:
    """Return how respondents are counted (企业 → 企业数, 群众 → 群众人数, 参保户 → 参保户数)."""
    if who.endswith(_BODIES):
        return f"{who}数"
    return f"{who}数" if who.endswith("人") else f"{who}人数"


def _people(who: str, unit: str) -> str:
    if who.endswith(("人", "户", "员", "者", "民", "生", "师", "家", "属", "工", "童", "兵", "友", "对象")):
        return who
    return who + (unit or "人员")


def _without(text: str, tails: re.Pattern[str]) -> str:
    while True:
        shorter = _EDGE.sub("", tails.sub("", text))
        if shorter == text or len(shorter) < _LEAST:
            return text
        text = shorter


@cache
def _tails(key: str) -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(data('subject')[key]).pattern})$")


@cache
def _verbs() -> re.Pattern[str]:
    return re.compile(f"^(?:{alternation(data('subject')['delivering']).pattern})")


@cache
def _only_tails() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(data('subject')['title_tails']).pattern}|其[他它]|日常|综合|工作)+")


def is_generic(word: str) -> bool:
    """Whether any project could say the word."""
    return word in words("subject", "generic")
