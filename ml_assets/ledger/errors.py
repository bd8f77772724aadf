"""What can go wrong with the ledger: one class a cause, each naming the place and the remedy."""

from __future__ import annotations

from ml_assets.errors import ForeseenError


class LedgerError(ForeseenError):
    """Base of every error that the ledger raises on purpose."""


class LedgerUnreachable(LedgerError):
    """The place that holds the records did not answer, or refused us."""

    def __init__(self, *, url: str, doing: str, cause: str) -> None:
        self.url = url
        super().__init__(
            f"The ledger did not answer while {doing}: {cause}\n  at {url}\n"
            "Check `ledger` in [tool.ml_assets], the network and the AWS_* variables, then run it again: "
            "a record is appended whole or not at all, so that repeating is safe."
        )


class LedgerLocationUnknown(LedgerError):
    """The setting `ledger` is neither a folder nor a kind of address that we can open."""

    def __init__(self, *, url: str, cause: str) -> None:
        self.url = url
        super().__init__(
            f"The ledger cannot be opened: {cause}\n  at {url}\n"
            "Set `ledger` in [tool.ml_assets] to a folder, or to s3://bucket/prefix, gs://… or az://…"
        )


class PlainHttpRefused(LedgerError):
    """An endpoint without TLS was given that is not on this machine."""

    def __init__(self, *, endpoint: str) -> None:
        self.endpoint = endpoint
        super().__init__(
            "The ledger's endpoint speaks plain HTTP to another machine, and would show credentials to "
            f"the network.\n  AWS_ENDPOINT_URL={endpoint}\n"
            "Use https://, or set AWS_ALLOW_HTTP=true when that network is yours."
        )


class AppendContended(LedgerError):
    """Other writers won every attempt to append."""

    def __init__(self, *, url: str, attempts: int) -> None:
        self.url = url
        self.attempts = attempts
        super().__init__(
            f"Nothing was appended to the ledger: other writers were faster {attempts} times.\n  at {url}\n"
            "Run it again; when it repeats, look with `ml-assets log` at who writes so often."
        )


class RecordMissing(LedgerError):
    """A record was asked for that the ledger does not hold."""

    def __init__(self, *, number: int, where: str) -> None:
        self.number = number
        self.where = where
        super().__init__(
            f"The ledger has no record {number}.\n  at {where}\nList the records with `ml-assets log`."
        )


class RecordCorrupt(LedgerError):
    """A record's file is there and is not a record: torn, edited, or not ours."""

    def __init__(self, *, number: int, where: str, cause: str) -> None:
        self.number = number
        self.where = where
        self.cause = cause
        super().__init__(
            f"Record {number} of the ledger cannot be read: {cause}\n  at {where}\n"
            "Bring the file back from a backup or from the bucket's versions; records are never rewritten, "
            "so that any older copy is the right one."
        )


class CheckpointCorrupt(LedgerError):
    """A checkpoint is there and cannot be read, or holds other records than its shard."""

    def __init__(self, *, where: str, cause: str) -> None:
        self.where = where
        self.cause = cause
        super().__init__(
            f"A checkpoint of the ledger cannot be used: {cause}\n  at {where}\n"
            "It is only a copy of a thousand records: delete it, and it is written again."
        )


class RecordTooNew(LedgerError):
    """A record was written by a later version of ml_assets than this one."""

    def __init__(self, *, number: int, where: str, found: str, known: str) -> None:
        self.number = number
        self.where = where
        super().__init__(
            f"Record {number} of the ledger was written by a later version of ml_assets: it has {found}, and "
            f"this version knows {known}.\n  at {where}\nUpgrade ml_assets here, and run it again."
        )


class ChainBroken(LedgerError):
    """The records are not the ones that were appended: one was changed, removed or put in later."""

    def __init__(self, *, number: int, cause: str) -> None:
        self.number = number
        super().__init__(
            f"The ledger's chain is broken at record {number}: {cause}\n"
            f"Compare it with a backup (`ml-assets show {number}`) and put the original back; nothing after "
            f"record {number - 1} is proven until then."
        )


