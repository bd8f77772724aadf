"""Verifies a ledger and what it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ml_assets.dvc.remote import transferring
from ml_assets.dvc.remotes import remote_url, without_credentials
from ml_assets.ledger.audit.chain_audit import ChainAudit
from ml_assets.ledger.audit.findings import Audit, Finding
from ml_assets.ledger.audit.named import all_named
from ml_assets.ledger.audit.object_audit import ObjectAudit
from ml_assets.ledger.store import Ledger


def verify(
    ledger: Ledger,
    *,
    root: Path,
    remote: str | None,
    deep: bool = False,
    progress: Callable[[str, int], None] = lambda *_: None,
) -> Audit:
    """Compare all records, checkpoints and environments with their digests, and look for all objects.

    Args:
        root: the DVC project whose remote holds the objects.
        remote: its name; None for the default one. Without any remote, records alone are verified.
        deep: read every object, and compare its bytes.
        progress: told what is looked at, and how many so far.

    Raises:
        LedgerUnreachable, RecordTooNew, TransferFailed: it could not be verified.
    """
    chain = ChainAudit(ledger, on_read=lambda number: progress("records", number))
    named = all_named(chain.records())
    objects: list[Finding] = []
    seen = 0
    url = remote_url(root, remote)
    if url is not None:
        from ml_assets.dvc._internals.remote_store import RemoteStore
        from ml_assets.dvc._internals.repo import open_repo

        with transferring("status -c", root, remote), open_repo(root) as repo:
            audit = ObjectAudit(
                RemoteStore(repo, remote),
                named,
                url=without_credentials(url).rstrip("/"),
                on_seen=lambda count: progress("objects", count),
            )
            if deep:
                audit.read_all()
            else:
                audit.present()
        objects, seen = audit.findings, audit.seen
    return Audit(
        findings=(*chain.findings, *objects),
        records=chain.newest.number if chain.newest else 0,
        objects=seen,
        deep=deep,
        unproven=chain.newest.digest if chain.newest else None,
    )
