"""Storages against servers that speak the real protocols over real sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.saved.storage import AzureCopies, S3Copies
from blocks.settings.reader import read_settings
from blocks.storage.azure import AzureStorage
from blocks.storage.choose import storage_from
from blocks.storage.content import sha256_of
from blocks.storage.local import LocalStorage
from blocks.storage.s3 import S3Storage
from tests.servers.cut_line import CutLine
from trading.errors import BadInput, StoreUnavailable
from trading.session.ports import Storage

QUICK = {"connect_seconds": 0.5, "read_seconds": 0.5, "tries": 2}


@pytest.fixture(params=["local", "azurite", "moto", "rclone"])
def storage(
    request: pytest.FixtureRequest, server_named: Callable[[str], Any], tmp_path: Path
) -> Storage:
    if request.param == "local":
        return LocalStorage(tmp_path / "copies")
    server = server_named(request.param)
    return server.storage(server.new_container())


@pytest.mark.parametrize("content", [b"", b"one", bytes(range(256)) * 12_000])
def test_what_is_put_is_given_back(storage: Storage, content: bytes) -> None:
    storage.put("paper/a.gz", content)
    assert storage.get("paper/a.gz") == content


def test_the_last_content_under_a_name_counts(storage: Storage) -> None:
    storage.put("paper/a", b"first")
    storage.put("paper/a", b"second")
    assert storage.get("paper/a") == b"second"


def test_names_are_sorted_and_begin_with_the_prefix(storage: Storage) -> None:
    for name in ("paper/b", "paper/a", "paper-dry-run/c", "replay:2025/d"):
        storage.put(name, b"x")
    assert storage.names("paper/") == ["paper/a", "paper/b"]
    assert storage.names("") == ["paper-dry-run/c", "paper/a", "paper/b", "replay:2025/d"]
    assert storage.names("nobody/") == []


def test_a_deleted_copy_is_gone_and_deleting_it_again_is_no_error(storage: Storage) -> None:
    storage.put("paper/a", b"x")
    storage.delete("paper/a")
    storage.delete("paper/a")
    assert storage.names("") == []
    with pytest.raises(StoreUnavailable, match="paper/a"):
        storage.get("paper/a")


def test_more_names_than_one_answer_holds_are_all_found(
    server_named: Callable[[str], Any],
) -> None:
    server = server_named("moto")
    container = server.new_container()
    wanted = [f"paper/{number:04}" for number in range(1_001)]
    for name in wanted:
        server.client.put_object(Bucket=container, Key=name, Body=b"")
    assert server.storage(container).names("paper/") == wanted


@pytest.mark.parametrize("content", [b"c0ntent", b"conten", b"content and more", b""])
@pytest.mark.parametrize("kind", ["azurite", "moto"])
def test_content_that_was_altered_is_refused(
    kind: str, content: bytes, server_named: Callable[[str], Any]
) -> None:
    """Flipped, cut short, or longer than it was, with the hash of the original beside it.

    rclone keeps no metadata: there the manifest's hash stands alone.
    """
    server = server_named(kind)
    container = server.new_container()
    server.alter(container, "paper/a", content, sha256_of(b"content"))
    with pytest.raises(StoreUnavailable, match="altered after it was stored"):
        server.storage(container).get("paper/a")


def test_a_container_that_is_not_there_is_bad_input(server: Any) -> None:
    storage = server.storage("never-made")
    for request in (lambda: storage.put("a", b""), lambda: storage.names("")):
        with pytest.raises(BadInput, match=r"never-made.* does not exist"):
            request()


@pytest.mark.parametrize("kind", ["azurite", "rclone"])
def test_a_wrong_secret_is_refused_and_never_shown(
    kind: str, server_named: Callable[[str], Any]
) -> None:
    server = server_named(kind)
    wrong = "d3Jvbmctc2VjcmV0LXdyb25nLXNlY3JldA=="
    container = server.new_container()
    server.storage(container).put("a", b"x")
    storage = server.storage(container, secret=wrong)
    requests = [
        lambda: storage.put("b", b"x"),
        lambda: storage.get("a"),
        lambda: storage.names(""),
        lambda: storage.delete("a"),
    ]
    for request in requests:
        with pytest.raises(BadInput, match="refuses the key") as refusal:
            request()
        chain = f"{refusal.value} {refusal.value.__cause__} {storage} {storage!r}"
        assert wrong not in chain
        assert "\n" not in str(refusal.value)
    assert server.storage(container).names("") == ["a"]


def test_an_endpoint_that_refuses_is_given_up_soon(server: Any) -> None:
    with socket.socket() as taken:
        # Bound and not listening: nobody else can answer here.
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        _is_given_up(server.storage("copies", url=url, **QUICK))


def test_an_endpoint_that_never_answers_is_given_up_soon(server: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        _is_given_up(server.storage("copies", url=url, **QUICK))


def _is_given_up(storage: Storage) -> None:
    for request in (lambda: storage.put("a", b"x"), lambda: storage.names("")):
        begin = time.monotonic()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            request()
        assert time.monotonic() - begin < 60


@pytest.mark.parametrize("stall", [False, True])
def test_an_answer_that_is_cut_short_is_no_content(server_to_cut: Any, stall: bool) -> None:
    container = server_to_cut.new_container()
    server_to_cut.storage(container).put("a", bytes(200_000))
    with CutLine(server_to_cut.url, down_bytes=100_000, stall=stall) as line:
        storage = server_to_cut.storage(container, url=line.url, **QUICK)
        with pytest.raises(StoreUnavailable, match="does not answer"):
            storage.get("a")
        assert line.cut.is_set()


@pytest.mark.parametrize("kind", ["azurite", "moto"])
def test_an_upload_that_is_cut_short_leaves_what_was_there(
    kind: str, server_named: Callable[[str], Any]
) -> None:
    """rclone stores the part that arrived: there only a version's last object makes it one."""
    server = server_named(kind)
    container = server.new_container()
    whole = server.storage(container)
    whole.put("a", b"before")
    with CutLine(server.url, up_bytes=100_000) as line:
        with pytest.raises(StoreUnavailable, match="does not answer"):
            server.storage(container, url=line.url, **QUICK).put("a", bytes(3_000_000))
        assert line.cut.is_set()
    assert whole.get("a") == b"before"


