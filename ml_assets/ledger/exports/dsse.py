"""A statement in a DSSE envelope, signed with Ed25519, or plainly unsigned.

https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_assets.ledger.canonical import canonical_json
from ml_assets.ledger.errors import EnvelopeRefused, ExtraMissing, SigningKeyUnusable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TYPE = "application/vnd.in-toto+json"


def envelope(statement: dict[str, Any], *, key: Path | None) -> dict[str, Any]:
    """The envelope; without a `key` it has no signature, and says so in a field that DSSE does not know.

    Raises SigningKeyUnusable, ExtraMissing.
    """
    payload = canonical_json(statement)
    found: dict[str, Any] = {
        "payloadType": TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [],
    }
    if key is None:
        return {**found, "unsigned": "no ML_ASSETS_SIGNING_KEY was configured: this proves nothing"}
    private = _private(key)
    signature = private.sign(_encoded(payload))
    found["signatures"] = [
        {"keyid": _key_id(private.public_key()), "sig": base64.b64encode(signature).decode()}
    ]
    return found


def verified(file: Path, *, public: Path) -> dict[str, Any]:
    """The statement in the envelope `file`, when one of its signatures is by the key `public`.

    Raises EnvelopeRefused, SigningKeyUnusable, ExtraMissing.
    """
    try:
        found = json.loads(file.read_bytes())
        payload = base64.b64decode(found["payload"], validate=True)
        signatures = [base64.b64decode(each["sig"]) for each in found["signatures"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EnvelopeRefused(path=str(file), cause=f"it is no envelope ({error})") from error
    if not signatures:
        raise EnvelopeRefused(path=str(file), cause="it is unsigned")
    key = _public(public)
    if not any(_is_by(key, signature, payload) for signature in signatures):
        cause = f"no signature is by {_key_id(key)}, or it was changed after it was signed"
        raise EnvelopeRefused(path=str(file), cause=cause)
    statement: dict[str, Any] = json.loads(payload)
    return statement


def _encoded(payload: bytes) -> bytes:
    """The pre-authentication encoding: what is signed names the type of what it is."""
    return b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload)


def _is_by(key: Ed25519PublicKey, signature: bytes, payload: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, _encoded(payload))
    except InvalidSignature:
        return False
    return True


def _private(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = _loaded(path, lambda data: load_pem_private_key(data, password=None))
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyUnusable(path=str(path), cause=f"it is a {type(key).__name__}")
    return key


def _public(path: Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = _loaded(path, load_pem_public_key)
    if not isinstance(key, Ed25519PublicKey):
        raise SigningKeyUnusable(path=str(path), cause=f"it is a {type(key).__name__}")
    return key


def _loaded(path: Path, load: Any) -> Any:
    try:
        import cryptography  # noqa: F401 - an extra of ours
    except ImportError as error:
        raise ExtraMissing(what="Signatures", module="cryptography", extra="exports") from error
    try:
        return load(path.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise SigningKeyUnusable(path=str(path), cause=str(error)) from error


def _key_id(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
