"""What one record of the ledger says: values only, with one canonical form and one digest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    TypeAdapter,
    field_serializer,
)

from ml_assets.ledger.canonical import Plain, canonical_json, sha256_hex

SCHEMA = 1


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _utc_seconds(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(microsecond=0)


class Value(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        # The validators of drafts are made when one is drafted, not whenever a code location loads.
        defer_build=True,
    )


class GitState(Value):
    """The code that ran. `dirty_sha256` is None on a clean checkout; `patch` is None too when it is too large
    to keep or is not text, and then the digest still tells two states apart."""

    commit: str
    dirty_sha256: str | None = None
    patch: str | None = None
    untracked: tuple[str, ...] = ()
    """Files that Git neither has nor ignores: by name only, for such a file may hold a secret."""


class Environment(Value):
    """The interpreter, the digest of what is installed in it, and that of the project's lock files."""

    python: str
    digest: str
    lock: str | None = None


class DagsterRun(Value):
    run_id: str
    job: str


class Landed(Value):
    """An object whose bytes are now in raw, under `path` relative to raw's folder."""

    bucket: str
    key: str
    version_id: str | None = None
    etag: str
    size: int
    sha256: str
    path: str
    superseded: str | None = None
    """The ETag of the generation that this one replaced."""
    rows: int | None = None
    """How many rows it had as landed; None where nobody counted, for want of a contract."""
    rejected_rows: int = 0
    unknown_columns: tuple[str, ...] = ()
    """Columns that were taken out; they and the rejected rows are kept in the quarantine folder."""
    cleaned_sha256: str | None = None
    """Of the bytes in raw, where rows or columns were taken out: `sha256` is of the object as it landed."""

    @property
    def in_raw_sha256(self) -> str:
        return self.cleaned_sha256 or self.sha256


Refusal = Literal["name", "form", "columns", "rows"]
"""What was wrong: where it would go, that it is no whole file, its columns or their types, or its rows."""


class Quarantined(Value):
    """An object that was refused, and why; `cause` is None in records that are older than it."""

    bucket: str
    key: str
    version_id: str | None = None
    etag: str
    size: int
    reason: str
    cause: Refusal | None = None


class SchemaDrift(Value):
    """What an intake changed in the schema in force of one source: names of columns."""

    source: str
    new: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()


class GoneUpstream(Value):
    """A key that was `deleted` upstream, or a generation that `vanished` before it could be read.

    `removed` says that the file of a deleted one was taken out of raw, too.
    """

    bucket: str
    key: str
    version_id: str | None = None
    etag: str = ""
    size: int = 0
    how: Literal["deleted", "vanished"]
    removed: bool = False


class OutputRecord(Value):
    """One output of a stage as DVC recorded it; the md5 of a folder ends in `.dir`.

    `sha256` of a folder is that of its listing: a line `<sha256>  <path>` for each file, sorted by path, as
    `sha256sum` writes it. None where the bytes were not at hand, and for folders in older records.
    """

    path: str
    stage: str
    md5: str
    size: int
    sha256: str | None = None
    on_remote: bool = True
    """False for what is not pushed there: `push: false`, `cache: false`, a remote of its own, no remote."""


Outcome = Literal["ran", "restored", "unchanged"]


class StageCode(Value):
    """The code that a stage reaches by imports: one digest, and the files by path (their SHA-256 are in
    `code_files`)."""

    digest: str
    files: tuple[str, ...] = ()


class CheckOutcome(Value):
    """What an asset check said in this run; `asset` is the key as Dagster writes it, a/b."""

    asset: str
    check: str
    passed: bool
    blocking: bool = False
    severity: Literal["WARN", "ERROR"] = "ERROR"
    description: str | None = None


class Origin(Value):
    """Who made a record, where, with which code, environment and params."""

    actor: str
    host: str
    git: GitState | None = None
    environment: Environment
    dagster: DagsterRun | None = None
    params: dict[str, Plain] = Field(default_factory=dict)


