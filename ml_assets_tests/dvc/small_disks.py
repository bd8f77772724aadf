"""Small and read-only disks for tests, in mounts that nobody else sees and that end with the test."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ml_assets_tests.factories import environment

# As root of a user namespace of one's own, so that no privilege is needed where the system allows that.
PRIVATE_MOUNTS = ("unshare", "--mount", "--map-root-user", "sh", "-euc")

SMALL_CACHE = """\
mkdir small
mount -t tmpfs -o size={kilobytes}k tmpfs small
cp -r .dvc/cache small/cache
printf '[cache]\n    dir = %s/small/cache\n' "$PWD" >.dvc/config.local
"""
ROOMY = "mount -o remount,size=20m small\n"
READ_ONLY = "mount -o remount,ro small\n"


def in_private_mounts(root: Path, script: str) -> None:
    """Run a shell script in `root`; what is mounted in it goes away with it."""
    env = environment(KEPT=str(root))
    done = subprocess.run(
        [*PRIVATE_MOUNTS, script], cwd=root, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\nIt needs `unshare --mount --map-root-user`."


def step(name: str, command: str) -> str:
    """A line of such a script: the exit code, output and dvc.lock after it are read by `Step`."""
    kept = f'"$KEPT/{name}.'
    saved = f'cp dvc.lock {kept}lock" 2>/dev/null || true'
    return f'set +e; {command} >{kept}out" 2>&1; echo $? >{kept}code"; set -e; {saved}\n'


class Step:
    """What a step of a script left behind."""

    def __init__(self, root: Path, name: str) -> None:
        self.code = int((root / f"{name}.code").read_text())
        self.output = (root / f"{name}.out").read_text()
        lock = root / f"{name}.lock"
        self.lock = lock.read_bytes() if lock.exists() else None
