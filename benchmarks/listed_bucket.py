"""An S3 that can do nothing but list a bucket of any size, in a process of its own: no server's speed counts.

Run as `python -m benchmarks.listed_bucket KEYS`; prints its port.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = 1000
PREFIX = "landing/"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
)


@contextmanager
def listed_bucket(keys: int) -> Iterator[str]:
    """The address of one that holds so many keys below `landing/`."""
    command = [sys.executable, "-m", "benchmarks.listed_bucket", str(keys)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline() if server.stdout else ""
            yield f"http://127.0.0.1:{int(port)}"
        finally:
            # It keeps nothing; and whoever started us may have told us, and so it, to ignore SIGTERM.
            server.kill()


def key(number: int) -> str:
    return f"{PREFIX}part-{number:09}.csv"


@cache
def page(start: int, total: int) -> bytes:
    """The answer that begins with key number `start`; kept, since both sides ask for it more than once."""
    end = min(start + PAGE, total)
    objects = "".join(
        f"<Contents><Key>{key(number)}</Key><LastModified>2026-11-23T12:00:00.000Z</LastModified>"
        f"<ETag>&quot;{number:032x}&quot;</ETag><Size>100</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for number in range(start, end)
    )
    more = end < total
    token = f"<NextContinuationToken>{end}</NextContinuationToken>" if more else ""
    objects = f"<Name>b</Name><EncodingType>url</EncodingType>{objects}"
    state = f"<IsTruncated>{str(more).lower()}</IsTruncated><KeyCount>{end - start}</KeyCount>{token}"
    return (
        f"{_HEAD}<Name>b</Name><EncodingType>url</EncodingType>{objects}{state}</ListBucketResult>".encode()
    )


def serve(keys: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            body = page(_start(asked), keys)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    for start in range(0, keys, PAGE):
        page(start, keys)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


def _start(asked: dict[str, list[str]]) -> int:
    if "continuation-token" in asked:
        return int(asked["continuation-token"][0])
    after = asked.get("start-after", [""])[0]
    return int(after[-13:-4]) + 1 if after else 0


if __name__ == "__main__":
    serve(int(sys.argv[1]))
