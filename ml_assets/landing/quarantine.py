"""Refused files, kept with the reason, so that somebody can look at them and land them again mended."""

from __future__ import annotations

import json
import re
import shutil
from hashlib import sha256
from pathlib import Path

from ml_assets.landing.fetch import Fetched


def quarantine(folder: Path, fetched: Fetched, reason: str) -> Path:
    """Move the file to `<folder>/<day that it was landed>/`, a `.reason.json` beside it; its new path.

    The name depends on the generation alone, so that an intake that is tried again makes no second copy.
    """
    kept = folder / f"{fetched.object.last_modified:%Y-%m-%d}" / _name(fetched)
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(fetched.staged, kept)
    kept.with_name(f"{kept.name}.reason.json").write_text(_explain(fetched, reason), encoding="utf-8")
    return kept


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
