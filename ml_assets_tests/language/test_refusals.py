"""What cannot be mapped is told in words that name the file, the stage and what to do."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from ml_assets.assets import build_dvc_asset_specs
from ml_assets.assets.errors import AssetKeyTaken, MetaInvalid
from ml_assets.dvc.errors import (
    DvcBridgeError,
    LockFileUnreadable,
    LockTooOld,
    ManifestFailed,
    MergeUnfinished,
    OutputOutside,
    SourceMissing,
    StageFailed,
    StageInDvcFile,
)
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.refusal import refusal
from ml_assets.dvc.resolve import answer
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.factories import run, write
from ml_assets_tests.language.comparison import start_repository
from ml_assets_tests.language.feature import Files
from ml_assets_tests.language.plain_dvc import PlainDvc

GOOD = "stages: {ok: {cmd: echo > ok.txt, outs: [ok.txt]}}\n"
LOCK = """\
schema: '2.0'
stages:
  ok:
    cmd: echo > ok.txt
    outs:
    - path: ok.txt
      hash: md5
      md5: 68b329da9893e34099c7d8ad5cb9c940
      size: 1
"""
CONFLICT = "<<<<<<< HEAD\n{}=======\n{}>>>>>>> other\n"


@dataclass(frozen=True)
class Refused:
    """Files that DVC refuses: the error's class and file, and what its text must say."""

    files: Files
    file: str | None
    says: tuple[str, ...]
    kind: type[ManifestFailed] = ManifestFailed


def stage(text: str) -> Files:
    return {"dvc.yaml": f"stages:\n  bad: {{{text}}}\n"}


REFUSED = {
    "a nested dvc.yaml that is no YAML": Refused(
        {"dvc.yaml": GOOD, "sub/dvc.yaml": "stages:\n  bad: [\n"}, "sub/dvc.yaml", ("line 3",)
    ),
    "a nested dvc.yaml with a wrong key": Refused(
        {"dvc.yaml": GOOD, "sub/deep/dvc.yaml": "stages:\n  bad:\n    cmdd: x\n"},
        "sub/deep/dvc.yaml",
        ("stages.bad.cmdd", "stages.bad.cmd"),
    ),
    "an unknown templating key": Refused(
        {"dvc.yaml": GOOD, "sub/dvc.yaml": "stages:\n  bad:\n    cmd: echo ${nope.x}\n"},
        "sub/dvc.yaml",
        ("stages.bad.cmd", "nope.x"),
    ),
    "a file of variables that is not there": Refused(
        {"dvc.yaml": f"vars: [nofile.yaml]\n{GOOD}"}, "dvc.yaml", ("'nofile.yaml' does not exist",)
    ),
    "foreach over a number": Refused(
        {"dvc.yaml": "vars: [{x: 1}]\nstages: {bad: {foreach: '${x}', do: {cmd: echo}}}\n"},
        "dvc.yaml",
        ("stages.bad.foreach",),
    ),
    "a stage twice": Refused(
        {"dvc.yaml": "stages:\n  bad: {cmd: echo}\n  bad: {cmd: ls}\n"}, "dvc.yaml", ('duplicate key "bad"',)
    ),
    "an empty command": Refused(stage("cmd: '', outs: [x]"), "dvc.yaml", ("'bad'", "empty `cmd`")),
    "an item with the sign of foreach": Refused(
        stage("foreach: ['x@y'], do: {cmd: echo}"), "dvc.yaml", ("bad@x@y",)
    ),
    "what DVC did not foresee": Refused(
        stage("cmd: echo, plots: [{p.json: [{x: a}, {y: b}]}]"), "dvc.yaml", ("p.json",)
    ),
    "a cycle": Refused(
        {"dvc.yaml": "stages: {a: {cmd: x, deps: [b], outs: [a]}, b: {cmd: x, deps: [a], outs: [b]}}\n"},
        None,
        ("dependency and an output in stages", "a", "b"),
    ),
    "one output of two stages": Refused(
        {
            "dvc.yaml": "stages: {a: {cmd: x, outs: [sub/x]}}\n",
            "sub/dvc.yaml": "stages: {b: {cmd: x, outs: [x]}}",
        },
        None,
        ("'sub/x'", "sub/dvc.yaml:b"),
    ),
    "overlapping outputs": Refused(
        {"dvc.yaml": "stages: {a: {cmd: x, outs: [d]}, b: {cmd: x, outs: [d/x]}}\n"},
        None,
        ("'d'('a')", "'b'"),
    ),
    "a broken .dvc file": Refused(
        {"dvc.yaml": GOOD, "data.csv.dvc": "outs:\n- md5: [\n"}, "data.csv.dvc", ("line 3",)
    ),
    "a broken configuration": Refused(
        {"dvc.yaml": GOOD, ".dvc/config": "[core\n"}, ".dvc/config", ("Invalid line",)
    ),
    "a merge in a .dvc file": Refused(
        {"dvc.yaml": GOOD, "data.csv.dvc": "outs:\n" + CONFLICT.format("- md5: a\n", "- md5: b\n")},
        "data.csv.dvc",
        ("git checkout --ours -- 'data.csv.dvc'",),
        MergeUnfinished,
    ),
    "a merge in dvc.lock": Refused(
        {"dvc.yaml": GOOD, "dvc.lock": LOCK + CONFLICT.format("", "")},
        "dvc.lock",
        ("git checkout --ours -- 'dvc.lock'", "run cache"),
        MergeUnfinished,
    ),
    "a dvc.lock of DVC 1": Refused(
        {"dvc.yaml": GOOD, "dvc.lock": "ok:\n  cmd: echo > ok.txt\n"},
        "dvc.lock",
        ("dvc commit -f",),
        LockTooOld,
    ),
    "a stage in a .dvc file": Refused(
        {"dvc.yaml": GOOD, "old.dvc": "cmd: echo > o.txt\nouts:\n- path: o.txt\n"},
        "old.dvc",
        ("dvc stage add",),
        StageInDvcFile,
    ),
}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, plain: PlainDvc) -> Path:
    """An empty repository, to be copied."""
    root = tmp_path_factory.mktemp("fresh") / "project"
    start_repository(root, plain)
    return root


