"""The process of the embedded S3: ministack, which ends when the process that started it does.

Started by `ml_assets.demo.s3`, which sets ministack's own environment variables.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

POLL_SECONDS = 0.2
GRACE_SECONDS = 3.0


def main(parent: int) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True, name="parent-watch").start()
    # ministack parses the arguments of the process.
    sys.argv = sys.argv[:1]
    from ministack.app import main as serve

    serve()


def _end_with(parent: int) -> None:
    # The kernel gives an orphan another parent, however the old one died. A parent-death signal would
    # fire as soon as the *thread* that started us ends, and a pipe is kept open by every forked sibling.
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
