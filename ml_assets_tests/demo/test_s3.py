from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ml_assets.demo.errors import EmbeddedS3Failed, PortTaken
from ml_assets.demo.s3 import EmbeddedS3
from ml_assets_tests.processes import assert_gone


def _start_in_a_process_of_its_own(data: Path) -> tuple[subprocess.Popen[str], int, str]:
    """The process, the server's pid and its endpoint."""
    code = (
        "import sys, time; from pathlib import Path; from ml_assets.demo.s3 import EmbeddedS3\n"
        "server = EmbeddedS3(data=Path(sys.argv[1]), port=0); server.start()\n"
        "print(server.pid, server.endpoint, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(data)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid, endpoint = process.stdout.readline().split()
    return process, int(pid), endpoint


def test_it_listens_on_loopback_alone(embedded_s3: EmbeddedS3) -> None:
    assert embedded_s3.pid is not None
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(embedded_s3.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]

    assert listening == ["127.0.0.1"]


def test_objects_survive_a_kill_and_the_queue_hears_again(tmp_path: Path) -> None:
    server = EmbeddedS3(data=tmp_path, port=0)
    server.start()
    server.client().put_object(Bucket="ml-assets", Key="landing/a.csv", Body=b"a\n1\n")
    before = server.client().list_objects_v2(Bucket="ml-assets")["Contents"][0]
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    server.stop()

    with EmbeddedS3(data=tmp_path, port=0) as again:
        after = again.client().list_objects_v2(Bucket="ml-assets")["Contents"][0]
        again.client().put_object(Bucket="ml-assets", Key="landing/b c.csv", Body=b"b\n")
        again.client().put_object(Bucket="ml-assets", Key="elsewhere/c.csv", Body=b"c\n")
        told = _keys_told(again)

    assert (after["Key"], after["ETag"], after["LastModified"]) == (
        "landing/a.csv",
        before["ETag"],
        before["LastModified"],
    )
    assert len(told) == 1
    assert "landing/b+c.csv" in told[0]


def _keys_told(server: EmbeddedS3) -> list[str]:
    import boto3

    env = server.env()
    sqs = boto3.client(
        "sqs",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        region_name=env["AWS_REGION"],
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    url = sqs.get_queue_url(QueueName=server.queue)["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
        "Messages", []
    )
    return [body for message in messages if "s3:TestEvent" not in (body := message["Body"])]


def test_a_server_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    process, pid, _ = _start_in_a_process_of_its_own(tmp_path)

    process.kill()
    process.wait()

    assert_gone([pid], within=5)


def test_a_server_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    server = EmbeddedS3(data=tmp_path, port=0)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(server.start).result()
    time.sleep(0.5)

    try:
        assert server.client().list_objects_v2(Bucket="ml-assets")["KeyCount"] == 0
    finally:
        server.stop()


def test_a_taken_port_is_named_with_the_way_to_choose_another(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortTaken, match=rf"port {port} .* taken(?s:.*)--s3-port N"):
            EmbeddedS3(data=tmp_path, port=port, choose_port="--s3-port N").start()


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no ministack here')")
    monkeypatch.setattr("ml_assets.demo.s3._SERVER", broken)

    with pytest.raises(EmbeddedS3Failed, match=r"status 1(?s:.*)\| no ministack here"):
        EmbeddedS3(data=tmp_path, port=0).start()


def test_the_users_own_access_key_never_reaches_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-real-one")

    with EmbeddedS3(data=tmp_path, port=0) as server:
        assert server.pid is not None
        seen = psutil.Process(server.pid).environ()

    assert "the-real-one" not in seen.values()


def test_in_the_foreground_it_prints_the_exports_and_ends_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ml_assets.demo.s3", "--port", "0", "--data", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(6)]
    (child,) = psutil.Process(process.pid).children()

    process.send_signal(signal.SIGTERM)

    assert lines[1].startswith("export AWS_ENDPOINT_URL=http://127.0.0.1:")
    assert "export AWS_ACCESS_KEY_ID=embedded" in lines
    assert process.wait(10) == 0
    assert_gone([child.pid], within=1)