class Draft(Origin):
    """A record that has no place in the chain yet."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    id: str = Field(default_factory=lambda: uuid4().hex)
    """Tells our own record from an equal one of another writer, when the answer to the put was lost."""
    kind: str
    time: Annotated[AwareDatetime, AfterValidator(_utc_seconds)] = Field(default_factory=now)
    dvc_files: dict[str, str] = Field(default_factory=dict)
    note: str | None = None
    redacted: tuple[str, ...] = ()
    """Where something was taken out that looked like a secret: names of fields and keys."""

    @field_serializer("time")
    def _iso(self, time: datetime) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ")

    def numbered(self, *, number: int, previous: str | None) -> AnyRecord:
        """This draft with its place in the chain."""
        fields = {**self.model_dump(), "number": number, "previous": previous}
        record = validate_record(fields)
        return record.model_copy(update={"checksum": checksum_of(record.model_dump(mode="json"))})


class Record(Draft):
    """A record in the chain: `number` counts from 1, `previous` is the digest of the record before."""

    number: int = Field(ge=1)
    previous: str | None
    checksum: str | None = None
    """SHA-256 of the canonical form without this field: of the newest record nothing else tells a flipped
    byte. None in records that are older than it."""
    _stored_digest: str | None = PrivateAttr(default=None)

    def canonical(self) -> bytes:
        return canonical_json(self.model_dump(mode="json"))

    @property
    def digest(self) -> str:
        """SHA-256 in hex of the record's bytes: what `sha256sum` says of its file."""
        return self._stored_digest or sha256_hex(self.canonical())


class IntakeDraft(Draft):
    """Objects of the landing zone became part of raw, or were refused."""

    kind: Literal["intake"] = "intake"
    landed: tuple[Landed, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    gone: tuple[GoneUpstream, ...] = ()
    batch: str | None = None
    """The batch of the landing that this is, in which nothing else will be done."""
    schema_fingerprint: str | None = None
    """Of the schema in force after it; None without contracts."""
    drift: tuple[SchemaDrift, ...] = ()
    dvc_lock: str | None = None


class IntakeRecord(IntakeDraft, Record):
    kind: Literal["intake"] = "intake"


class RunDraft(Draft):
    """Stages ran, or were found done. `stale` names the stages whose result is out of date."""

    kind: Literal["run"] = "run"
    parent: int | None = None
    """The run record whose state this one went on from; None where no record has that dvc.lock."""
    dvc_lock: str
    stages: dict[str, Outcome] = Field(default_factory=dict)
    stale: tuple[str, ...] = ()
    code: dict[str, StageCode] = Field(default_factory=dict)
    code_files: dict[str, str | None] = Field(default_factory=dict)
    checks: tuple[CheckOutcome, ...] = ()
    outputs: tuple[OutputRecord, ...] = ()
    metrics: dict[str, Plain] = Field(default_factory=dict)
    small_outputs: dict[str, str] = Field(default_factory=dict)


class RunRecord(RunDraft, Record):
    kind: Literal["run"] = "run"


class PinDraft(Draft):
    """Production's pin was moved: later runs use the code, the graph and the params of `commit`."""

    kind: Literal["pin"] = "pin"
    commit: str
    before: str | None = None


class PinRecord(PinDraft, Record):
    kind: Literal["pin"] = "pin"


class GcDraft(Draft):
    """Objects on `remote` are about to be deleted: some of what the records in `given_up` name.

    It comes before the first deletion, so that whoever pushes meanwhile can know of it.
    """

    kind: Literal["gc"] = "gc"
    remote: str
    keep: tuple[str, ...]
    given_up: tuple[tuple[int, int], ...] = ()
    """First and last number of each run of records."""
    objects: int
    size: int


class GcRecord(GcDraft, Record):
    kind: Literal["gc"] = "gc"


AnyRecord = IntakeRecord | RunRecord | PinRecord | GcRecord
KINDS: dict[str, type[AnyRecord]] = {
    "intake": IntakeRecord,
    "run": RunRecord,
    "pin": PinRecord,
    "gc": GcRecord,
}
_ADAPTER: TypeAdapter[AnyRecord] = TypeAdapter(Annotated[AnyRecord, Field(discriminator="kind")])


def validate_record(fields: Mapping[str, Any]) -> AnyRecord:
    """Raises pydantic.ValidationError."""
    return _ADAPTER.validate_python(fields)


def checksum_of(fields: Mapping[str, Any]) -> str:
    """What `checksum` must be in a record with these fields."""
    return sha256_hex(canonical_json({name: value for name, value in fields.items() if name != "checksum"}))
