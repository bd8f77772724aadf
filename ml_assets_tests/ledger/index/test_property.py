"""What `why` and `impact` say of random ledgers: the same, seen from both ends, and what the records say."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import given, settings

from ml_assets.ledger.index.by_code import by_code, by_commit
from ml_assets.ledger.index.catch_up import open_index
from ml_assets.ledger.index.impact import Impact, impact
from ml_assets.ledger.index.nodes import Kind, Node, Start
from ml_assets.ledger.index.resolve import WHY, asked, resolve
from ml_assets.ledger.index.why import Ancestry, why
from ml_assets_tests.ledger.index.oracle import Generation, Made, Oracle
from ml_assets_tests.ledger.index.worlds import World, append_all, worlds

STAGES_OUT = {f"s{number}": f"out{number}" for number in range(4)}


def versions(found: Ancestry | Impact) -> set[Made]:
    runs = found.runs.values() if isinstance(found, Ancestry) else found.runs
    return {(run.stage, run.since) for run in runs}


def code_in(found: Ancestry) -> set[str]:
    leaves = (each for run in found.runs.values() for each in run.inputs if each.kind == Kind.CODE)
    return {each.path for run in found.runs.values() for each in run.code_files} | {x.path for x in leaves}


def landed_ids(connection: sqlite3.Connection) -> dict[int, Generation]:
    return {row["id"]: (row["path"], row["since"]) for row in connection.execute("SELECT * FROM landed")}


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_why_is_what_the_records_say_and_impact_is_the_same_from_the_other_end(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ledger, records = append_all(world.drafts)
        oracle = Oracle(records)
        of_landed: dict[Generation, set[Made]] = defaultdict(set)
        of_code: dict[str, set[Made]] = defaultdict(set)
        of_version: dict[Made, set[Made]] = defaultdict(set)
        with open_index(ledger, root=root).reading() as connection:
            for stage, number in oracle.versions():
                question = asked(f"{STAGES_OUT[stage]}@{number}", root=root, here=root)
                found = why(connection, resolve(connection, question, WHY))
                landed = {(each.path, each.since) for each in found.all_landed().values()}
                assert (versions(found), landed, code_in(found)) == oracle.ancestors(stage, number)
                made = (stage, oracle.began(stage, number))
                for each in landed:
                    of_landed[each].add(made)
                for path in code_in(found):
                    of_code[path].add(made)
                for above in versions(found):
                    of_version[above].add(made)
            for id_, generation in landed_ids(connection).items():
                start = Start((Node(Kind.LANDED, id_),), "")
                assert versions(impact(connection, start)) == of_landed[generation]
            for path, expected in of_code.items():
                question = asked(path, root=root, here=root)
                assert (start_of_code := by_code(connection, question)) is not None
                assert versions(impact(connection, start_of_code)) == expected
            for row in connection.execute("SELECT id, stage, since FROM span").fetchall():
                start = Start((Node(Kind.STAGE_RUN, row["id"]),), "")
                assert versions(impact(connection, start)) == of_version[row["stage"], row["since"]]


@settings(max_examples=50, deadline=None)
@given(worlds())
def test_what_began_with_a_commit_is_downstream_of_it_and_nothing_else_is(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ledger, records = append_all(world.drafts)
        oracle = Oracle(records)
        began_with = {each.number: each.git.commit for each in records if each.git}
        expected: dict[str, set[Made]] = defaultdict(set)
        for stage, number in oracle.versions():
            for _, since in oracle.ancestors(stage, number)[0]:
                expected[began_with[since]].add((stage, oracle.began(stage, number)))
        with open_index(ledger, root=root).reading() as connection:
            for commit in {each.git.commit for each in records if each.git}:
                start = by_commit(connection, asked(commit[:12], root=root, here=root))
                assert start is not None
                assert versions(impact(connection, start)) == expected[commit]
