"""An S3 with a queue on this machine: ministack in a process of its own, objects kept on disk.

In the foreground: `python -m ml_assets.demo.s3 --port 4566 --data .demo/s3`.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ml_assets.demo.errors import DemoError, EmbeddedS3Failed
from ml_assets.demo.loopback import HOST, answers, free_port, require_free
from ml_assets.landing.setup.wiring import default_queue

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client

    from ml_assets.landing.setup.clients import Clients

DEFAULT_PORT = 4566
REGION = "us-east-1"
KEY = "embedded"
START_SECONDS = 30.0
STOP_SECONDS = 5.0
# By its path, so that it starts in any folder; with -P, since its own folder has modules named like others'.
_SERVER = Path(__file__).with_name("s3_process.py")
# Nothing of the user's reaches the server: a real access key, above all.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


class EmbeddedS3:
    """A context manager; `start` and `stop` do the same by hand.

    Objects survive a restart and a kill on the same `data` folder. Buckets that hold nothing, the queue and
    the notification do not, so each start makes them again. `port` 0 takes a free one.
    """

    def __init__(
        self,
        *,
        data: Path,
        port: int = DEFAULT_PORT,
        bucket: str = "ml-assets",
        prefix: str = "landing/",
        choose_port: str = "--port N",
        services: Sequence[str] = ("s3", "sqs"),
    ) -> None:
        self.data = data.absolute()
        self.port = port or free_port()
        self.bucket = bucket
        self.prefix = prefix
        self._choose_port = choose_port
        self._services = services
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def queue(self) -> str:
        """Name of the queue that hears of each object created or deleted under `prefix`."""
        return default_queue(self.bucket)

    @property
    def log(self) -> Path:
        return self.data / "ministack.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def env(self) -> dict[str, str]:
        """What a process needs in its environment so that boto3, s3fs and obstore talk to this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            # Behind a company's proxy every request to our own machine would be sent to it.
            "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), HOST))),
        }

    def start(self) -> None:
        """Raises PortTaken, or EmbeddedS3Failed with the end of the server's log."""
        require_free(self.port, what="the embedded S3", choose=self._choose_port)
        (self.data / "tmp").mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_SERVER), str(os.getpid())],
                env=self._server_env(),
                cwd=self.data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal must reach the clients first; we stop the server after them.
                start_new_session=True,
            )
        try:
            self._wait_until_ready(self._process)
            self.make_bucket(self.bucket, self.prefix)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server's process; does nothing when it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait(self) -> int:
        """Blocks until the server's process ends, and returns its exit status."""
        return self._process.wait() if self._process else 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def make_bucket(self, bucket: str, prefix: str = "") -> None:
        """A bucket whose new objects under `prefix` are told to the queue `<bucket>-landing`.

        Safe to repeat: a bucket that is there keeps its objects.
        """
        from ml_assets.landing.setup.run import set_up
        from ml_assets.landing.setup.wiring import Wiring

        clients = self.setup_clients()
        if bucket not in {known["Name"] for known in clients.s3.list_buckets()["Buckets"]}:
            clients.s3.create_bucket(Bucket=bucket)
        for _ in set_up(Wiring(bucket=bucket, prefix=prefix, queue=default_queue(bucket)), clients):
            pass

    def client(self) -> S3Client:
        """A client of this server, whatever the environment says."""
        return self._session.client("s3", endpoint_url=self.endpoint, config=_direct())

    def setup_clients(self) -> Clients:
        """Clients for what the server has of Amazon's services, whatever the environment says."""
        from ml_assets.landing.setup.clients import Clients

        def of(service: str) -> Any:
            client: Any = self._session.client
            return client(service, endpoint_url=self.endpoint, config=_direct())

        return Clients(of=of)

    @cached_property
    def _session(self) -> Session:
        # Kept, since a session that is new reads megabytes of service descriptions again.
        import boto3

        return boto3.Session(aws_access_key_id=KEY, aws_secret_access_key=KEY, region_name=REGION)

    def _server_env(self) -> dict[str, str]:
        return {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "SERVICES": ",".join(self._services),
            "S3_PERSIST": "1",
            # Every other folder beside the accounts' would be read as a bucket.
            "S3_DATA_DIR": str(self.data / "objects"),
            "TMPDIR": str(self.data / "tmp"),
            "LOG_LEVEL": "WARNING",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # At start ministack removes what it takes for its own old containers.
            "DOCKER_HOST": f"unix://{self.data / 'no-docker'}",
            "DO_NOT_TRACK": "1",
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.port, "/_ministack/ready"):
            if process.poll() is not None:
                raise EmbeddedS3Failed(what=f"ended at once with status {process.returncode}", log=self.log)
            if time.monotonic() > deadline:
                raise EmbeddedS3Failed(what=f"did not answer within {START_SECONDS:.0f} s", log=self.log)
            time.sleep(0.05)


def _direct() -> Config:
    from botocore.config import Config

    return Config(proxies={})


def exports(server: EmbeddedS3) -> str:
    """Shell lines that point this and every later command at the server."""
    return "\n".join(f"export {name}={value}" for name, value in server.env().items())


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    server = EmbeddedS3(data=options.data, port=options.port, bucket=options.bucket, prefix=options.prefix)
    # SIGTERM, from a supervisor, ends us as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with server:
            _say(f"# An S3 with a queue, until Ctrl-C; objects stay in {server.data}. In another terminal:")
            _say(exports(server))
            return server.wait()
    except DemoError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml_assets.demo.s3", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--data", type=Path, default=Path(".demo/s3"), help="folder of the objects")
    parser.add_argument("--bucket", default="ml-assets")
    parser.add_argument("--prefix", default="landing/")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
