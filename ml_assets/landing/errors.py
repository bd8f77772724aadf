"""What can go wrong on the way into raw: one class a cause, each naming the place and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ml_assets.errors import ForeseenError

# The models of records are loaded by who reads one.
if TYPE_CHECKING:
    from ml_assets.ledger.record import Refusal

RECONCILE = "ml-assets landing reconcile"
"""The command that makes raw what the newest record says."""


Service = Literal["S3", "SQS", "SNS", "EventBridge"]
_NEEDED = {
    "S3": "s3:ListBucket on the bucket and s3:GetObject on its objects",
    "SQS": "sqs:GetQueueUrl, sqs:GetQueueAttributes, sqs:ReceiveMessage and sqs:DeleteMessage on the queue",
}


class LandingError(ForeseenError):
    """Base of every error that the landing raises on purpose."""


class Rejected(LandingError):
    """One landed object may not become part of raw; `reason` goes with it into quarantine."""

    def __init__(self, reason: str, *, cause: Refusal = "name") -> None:
        self.reason, self.cause = reason, cause
        super().__init__(reason)


class ContractBroken(LandingError):
    """A file breaks a contract whose policy is `fail`."""

    def __init__(self, *, key: str, source: str, reason: str) -> None:
        self.key, self.source, self.reason = key, source, reason
        super().__init__(
            f"{key} breaks the contract of '{source}': {reason}\nNothing of its batch was committed, as the "
            "policy `fail` of that contract asks. Land a mended file under the same key, or correct the "
            "contract; once the batch is given up, `ml-assets landing ignore KEY` leaves the file out and "
            "`ml-assets landing retry` takes the others in."
        )


class SchemaUnreadable(LandingError):
    """The schema in force, a file in raw, was changed into something else."""

    def __init__(self, *, where: str, cause: str) -> None:
        self.where = where
        super().__init__(
            f"The schema in force cannot be read: {cause}\n  at {where}\n"
            f"It is written by intakes alone. Take the ledger's state with `{RECONCILE}`, then run again."
        )


class SchemaMoved(LandingError):
    """The schema in force is another than the one that the files were checked with."""

    def __init__(self, *, found: str | None) -> None:
        self.found = found
        super().__init__("The schema in force changed while files were checked; they are checked again.")


class PoisonMessage(LandingError):
    """A message of the queue tells nothing that we understand; it is kept, with `reason`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class QueueMissing(LandingError):
    """The queue does not exist where we asked, or its server lost it."""

    def __init__(self, *, queue: str, endpoint: str) -> None:
        self.queue = queue
        super().__init__(
            f"There is no queue '{queue}' at {endpoint}.\n"
            "Make it, and let the bucket tell it what lands, with `ml-assets landing setup`, or take "
            "`queue` out of [tool.ml_assets.landing]; meanwhile objects are found by listing alone."
        )


class QueueFailed(LandingError):
    """SQS answered with an error of another kind."""

    def __init__(self, *, doing: str, queue: str, cause: str) -> None:
        self.queue = queue
        super().__init__(
            f"{doing.capitalize()} failed ({cause}).\n  at {queue}\n"
            "Nothing is lost: messages stay until they are written down, and listing finds what they told of."
        )


class ManifestInvalid(LandingError):
    """A line of a manifest names no object of this landing."""

    def __init__(self, *, line: int, reason: str) -> None:
        self.line = line
        super().__init__(
            f"Line {line} of the manifest cannot be used: {reason}.\nNothing was changed. Each line is "
            'a key, its s3:// address, or JSON with a "key"; correct it and run again.'
        )


class SetupFailed(LandingError):
    """A part of the wiring from bucket to queue could not be looked at, or made."""

    def __init__(self, *, needs: str, where: str, cause: str) -> None:
        self.where = where
        super().__init__(
            f"{needs} failed ({cause}).\n  at {where}\n"
            "What was made before stays, and running it again goes on from there. A server that has no such "
            "service (MinIO, SeaweedFS) needs none: without `queue` objects are found by listing."
        )


class NotificationOverlaps(LandingError):
    """Somebody else is told of a part of the same events, and S3 tells one only."""

    def __init__(self, *, id_: str, destination: str) -> None:
        self.destination = destination
        super().__init__(
            f"The bucket tells another of these events already, and S3 allows one destination only.\n"
            f"  configuration '{id_}', to {destination}\n"
            "Let both hear through EventBridge, with `ml-assets landing setup --via eventbridge`; or remove "
            "the other one when nobody needs it any more."
        )


class BucketMissing(LandingError):
    """The bucket does not exist where we asked."""

    def __init__(self, *, bucket: str, endpoint: str) -> None:
        self.bucket = bucket
        super().__init__(
            f"There is no bucket '{bucket}' at {endpoint}.\n"
            "Correct `bucket` in [tool.ml_assets.landing], or make the bucket; for another S3 than Amazon's "
            "set AWS_ENDPOINT_URL."
        )


