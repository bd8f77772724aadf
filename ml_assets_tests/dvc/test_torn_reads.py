"""Whoever reads dvc.lock while stages run sees a whole one; plain DVC rewrites it in place."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ml_assets_tests.factories import BIN, environment, make_project, run

pytestmark = pytest.mark.slow

STAGES = 200
READS = 10_000
AGAIN = [f"s{number}" for number in range(20)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline whose dvc.lock is large, as it is after all stages have run."""
    names = [f"s{number}" for number in range(STAGES)]
    pipeline = [f"  {name}:\n    cmd: echo {name} > {name}.txt\n    outs: [{name}.txt]\n" for name in names]
    # The form that DVC writes. What it says of the stages does not matter: they are run again.
    md5 = "d41d8cd98f00b204e9800998ecf8427e"
    entry = f"    outs:\n    - path: {{0}}.txt\n      hash: md5\n      md5: {md5}\n      size: 0\n"
    locked = [f"  {name}:\n    cmd: echo {name} > {name}.txt\n{entry.format(name)}" for name in names]
    files = {
        "dvc.yaml": "stages:\n" + "".join(pipeline),
        "dvc.lock": "schema: '2.0'\nstages:\n" + "".join(locked),
    }
    return make_project(tmp_path_factory.mktemp("large") / "project", files)


def whole(text: bytes) -> bool:
    """Whether it is a lock of all stages."""
    try:
        content = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return False
    return isinstance(content, dict) and len(content.get("stages") or {}) == STAGES


def read_during(lock: Path, work: Callable[[], object]) -> tuple[int, set[bytes]]:
    """Reads of `lock` while `work` goes on, until there were enough: their number and texts."""
    texts: set[bytes] = set()
    count = 0
    while count < READS:
        thread = threading.Thread(target=work)
        thread.start()
        while thread.is_alive() or count % 100:
            texts.add(lock.read_bytes())
            count += 1
        thread.join()
    return count, texts


def test_no_read_is_torn_while_stages_run(project: Path) -> None:
    def work() -> None:
        # In a process of its own, as readers of the lock are other processes.
        code = (
            "from pathlib import Path; from ml_assets.dvc.events import Redo; "
            "from ml_assets.dvc.project import DvcProject; from ml_assets.dvc.runner import run_stages; "
            f"list(run_stages(DvcProject(Path('.').resolve()), {AGAIN!r}, redo=Redo.ALL, jobs=4))"
        )
        changed = (project / "dvc.yaml").read_text().replace("echo ", "echo  ")
        (project / "dvc.yaml").write_text(changed)
        run(sys.executable, "-c", code, cwd=project)

    count, texts = read_during(project / "dvc.lock", work)
    assert count >= READS
    assert len(texts) > 1
    assert all(whole(text) for text in texts)


def test_plain_dvc_tears_it(project: Path) -> None:
    """The control."""

    def work() -> None:
        subprocess.run(
            [str(BIN / "dvc"), "repro", "-q", "-f", "-s", *AGAIN[:4]],
            cwd=project,
            env=environment(),
            check=True,
        )

    _, texts = read_during(project / "dvc.lock", work)
    assert not all(whole(text) for text in texts)
