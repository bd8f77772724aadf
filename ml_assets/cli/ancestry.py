"""An ancestry as a tree for people, and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ml_assets.ledger.index.nodes import Kind
from ml_assets.ledger.index.rows import Input, Landed, Source, StageRun
from ml_assets.ledger.index.why import Ancestry

FEW = 5
"""So many landed objects are named; more are counted."""
INDENT = "   "


def ancestry_json(found: Ancestry) -> dict[str, Any]:
    """Everything; runs and sources by id, as the runs' inputs name them in `node`.

    Landed objects are told once each, and named by the ids that sources have in `landed`.
    """
    return {
        "asked": found.start.said,
        "record": found.start.record,
        "start": [{"kind": node.kind, "node": node.id} for node in found.start.nodes],
        "runs": {str(key): asdict(run) for key, run in found.runs.items()},
        "sources": {
            str(key): {**vars(source), "landed": [each.id for each in source.landed]}
            for key, source in found.sources.items()
        },
        "landed": [object_json(each) for each in found.all_landed().values()],
    }


def object_json(each: Landed) -> dict[str, Any]:
    # Not asdict: it copies ten thousand of these value by value, for most of the command's time.
    return {**vars(each), "url": each.url}


def ancestry_lines(found: Ancestry, *, every: bool) -> Iterator[str]:
    """A tree; what two stages have in common is told once."""
    return _Tree(found, every=every).lines()


class _Tree:
    def __init__(self, found: Ancestry, *, every: bool) -> None:
        self.found = found
        self.every = every
        self._told: set[tuple[str, int]] = set()
        self._code_told: set[str] = set()

    def lines(self) -> Iterator[str]:
        yield self.found.start.said
        for node in self.found.start.nodes:
            if node.kind is Kind.STAGE_RUN:
                yield from self._run(self.found.runs[node.id], "")
            elif node.kind is Kind.SOURCE:
                yield from self._source(self.found.sources[node.id], "")
        yield from (f"{INDENT}{told_object(each)}" for each in self.found.landed)

    def _run(self, run: StageRun, indent: str) -> Iterator[str]:
        self._told.add((Kind.STAGE_RUN, run.id))
        yield f"{indent}stage {run.stage}  {told_span(run)}"
        inner = indent + INDENT
        yield f"{inner}command  {' && '.join(run.cmd)}"
        yield from (f"{inner}param    {name} = {value}" for name, value in told_params(run.params))
        yield f"{inner}commit   {told_commit(run)}"
        yield from self._code(run, inner)
        for each in run.inputs:
            if each.kind in (Kind.STAGE_RUN, Kind.SOURCE):
                yield from self._input(each, inner)
            elif each.kind != Kind.CODE:
                yield f"{inner}{each.kind}  {each.path}  {short(each.hash)}"

    def _code(self, run: StageRun, indent: str) -> Iterator[str]:
        """Each version of a file is named once: stages share most of their code."""
        declared = {each.path: each.hash for each in run.inputs if each.kind == Kind.CODE}
        reached = [(each.path, each.sha256) for each in run.code_files if each.path not in declared]
        lines = [f"code     {path}  md5 {short(md5)}" for path, md5 in declared.items()]
        lines += [f"imports  {path}  sha256 {short(sha256 or 'unreadable')}" for path, sha256 in reached]
        yield from (indent + line for line in lines if self.every or line not in self._code_told)
        again = self._code_told.intersection(lines)
        if again and not self.every:
            yield f"{indent}code     {len(again)} files of the same versions as above"
        self._code_told.update(lines)

    def _input(self, each: Input, indent: str) -> Iterator[str]:
        assert each.node is not None  # noqa: S101 - those two kinds have one
        yield f"{indent}<- {each.path}  {short(each.hash)}"
        if (each.kind, each.node) in self._told:
            yield f"{indent}{INDENT}as above"
        elif each.kind == Kind.STAGE_RUN:
            yield from self._run(self.found.runs[each.node], indent + INDENT)
        else:
            yield from self._source(self.found.sources[each.node], indent + INDENT)

    def _source(self, source: Source, indent: str) -> Iterator[str]:
        self._told.add((Kind.SOURCE, source.id))
        by = "changed by hand, first seen in" if source.by_hand else "as left by"
        yield f"{indent}{source.file}  {short(source.hash)}  {by} record {source.record}"
        yield from (f"{indent}{INDENT}{line}" for line in told_objects(source.landed, every=self.every))


def told_objects(landed: Sequence[Landed], *, every: bool) -> Iterator[str]:
    """Each object where they are few, else how many there are of each folder."""
    if every or len(landed) <= FEW:
        yield from map(told_object, landed)
        return
    folders = Counter(each.url.rpartition("/")[0] for each in landed)
    sizes: Counter[str] = Counter()
    for each in landed:
        sizes[each.url.rpartition("/")[0]] += each.size
    for folder, count in sorted(folders.items()):
        records = [each.since for each in landed if each.url.rpartition("/")[0] == folder]
        yield (
            f"{folder}/  {count:,} objects, {sizes[folder]:,} bytes, "
            f"landed in records {min(records)} to {max(records)} (--all names them)"
        )


def told_object(each: Landed) -> str:
    version = f"version {each.version_id}, " if each.version_id else ""
    until = f", replaced or removed in record {each.until}" if each.until else ""
    return (
        f"{each.url}  {version}etag {each.etag}, sha256 {short(each.sha256)}, {each.size:,} bytes, "
        f"landed in record {each.since}{until}"
    )


def told_span(run: StageRun) -> str:
    until = "now" if run.until is None else f"record {run.until - 1}"
    return f"record {run.since} ({run.outcome or 'taken over'}, {run.time[:19].replace('T', ' ')}) to {until}"


def told_commit(run: StageRun) -> str:
    return f"{run.commit[:12]}{' with changes' if run.dirty else ''}" if run.commit else "none: not in Git"


def told_params(params: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """`file:key` and value, as DVC's lock has them."""
    return ((f"{file}:{key}", value) for file, values in params.items() for key, value in values.items())


def short(digest: str) -> str:
    return digest if len(digest) <= 16 else f"{digest[:12]}{'.dir' if digest.endswith('.dir') else ''}"  # noqa: PLR2004
