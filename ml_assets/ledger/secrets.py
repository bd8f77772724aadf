"""Takes out of a record what looks like a secret: a ledger is kept for ever, and read by many.

Known are values of the process's environment whose names say that they are secret, values under such names in
params, credentials in addresses, and the forms of well-known tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ml_assets.ledger.record import Draft

    OneDraft = TypeVar("OneDraft", bound=Draft)

REDACTED = "[redacted]"
SHORTEST = 12
"""Characters: a shorter value of the environment may be any word, and would be taken out of every text."""

SECRET_NAME = re.compile(
    r"(^|[_.-])(password|passwd|passphrase|pwd|secret|token|credentials?|(api|access|private|secret|account|signing)[_-]?key)$",
    re.IGNORECASE,
)
_SECRET_VARIABLE = re.compile(
    r"PASSW|SECRET|TOKEN|CREDENTIAL|(API|ACCESS|PRIVATE|ACCOUNT)[_-]?KEY$", re.IGNORECASE
)
_TOKENS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS access keys
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{22,}\b"
    r"|\bglpat-[\w-]{20,}"
    r"|\bhf_[A-Za-z0-9]{30,}\b"
    r"|\bxox[abpors]-[\w-]{10,}"
    r"|\bsk-(?:[a-z]+-)*[A-Za-z0-9]{20,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"  # JSON Web Tokens
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----"
)
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@:'\"]*:[^\s/@'\"]+(?=@)")
# `password: x` of YAML and JSON, `--password=x` of a command.
_NAME = (
    r"(?P<name>[\"']?[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|(?:api|access|private)[_-]?key)[\"']?"
)
_IN_TEXT = re.compile(
    _NAME + r"""[ \t]*[:=][ \t]*)(?P<value>"[^"\n]+"|'[^'\n]+'|[^\s"',}\]]+)""", re.IGNORECASE
)
_TEXTS = ("dvc_lock", "dvc_files", "small_outputs", "params", "metrics")
# Code is full of `token = …`; a secret in it is a literal.
_IN_CODE = re.compile(_NAME + r"""[ \t]*[:=][ \t]*)(?P<value>"[^"\n]{8,}"|'[^'\n]{8,}')""", re.IGNORECASE)
PATCH = "git.patch"
# What follows such a name and is none: numbers, truth values, references.
_HARMLESS = re.compile(r"[\"']?(?:-?[\d.]+|true|false|null|none|~|\$\{.*|\[redacted\])[\"']?", re.IGNORECASE)


def without_secrets(draft: OneDraft, environment: Mapping[str, str]) -> OneDraft:
    """The same draft, with what looks like a secret replaced and the places named in `redacted`."""
    known = _secret_values(environment)
    places: list[str] = []
    fields = draft.model_dump()
    clean = {name: _clean(value, name, known, places) for name, value in fields.items()}
    if not places:
        return draft
    clean["redacted"] = tuple(sorted({*draft.redacted, *places}))
    return type(draft).model_validate(clean)


def _secret_values(environment: Mapping[str, str]) -> re.Pattern[str] | None:
    values = {
        value
        for name, value in environment.items()
        if _SECRET_VARIABLE.search(name) and len(value) >= SHORTEST
    }
    longest_first = sorted(values, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if values else None


def _clean(value: Any, place: str, known: re.Pattern[str] | None, places: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            _clean_text(str(name), place, known, places): _clean_item(str(name), item, place, known, places)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(_clean(item, place, known, places) for item in value)
    return _clean_text(value, place, known, places) if isinstance(value, str) else value


def _clean_item(name: str, value: Any, place: str, known: re.Pattern[str] | None, places: list[str]) -> Any:
    inside = f"{place}.{name}"
    if isinstance(value, str) and (inside == PATCH or SECRET_NAME.search(name)):
        return _clean_patch(value, known, places) if inside == PATCH else _hidden(value, inside, places)
    return _clean(value, inside, known, places)


def _hidden(value: str, place: str, places: list[str]) -> str:
    if not value or _HARMLESS.fullmatch(value):
        return value
    places.append(place)
    return REDACTED


def _clean_patch(patch: str, known: re.Pattern[str] | None, places: list[str]) -> str | None:
    """The patch as it is, or None: one with a hole in it makes other code."""
    if not any(pattern.search(patch) for pattern in (*_patterns(known), _IN_CODE)):
        return patch
    places.append(PATCH)
    return None


def _clean_text(text: str, place: str, known: re.Pattern[str] | None, places: list[str]) -> str:
    clean = text
    for pattern in _patterns(known):
        clean = pattern.sub(REDACTED, clean)
    # Elsewhere are names of objects and files, which must stay what they are.
    if place.partition(".")[0] in _TEXTS:
        clean = _IN_TEXT.sub(_hide, clean)
    if clean != text:
        places.append(place)
    return clean


def _patterns(known: re.Pattern[str] | None) -> Iterator[re.Pattern[str]]:
    if known:
        yield known
    yield _TOKENS
    yield _IN_ADDRESS


def _hide(found: re.Match[str]) -> str:
    if _HARMLESS.fullmatch(found["value"]):
        return found[0]
    quote = found["value"][0] if found["value"][0] in "\"'" else ""
    return f"{found['name']}{quote}{REDACTED}{quote}"