@pytest.mark.parametrize("text", ["", "nonsense", "AccountKey=YQ==", "a=b;c=d"])
def test_a_connection_string_that_cannot_be_read_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="AZURE_STORAGE_CONNECTION_STRING") as refusal:
        AzureStorage("copies", SecretStr(text)).names("")
    assert "YQ==" not in str(refusal.value)


def test_a_key_that_is_no_key_is_bad_input(server_named: Callable[[str], Any]) -> None:
    server = server_named("azurite")
    with pytest.raises(BadInput, match="key"):
        server.storage("copies", secret="no base64!").names("")


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, LocalStorage),
        ({"CLOUD_PROVIDER": "aws", "CLOUD_CONTAINER": "bucket"}, LocalStorage),
        (
            {"CLOUD_PROVIDER": "AWS", "CLOUD_CONTAINER": "bucket", "ENABLE_CLOUD_SYNC": "true"},
            S3Storage,
        ),
        (
            {
                "CLOUD_PROVIDER": "azure",
                "CLOUD_CONTAINER": "copies",
                "ENABLE_CLOUD_SYNC": "1",
                "AZURE_STORAGE_CONNECTION_STRING": "AccountName=a;AccountKey=YQ==;"
                "DefaultEndpointsProtocol=https;EndpointSuffix=core.windows.net",
            },
            AzureStorage,
        ),
    ],
)
def test_the_settings_choose_the_storage(
    environment: dict[str, str], wanted: type, tmp_path: Path
) -> None:
    cloud = read_settings(None, environment).required().cloud
    assert type(storage_from(cloud, tmp_path)) is wanted


def test_azure_with_its_connection_string_alone_makes_a_container_of_its_own(
    server_named: Callable[[str], Any], tmp_path: Path
) -> None:
    server = server_named("azurite")
    environment = {
        "ENABLE_CLOUD_SYNC": "true",
        "CLOUD_PROVIDER": "azure",
        "AZURE_STORAGE_CONNECTION_STRING": server.connection_string(),
    }
    cloud = read_settings(None, environment).required().cloud
    for expected in ([], ["paper/a"]):
        storage = storage_from(cloud, tmp_path)
        assert storage.names("paper/") == expected
        storage.put("paper/a", b"x")
    assert "container openbell at" in str(storage)


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"CLOUD_PROVIDER": "gcp"}, "CLOUD_PROVIDER: .*given 'gcp'"),
        ({"ENABLE_CLOUD_SYNC": "perhaps"}, "ENABLE_CLOUD_SYNC"),
        ({"CLOUD_PROVIDER": "aws"}, "CLOUD_CONTAINER is not set"),
        ({"CLOUD_PROVIDER": "azure", "CLOUD_CONTAINER": "c"}, "CONNECTION_STRING is not set"),
        (
            {"CLOUD_PROVIDER": "aws", "CLOUD_CONTAINER": "c", "AWS_ACCESS_KEY_ID": "x"},
            "AWS_SECRET_ACCESS_KEY",
        ),
    ],
)
def test_settings_that_are_not_enough_are_bad_input(
    environment: dict[str, str], complaint: str
) -> None:
    with pytest.raises(BadInput, match=complaint):
        read_settings(None, {"ENABLE_CLOUD_SYNC": "true"} | environment).required()


def test_saved_blocks_mask_their_secrets_and_open_the_storage(
    server_named: Callable[[str], Any],
) -> None:
    azure, s3 = server_named("azurite"), server_named("rclone")
    blocks = [
        AzureCopies(
            container=azure.new_container(),
            connection_string=SecretStr(azure.connection_string()),
        ),
        S3Copies(
            bucket=s3.new_container(),
            endpoint_url=s3.url,
            path_style=True,
            access_key_id=SecretStr(s3.access_key),
            secret_access_key=SecretStr(s3.secret_key),
        ),
    ]
    for block, secret in zip(blocks, (azure.key, s3.secret_key), strict=True):
        assert secret not in f"{block} {block!r} {block.model_dump_json()}"
        block.open().put("a", b"x")
        assert block.open().get("a") == b"x"
