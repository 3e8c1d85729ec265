"""The trained weights: `weights.npz` and `meta.json`, loaded without pickle and checked by hash."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from corpora.store import CorpusError
from nlp.scheme import CATEGORIES

ID: Final = "indicator-class"
FORMAT: Final = 1
HEADS: Final = (*CATEGORIES, "management", "vague")
"""Columns of the weights: one per class, then the two flags."""
FOLDER: Final = Path(__file__).resolve().parents[2] / "models" / "artifacts" / ID
WEIGHTS: Final = "weights.npz"
META: Final = "meta.json"
EXEMPLARS: Final = "exemplars.tsv"
TOPICS: Final = "topics.tsv"
_BROKEN: Final = "分类模型文件缺失或损坏（models/artifacts/indicator-class），请重新安装标尺，或运行 biaochi train 重新训练"

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Artifact:
    """Weights of the classifier. Rows of `weights` are features, columns are HEADS."""

    vocabulary: Mapping[str, int]
    weights: Floats
    """Shape (features, heads): coefficient times inverse document frequency."""
    squares: Floats
    """Shape (features,): squared inverse document frequency, for the length of a row."""
    bias: Floats
    """Shape (heads,)."""
    calibration: Floats
    """Shape (knots, 3): raw probability → calibrated probability of the most likely class, of any other; all rising."""
    abstain_below: float
    version: str
    sha256: str
    """Over all four files, since findings rest on each; it names the model in reports."""


@cache
def load(folder: Path = FOLDER) -> Artifact:
    """Return the weights. Raises CorpusError when they are missing, damaged or of another format."""
    try:
        files = {name: (folder / name).read_bytes() for name in (META, WEIGHTS, EXEMPLARS, TOPICS)}
        raw = files[WEIGHTS]
        meta: dict[str, Any] = json.loads(files[META])
        if meta["format"] != FORMAT or hashlib.sha256(raw).hexdigest() != meta["weights_sha256"]:
            raise CorpusError(_BROKEN)
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            weights = arrays["weights"].astype(np.float32) * arrays["scale"][None, :]
            features = bytes(arrays["features"]).decode("utf-8").split("\n")
            artifact = Artifact(
                vocabulary={feature: i for i, feature in enumerate(features)},
                weights=weights,
                squares=arrays["squares"],
                bias=arrays["bias"],
                calibration=arrays["calibration"],
                abstain_below=float(meta["abstain_below"]),
                version=str(meta["version"]),
                sha256=hashlib.sha256(
                    b"".join(hashlib.sha256(data).digest() for data in files.values())
                ).hexdigest(),
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(_BROKEN) from error
    if artifact.weights.shape != (len(artifact.vocabulary), len(HEADS)):
        raise CorpusError(_BROKEN)
    return artifact


def save(
    folder: Path,
    *,
    features: list[str],
    weights: Floats,
    squares: Floats,
    bias: Floats,
    calibration: Floats,
    meta: Mapping[str, Any],
) -> None:
    """Write both files. Equal input gives equal bytes: no times, fixed order, stored as 16-bit steps per head."""
    scale = (np.abs(weights).max(axis=0) / 32000).astype(np.float32)
    arrays: dict[str, Any] = {
        "weights": np.round(weights / scale[None, :]).astype(np.int16),
        "scale": scale,
        "squares": squares,
        "bias": bias,
        "calibration": calibration,
        "features": np.frombuffer("\n".join(features).encode("utf-8"), dtype=np.uint8),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            # A fixed time stamp keeps the bytes equal from one training to the next.
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", (2020, 1, 1, 0, 0, 0)),
                buffer.getvalue(),
                zipfile.ZIP_DEFLATED,
                9,
            )
    raw = out.getvalue()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(raw)
    text = json.dumps(
        {**meta, "format": FORMAT, "heads": HEADS, "weights_sha256": hashlib.sha256(raw).hexdigest()},
        ensure_ascii=False,
        indent=1,
        sort_keys=True,
    )
    (folder / META).write_text(text + "\n", encoding="utf-8")
