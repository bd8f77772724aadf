"""What a sighting means beside what was known of its key: a pure function, and the heart of exactly once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ml_assets.landing.journal.states import DOUBTFUL, VANISHED
from ml_assets.landing.objects import DeletedObject, LandedObject, Sighting


class Meaning(Enum):
    """NEWS: a generation that is newer than what is known. SAME: known. OLDER: overtaken by what is known.

    ASK: it differs, and nothing tells which of both is newer; only the bucket can.
    """

    NEWS = "news"
    SAME = "same"
    OLDER = "older"
    ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The generation of a key that the journal holds; `seq` counts observations."""

    etag: str
    size: int
    sequencer: str | None
    deleted: bool
    state: str
    seq: int


def meaning(known: Known | None, seen: Sighting, *, asked_at: int | None) -> Meaning:
    """What `seen` is beside `known` (None: a key never seen).

    Args:
        asked_at: for what the bucket itself answered (a listing, a HEAD): the `seq` of the newest observation
            when it was asked. S3 answers with nothing older than that. None for an event, which may be as old
            as it likes.
    """
    if known is None:
        # A deletion is remembered for the sake of the event of the creation, which may come after it.
        return Meaning.NEWS if isinstance(seen, LandedObject) or seen.sequencer else Meaning.SAME
    if asked_at is not None and known.seq > asked_at:
        # Observed while the answer was on its way: the next pass tells.
        return Meaning.OLDER
    if _is_same(known, seen) and (known.state != DOUBTFUL or asked_at is None):
        return Meaning.SAME
    if asked_at is not None:
        return Meaning.NEWS
    if known.sequencer and seen.sequencer:
        return Meaning.OLDER if is_older(seen.sequencer, known.sequencer) else Meaning.NEWS
    return Meaning.ASK


def is_older(sequencer: str, other: str) -> bool:
    """Whether `sequencer` is of an earlier event of the same key.

    Hexadecimal numbers of different length, the shorter one to be filled with zeros on its right:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    width = max(len(sequencer), len(other))
    return sequencer.upper().ljust(width, "0") < other.upper().ljust(width, "0")


def _is_same(known: Known, seen: Sighting) -> bool:
    if isinstance(seen, DeletedObject):
        return known.deleted
    # One that could not be read any more, and is there all the same, was put again.
    return (
        not known.deleted and known.state != VANISHED and (known.etag, known.size) == (seen.etag, seen.size)
    )
