"""What can be wrong with a stage's inputs, one class a cause."""

from __future__ import annotations


class StageError(Exception):
    """The stage cannot do its work; the message says what, where and what to do."""


class ParamMissing(StageError):
    """params.yaml lacks a parameter that the stage reads."""


class ParamInvalid(StageError):
    """A parameter has a value with which the stage would give nonsense."""


class StrayFile(StageError):
    """A folder of days holds a file that is not named after a day."""


class StrayRows(StageError):
    """A day's file holds rows of another day."""


class NoDays(StageError):
    """A folder of days is missing or empty."""


class TooFewDays(StageError):
    """There are not enough days to train on some and evaluate on others."""


class LeakRefused(StageError):
    """A column would tell the model what is known only after departure."""


class UnknownColumn(StageError):
    """A feature was asked for that `processed` does not have, or not as a number."""


class OneOutcome(StageError):
    """All flights of a part had the same outcome, so that nothing can be learnt or measured."""


class DaysSeen(StageError):
    """The model was trained on days that it is to be evaluated on."""