def project(fresh: Path, folder: Path, files: Files) -> DvcProject:
    root = Path(shutil.copytree(fresh, folder / "project"))
    write(root, files)
    return DvcProject(root)


def failure(made: DvcProject) -> DvcBridgeError:
    """What running all stages of the project raises."""
    with pytest.raises(DvcBridgeError) as caught:
        list(run_stages(made, [each.name for each in made.manifest().stages]))
    return caught.value


@pytest.mark.parametrize("what", REFUSED)
def test_what_dvc_refuses_is_told_with_file_and_remedy(what: str, fresh: Path, tmp_path: Path) -> None:
    expected = REFUSED[what]
    root = project(fresh, tmp_path, expected.files).root
    error = refusal(root, **answer(root)["refused"])
    assert (type(error), error.file) == (expected.kind, expected.file)
    assert str(error.file or "") in str(error)
    assert "Traceback" not in str(error)
    for text in (*expected.says, "`dvc stage list --all` must work first"):
        assert text in str(error)


def test_the_process_that_asks_dvc_passes_the_refusal_on(fresh: Path, tmp_path: Path) -> None:
    made = project(fresh, tmp_path, REFUSED["a nested dvc.yaml with a wrong key"].files)
    with pytest.raises(ManifestFailed, match=r"stages\.bad\.cmdd.*\n.*\nMend 'sub/deep/dvc\.yaml'") as caught:
        made.manifest()
    assert (caught.value.root, caught.value.file) == (made.root, "sub/deep/dvc.yaml")