class GitUnreadable(LedgerError):
    """The project is in Git, and Git refuses to tell its state."""

    def __init__(self, *, root: str, cause: str) -> None:
        self.root = root
        super().__init__(
            f"Git did not tell the state of the code, which a record must name: {cause}\n  in {root}\n"
            "Install git, or, when the folder belongs to somebody else (a container's volume), run "
            f"`git config --global --add safe.directory {root}`."
        )


class NothingPinned(LedgerError):
    """Production is asked for, and no commit was pinned."""

    def __init__(self, *, ledger: str) -> None:
        super().__init__(
            f"Production works with a pinned commit, and the ledger names none.\n  at {ledger}\n"
            "Pin what is committed now with `ml-assets pin`, or another commit with `ml-assets pin COMMIT`."
        )


class NotEmpty(LedgerError):
    """A folder to rebuild in holds something already."""

    def __init__(self, *, folder: str) -> None:
        super().__init__(
            f"'{folder}' is not empty, and a rebuild proves something only where nothing was before. "
            "Name another folder with --into."
        )


class NoCommitRecorded(LedgerError):
    """A record was made outside of Git."""

    def __init__(self, *, number: int) -> None:
        self.number = number
        super().__init__(
            f"Record {number} names no Git commit: the project was in no repository when it ran, and its "
            f"code is lost. What it made is on the remote, under the hashes that `ml-assets show {number}` "
            "lists."
        )


class NoSuchRun(LedgerError):
    """Something is asked for that no run record names."""

    def __init__(self, *, asked: str, looked: str) -> None:
        super().__init__(
            f"No run record of the ledger goes by '{asked}' ({looked}). Name a record's number, the id of an "
            "MLflow run, or the hash of an output as `dvc.lock` has it; `ml-assets log` lists the records."
        )


class KeepUnknown(LedgerError):
    """What to keep is said in a way that we do not know."""

    def __init__(self, *, text: str) -> None:
        super().__init__(
            f"'{text}' says nothing about what to keep. Say `--keep last=30` (the newest 30 runs), "
            "`--keep days=90`, or `--keep all`; several add up."
        )


class NoRemoteToCollect(LedgerError):
    """Garbage is to be collected where there is no remote."""

    def __init__(self, *, root: str) -> None:
        super().__init__(
            f"'{root}' has no DVC remote to collect garbage on. `dvc remote add -d NAME URL` makes one; of "
            "the cache of this machine `dvc gc` takes care."
        )


class ExtraMissing(LedgerError):
    """A format needs a library that is not installed."""

    def __init__(self, *, what: str, module: str, extra: str) -> None:
        super().__init__(
            f"{what} need {module}, which is not installed: `pip install 'ml_assets[{extra}]'` brings it."
        )


class ExportRefused(LedgerError):
    """A server did not take what was exported."""

    def __init__(self, *, url: str, cause: str) -> None:
        from ml_assets.dvc.remotes import without_credentials

        super().__init__(
            f"The events were not taken by {without_credentials(url)}: {cause}\n"
            "Check the address (without /api/v1/lineage) and OPENLINEAGE_API_KEY, and send them again: their "
            "ids are the same each time."
        )


class SigningKeyUnusable(LedgerError):
    """The key to sign or to verify with is not one."""

    def __init__(self, *, path: str, cause: str) -> None:
        super().__init__(
            f"'{path}' is no Ed25519 key in PEM: {cause}\n"
            "`openssl genpkey -algorithm ed25519 -out key.pem` makes one, and "
            "`openssl pkey -in key.pem -pubout -out public.pem` its public half."
        )


class EnvelopeRefused(LedgerError):
    """A statement was not signed with this key, or changed since."""

    def __init__(self, *, path: str, cause: str) -> None:
        super().__init__(f"'{path}' does not prove anything: {cause}")