class AccessDenied(LandingError):
    """The credentials are missing, wrong, or not allowed to do this."""

    def __init__(
        self, *, doing: str, where: str, cause: str, service: Service = "S3", needs: str | None = None
    ) -> None:
        self.where = where
        super().__init__(
            f"{service} refused {doing} ({cause}).\n  at {where}\n"
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE) for "
            f"{needs or _NEEDED[service]}."
        )


class EndpointUnreachable(LandingError):
    """Nobody answers where S3, or SQS, should be."""

    def __init__(self, *, endpoint: str, cause: str, service: Service = "S3") -> None:
        self.endpoint = endpoint
        super().__init__(
            f"{service} does not answer at {endpoint} ({cause}).\n"
            "Check AWS_ENDPOINT_URL and the network; the embedded S3 is started by `make s3`."
        )


class StorageFailed(LandingError):
    """S3 answered with an error that is neither of the above."""

    def __init__(self, *, doing: str, where: str, cause: str) -> None:
        self.where = where
        super().__init__(
            f"{doing.capitalize()} failed ({cause}).\n  at {where}\n"
            "Nothing was committed, so that trying again is safe; look into the server's log if it repeats."
        )


class ContractsUnusable(LandingError):
    """The setting `contracts` names nothing that can check a file."""

    def __init__(self, *, contracts: str, cause: str) -> None:
        self.contracts = contracts
        super().__init__(
            f'The contracts of landed files cannot be loaded: {cause}\n  contracts = "{contracts}"\n'
            'It must be "module:NAME" in [tool.ml_assets.landing], where NAME is a mapping of folder names '
            "to contracts."
        )


class RawMovedBack(LandingError):
    """raw is what an older record says, most likely since Git checked out an older .dvc file."""

    def __init__(self, *, dvc_file: str, found: int | None, newest: int) -> None:
        self.found = found
        self.newest = newest
        what = f"is what record {found} says" if found else "is missing, while its folder holds files"
        super().__init__(
            f"{dvc_file} {what}, but the newest record of it is {newest}: landing on top would lose "
            f"what came between.\nTake the ledger's state with `{RECONCILE}`, then run again."
        )


class RawUnsaved(LandingError):
    """raw holds files that DVC does not have, which a checkout would destroy."""

    def __init__(self, *, folder: str, files: Sequence[str]) -> None:
        self.files = tuple(files)
        named = ", ".join(files[:3]) + (", …" if len(files) > 3 else "")  # noqa: PLR2004 - enough to see
        super().__init__(
            f"{folder} holds {len(files)} file(s) that were put there or changed by hand, unknown to DVC: "
            f"{named}.\nKeep them with `dvc add {folder}`, or drop them with `dvc checkout --force {folder}` "
            "(or delete them when the folder was never added), then run again."
        )


class DiskFull(LandingError):
    """The disk of the project has no room left."""

    def __init__(self, *, where: str, free: int) -> None:
        self.where = where
        super().__init__(
            f"No space left on the disk ({free // 2**20} MiB free).\n  at {where}\n"
            "Nothing was committed. Make room (`dvc gc` removes what nothing names any more) and run again."
        )


class LandingBusy(LandingError):
    """Another tick, or an intake by hand, is at work; there is one at a time."""

    def __init__(self, *, holder: str | None) -> None:
        self.holder = holder
        super().__init__(
            f"Another process looks after this landing now: {holder or 'it has not said who it is'}.\n"
            "Nothing is lost: it does the same work. Try again when it has ended."
        )


class JournalLocked(LandingError):
    """Somebody holds the journal's database for longer than anybody needs."""

    def __init__(self, *, place: str, waited: float) -> None:
        self.place = place
        super().__init__(
            f"The landing's journal has been locked for {waited:.0f} s.\n  at {place}\n"
            "End what holds it (a database browser, a backup; see `fuser`): the next tick goes on."
        )


class JournalUnusable(LandingError):
    """The journal is no database of ours, or cannot be reached."""

    def __init__(self, *, place: str, cause: str) -> None:
        self.place = place
        super().__init__(
            f"The landing's journal cannot be used: {cause}\n  at {place}\n"
            "A damaged file may be moved away: the journal is made again from the ledger and the bucket. "
            "For another database see `journal` in [tool.ml_assets.landing]."
        )


class IntakeContended(LandingError):
    """Other writers committed to the same raw each time that we were about to."""

    def __init__(self, *, attempts: int) -> None:
        self.attempts = attempts
        super().__init__(
            f"Nothing was taken in: others changed raw {attempts} times while we were at work.\n"
            "Run it again; when it repeats, see with `ml-assets log` who else lands into this ledger."
        )


class LandingGaveUp(LandingError):
    """The sensor has tried often enough; a person has to look."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The landing gave up: {reason}.\nNew objects are still taken in as they land. `max_attempts` "
            "and `backoff_seconds` in [tool.ml_assets.landing] say how often it is tried."
        )