FAILING = {
    "a dependency that is not there": (
        stage("cmd: echo > o, deps: [nope.txt], outs: [o]"),
        ("'nope.txt' does not exist",),
    ),
    "a working directory that is not there": (
        stage("wdir: nowhere, cmd: echo > o, outs: [o]"),
        ("'nowhere' does not exist",),
    ),
    "an output that was not made": (stage("cmd: echo hi, outs: [o]"), ("output 'o' does not exist", "| hi")),
    "a param that is not there": (
        {**stage("cmd: echo > o, params: [a.b], outs: [o]"), "params.yaml": "x: 1\n"},
        ("'a.b' are missing from 'params.yaml'",),
    ),
    "a broken params file": (
        {**stage("cmd: echo > o, params: [{p.yaml: [a]}], outs: [o]"), "p.yaml": "a: [\n"},
        ("Unable to read parameters from 'p.yaml'", "line 2"),
    ),
    "a command that is not there": (
        stage("cmd: no-such-command, outs: [o]"),
        ("`no-such-command` ended with exit code 127",),
    ),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_failing_stage_is_told_with_the_reason_and_by_what_to_run_it_again(
    what: str, fresh: Path, tmp_path: Path
) -> None:
    files, says = FAILING[what]
    error = failure(project(fresh, tmp_path, files))
    assert isinstance(error, StageFailed)
    assert error.stage == "bad"
    for text in (*says, "Stage 'bad' failed", "dvc repro bad"):
        assert text in str(error)


def test_an_output_outside_that_dvc_3_cannot_cache_is_told_before_it_runs(
    fresh: Path, tmp_path: Path
) -> None:
    made = project(fresh, tmp_path, stage("cmd: echo > ../made.txt, outs: [../made.txt]"))
    error = failure(made)
    assert isinstance(error, OutputOutside)
    assert "'../made.txt'" in str(error)
    assert not (made.root / "../made.txt").exists()


def test_tracked_data_that_is_not_here_is_told_with_the_command_that_brings_it(
    fresh: Path, tmp_path: Path, plain: PlainDvc
) -> None:
    made = project(fresh, tmp_path, {**stage("cmd: cat d.csv > o, deps: [d.csv], outs: [o]"), "d.csv": "1\n"})
    plain("add", "-q", "d.csv", cwd=made.root)
    (made.root / "d.csv").unlink()
    error = failure(made)
    assert isinstance(error, SourceMissing)
    assert "dvc pull d.csv.dvc" in str(error)


def test_a_merge_in_dvc_lock_stops_a_run_that_knew_the_pipeline(fresh: Path, tmp_path: Path) -> None:
    made = project(fresh, tmp_path, {"dvc.yaml": GOOD})
    made.manifest()
    write(made.root, {"dvc.lock": LOCK + CONFLICT.format("", "")})
    error = failure(made)
    assert isinstance(error, LockFileUnreadable)
    assert "git checkout --ours -- dvc.lock" in str(error)
    assert not (made.root / "ok.txt").exists()


COLLIDING = {
    "stages whose names differ in signs": (
        {"dvc.yaml": "stages: {a-b: {cmd: x}, a_b: {cmd: x}}\n"},
        ("stage 'a-b' of dvc.yaml", "stage 'a_b' of dvc.yaml", "'a_b'"),
    ),
    "a stage below and one of foreach": (
        {
            "dvc.yaml": "stages: {sub: {foreach: [x], do: {cmd: x}}}\n",
            "sub/dvc.yaml": "stages: {x: {cmd: x}}\n",
        },
        ("stage 'sub@x' of dvc.yaml", "stage 'x' of sub/dvc.yaml", "'sub/x'"),
    ),
    "a stage and a tracked path": (
        {
            "dvc.yaml": "stages: {raw: {cmd: x}}\n",
            "data/dvc.yaml": "stages: {raw: {cmd: x}}\n",
            "data/raw.dvc": "outs:\n- path: raw\n",
        },
        ("the tracked path 'data/raw' of data/raw.dvc", "stage 'raw' of data/dvc.yaml", "'data/raw'"),
    ),
    "what Dagster cannot tell apart": (
        {"dvc.yaml": "stages: {a__b: {cmd: x}, a: {foreach: [b], do: {cmd: x}}}\n"},
        ("stage 'a__b' of dvc.yaml", "stage 'a@b' of dvc.yaml"),
    ),
}


@pytest.mark.parametrize("what", COLLIDING)
def test_two_of_one_asset_key_are_named_with_their_files(what: str, fresh: Path, tmp_path: Path) -> None:
    files, says = COLLIDING[what]
    with pytest.raises(AssetKeyTaken, match="get_asset_spec") as caught:
        build_dvc_asset_specs(project=project(fresh, tmp_path, files))
    for text in says:
        assert text in str(caught.value)


META = {
    "group: my group": "my group",
    "owners: ada@example.com": "owners",
    "owners: [nobody]": "nobody",
    "tags: {tier: 1}": "tags.tier",
    "kinds: [1]": "kinds.0",
}


@pytest.mark.parametrize("table", META)
def test_a_table_that_dagster_does_not_take_is_named_with_its_stage(
    table: str, fresh: Path, tmp_path: Path
) -> None:
    made = project(fresh, tmp_path, stage(f"cmd: x, meta: {{dagster: {{{table}}}}}"))
    with pytest.raises(MetaInvalid, match="stage 'bad' of dvc") as caught:
        build_dvc_asset_specs(project=made)
    assert META[table] in str(caught.value)


def test_meta_of_others_is_left_alone(fresh: Path, tmp_path: Path) -> None:
    text = "stages: {a: {cmd: x, meta: text}, b: {cmd: x, meta: [1]}, c: {cmd: x, meta: {dagster: null}}}\n"
    specs = build_dvc_asset_specs(project=project(fresh, tmp_path, {"dvc.yaml": text}))
    assert [spec.key.to_user_string() for spec in specs] == ["a", "b", "c"]


def test_a_pipeline_that_git_ignores_is_none_as_for_dvc(fresh: Path, tmp_path: Path) -> None:
    made = project(fresh, tmp_path, {"dvc.yaml": GOOD, ".gitignore": "dvc.yaml\n"})
    assert made.manifest().stages == ()
    run("git", "status", cwd=made.root)
