"""Rewrites corpora/gold/*.yml from what the rules say now: `python -m tests.tools.update_gold`. Read the diff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from service import pipeline
from service.settings import Limits

ROOT = Path(__file__).resolve().parents[2]
GOLD = ROOT / "corpora" / "gold"
SAMPLES = ROOT / "corpora" / "samples"
LAYOUTS = ROOT / "tests" / "fixtures" / "layouts"


def findings_of(data: bytes, name: str) -> dict[str, Any]:
    """Return the findings of a file as comparable lines, and the scores."""
    report = pipeline.check_bytes(data, name=name, options=pipeline.CheckOptions(), limits=Limits())
    lines = []
    for item in report.findings:
        places = "、".join(loc.path for loc in item.related)
        fold = f" fold={item.fold.level}:{item.fold.hits}/{item.fold.eligible}" if item.fold else ""
        span = f" {list(item.location.span)}" if item.location.span else ""
        lines.append(
            f"{item.code} {item.name} {item.severity.value} {item.location.path}{span}{fold} {item.display.state}"
            + (f" ← {places}" if places else "")
        )
    scores = [f"{score.score} {score.grade} {score.conclusion}" for score in report.scores]
    return {"findings": lines, "scores": scores}


def main() -> None:
    """Rewrite every gold file."""
    sources = [path for path in sorted(SAMPLES.glob("sample.*")) if path.suffix in {".docx", ".xlsx"}]
    for path in [*sources, *sorted(LAYOUTS.glob("*.*"))]:
        body = {"source": path.relative_to(ROOT).as_posix(), **findings_of(path.read_bytes(), path.name)}
        text = yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=10_000)
        target = GOLD / f"{path.stem.replace('_', '-')}-{path.suffix[1:]}.yml"
        target.write_text(
            f"# 标准答案：由 python -m tests.tools.update_gold 生成，逐条人工看过。\n{text}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
