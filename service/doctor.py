"""What is installed, what optional parts are missing and how to get them."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from corpora.store import CorpusError, digests
from nlp.classify import ID as CLASS_MODEL
from nlp.classify import load as class_model
from rules.engine.profile import ProfileError, profile_names
from rules.engine.registry import RegistryError, all_rules
from service.doctor_service import lines as service_lines

_PACKAGES = (
    ("click", "命令行"),
    ("PyYAML", "配置与词表"),
    ("rapidfuzz", "模糊匹配"),
    ("cn2an", "中文数字"),
    ("lxml", "XML、HTML 读取"),
    ("python-docx", "Word 写出"),
    ("openpyxl", "Excel 写出"),
    ("pdfplumber", "PDF 读取"),
    ("Jinja2", "HTML 报告"),
    ("jieba", "分词"),
    ("numpy", "分类模型"),
    ("fastapi", "HTTP 服务"),
    ("uvicorn", "HTTP 服务"),
    ("SQLAlchemy", "数据库"),
    ("alembic", "数据库升级"),
    ("prometheus-client", "指标"),
    ("structlog", "日志"),
)
_EXTRAS = (
    ("rjieba", "分词提速，结果与 jieba 相同"),
    ("scikit-learn", "重新训练分类模型（biaochi train）"),
    ("psycopg", "使用 PostgreSQL"),
    ("joserfc", "统一身份认证的令牌"),
)
_FONTS = ("方正小标宋简体", "仿宋_GB2312", "楷体_GB2312", "黑体")


def lines() -> Iterator[str]:
    """Yield the report of the environment, one line each."""
    yield f"标尺 {version('biaochi')}　Python {platform.python_version()}　{platform.system()} {platform.machine()}"
    yield "必需部件："
    for package, purpose in _PACKAGES:
        try:
            yield f"  [有] {package} {version(package)}　{purpose}"
        except PackageNotFoundError:
            yield f"  [缺] {package}　{purpose}；请重新运行 make demo，或 pip install -r requirements.lock"
    yield "数据："
    try:
        yield f"  [有] 规则 {len(all_rules())} 条　配置 {'、'.join(profile_names())}　词表与体系 {len(digests())} 个文件"
        model = class_model()
        yield f"  [有] 分类模型 {CLASS_MODEL} 版本 {model.version}　sha256 {model.sha256[:12]}"
    except (CorpusError, ProfileError, RegistryError) as error:
        yield f"  [缺] {error}"
    yield "可选部件："
    from service.ingest.office import find_program

    office = find_program()
    if office:
        yield f"  [有] LibreOffice　{office}　读取 rtf、odt、ods、xlsb 和过旧的 doc、wps"
    else:
        yield "  [缺] LibreOffice　读取 rtf、odt、ods、xlsb 和过旧的 doc、wps 需要；Debian/Ubuntu：apt-get install libreoffice-writer-nogui libreoffice-calc-nogui"
    for package, purpose in _EXTRAS:
        try:
            yield f"  [有] {package} {version(package)}　{purpose}"
        except PackageNotFoundError:
            yield f"  [缺] {package}　{purpose}；pip install {package}"
    yield from _fonts()
    yield from service_lines()


def _fonts() -> Iterator[str]:
    tool = shutil.which("fc-list")
    if tool is None:
        yield "  [未查] 公文字体：本机没有 fc-list，请在打开意见书的电脑上确认"
        return
    listed = subprocess.run(
        [tool, ":", "family"], capture_output=True, text=True, timeout=30, check=False
    ).stdout
    missing = [font for font in _FONTS if font not in listed]
    if missing:
        yield f"  [缺] 公文字体：{'、'.join(missing)}；意见书在装有这些字体的电脑上打开时按公文格式显示，否则自动替换"
    else:
        yield "  [有] 公文字体"
