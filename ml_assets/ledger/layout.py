"""Where a ledger keeps what: a thousand records a folder, so that the newest is found by looking at one."""

from __future__ import annotations

import re
from collections.abc import Iterable

RECORDS = "records"
CHECKPOINTS = "checkpoints"
ENVIRONMENTS = "environments"
SHARD = 1000
RARE_CACHE = "rare.json"
"""What `find_rare` remembers, in a project's private folder."""
_NAME = re.compile(r"\d{10}\.json")
_FOLDER = re.compile(r"\d{7}")


def record_path(number: int) -> str:
    return f"{shard_folder(shard_of(number))}/{record_name(number)}"


def record_name(number: int) -> str:
    return f"{number:010}.json"


def shard_of(number: int) -> int:
    return number // SHARD


def shard_folder(shard: int) -> str:
    return f"{RECORDS}/{shard:07}"


def checkpoint_path(shard: int) -> str:
    return f"{CHECKPOINTS}/{shard:07}.jsonl.gz"


def environment_path(digest: str) -> str:
    return f"{ENVIRONMENTS}/{digest}.txt"


def first_of(shard: int) -> int:
    """The first number in a shard: numbers start at 1."""
    return max(shard * SHARD, 1)


def last_of(shard: int) -> int:
    return (shard + 1) * SHARD - 1


def numbers_among(names: Iterable[str]) -> list[int]:
    """The numbers of the records among the `names` in a shard's folder, in order."""
    return sorted(int(name[:10]) for name in names if _NAME.fullmatch(name))


def shards_among(names: Iterable[str]) -> list[int]:
    return sorted(int(name) for name in names if _FOLDER.fullmatch(name))
