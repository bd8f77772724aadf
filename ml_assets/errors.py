"""The base of every room's errors."""


class ForeseenError(Exception):
    """A failure that is told in words: what happened, where, and what to do."""
