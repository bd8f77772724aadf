"""What may be true of the newest generation of a key."""

from __future__ import annotations

DISCOVERED = "discovered"
"""Seen, and in no batch yet."""
SEALED = "sealed"
"""In a batch that has not ended."""
COMMITTED = "committed"
QUARANTINED = "quarantined"
VANISHED = "vanished"
"""Gone before it could be read."""
GONE = "gone"
"""Deleted, and nothing is left to do about it."""
HELD = "held"
"""Tried often enough: waits for a person, or for a new generation."""
IGNORED = "ignored"
DOUBTFUL = "doubtful"
"""A record that no batch of this journal made named another generation: either may be the newer one."""

STATES = (DISCOVERED, SEALED, COMMITTED, QUARANTINED, VANISHED, GONE, HELD, IGNORED, DOUBTFUL)
