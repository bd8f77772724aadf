"""Refused files, kept with the reason, so that somebody can look at them and land them again mended."""

from __future__ import annotations

import json
import re
import shutil
from hashlib import sha256
from pathlib import Path

from ml_assets.landing.fetch import Fetched
from ml_assets.landing.rescue import Cleaned


def quarantine(folder: Path, fetched: Fetched, reason: str) -> Path:
    """Move the file to `<folder>/<day that it was landed>/`, a `.reason.json` beside it; its new path.

    The name depends on the generation alone, so that an intake that is tried again makes no second copy.
    """
    return _keep(fetched.staged, _place(folder, fetched), _explain(fetched, reason))


def keep_rejects(folder: Path, fetched: Fetched, cleaned: Cleaned) -> Path:
    """As `quarantine`, for what was taken out of a file whose other rows become raw: JSON lines."""
    kept = _place(folder, fetched)
    return _keep(
        cleaned.rejects, kept.with_name(f"{kept.name}.rejects.jsonl"), _explain(fetched, cleaned.reason)
    )


def _keep(file: Path, kept: Path, explained: str) -> Path:
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(file, kept)
    kept.with_name(f"{kept.name}.reason.json").write_text(explained, encoding="utf-8")
    return kept


def _place(folder: Path, fetched: Fetched) -> Path:
    return folder / f"{fetched.object.last_modified:%Y-%m-%d}" / _name(fetched)


def _name(fetched: Fetched) -> str:
    # A key may be refused for being an unsafe name: only what is harmless of it is shown.
    last = re.sub(r"[^\w.-]+", "_", fetched.object.key.rpartition("/")[2], flags=re.ASCII)[-80:]
    generation = "\0".join(map(str, fetched.object.identity))
    return f"{sha256(generation.encode()).hexdigest()[:16]}-{last}"


def _explain(fetched: Fetched, reason: str) -> str:
    landed = fetched.object
    facts = {
        "bucket": landed.bucket,
        "key": landed.key,
        "version_id": fetched.version_id,
        "etag": landed.etag,
        "size": landed.size,
        "sha256": fetched.sha256,
        "reason": reason,
    }
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
