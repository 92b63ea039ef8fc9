"""Which runner a sweep has, and what is told before any bar is read where it can have none."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tasks.backtest.request import BacktestRequest
from tasks.sweep.request import SweepRequest
from tasks.sweep.runners import chosen
from tasks.sweep.runners.address import DASK, RAY, address_of, is_loopback
from tasks.sweep.runners.chosen import chosen_runner
from trading.errors import BadInput, OpenbellError


def wrong(**asked: Any) -> str:
    request = SweepRequest(BacktestRequest(), ("min_body=0,1",), Path("out"), **asked)
    with pytest.raises(OpenbellError) as raised, chosen_runner(request):
        pass
    said = str(raised.value)
    assert "\n" not in said
    return said


def test_local_is_this_process() -> None:
    request = SweepRequest(BacktestRequest(), ("min_body=0,1",), Path("out"))
    with chosen_runner(request) as runner:
        assert runner is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"runner": "dsk"}, "runner 'dsk' is none. Did you mean dask?"),
        ({"runner": "spark"}, "Use one of local, dask, ray"),
        ({"address": "tcp://127.0.0.1:8786"}, "--runner local needs none"),
        ({"runner": "dask", "address": "h:1", "workers": 2}, "Leave one of --address and --work"),
        ({"runner": "dask", "workers": 1_000_000}, "is too many: each is a process"),
        ({"runner": "dask", "address": "scheduler"}, "is no HOST:PORT. Give one such as tcp://"),
        ({"runner": "dask", "address": ""}, "is no HOST:PORT"),
        ({"runner": "dask", "address": "tcp://:8786"}, "is no HOST:PORT"),
        ({"runner": "dask", "address": "tcp://host:99999"}, "is no HOST:PORT"),
        ({"runner": "dask", "address": "tcp://host:port"}, "is no HOST:PORT"),
    ],
)
def test_what_cannot_be_is_one_line(asked: dict[str, Any], said: str) -> None:
    assert said in wrong(**asked)


def test_an_address_where_nobody_listens_is_told_with_how_to_begin() -> None:
    with socket.socket() as unused:
        # Bound and not listening: nobody else gets the port meanwhile.
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        said = wrong(runner="dask", address=address)
    assert f"nobody listens at --address {address}: Connection refused" in said
    assert "Start it with: dask scheduler" in said


def test_packages_that_are_missing_are_named_with_their_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chosen, "find_spec", lambda name: None)
    for runner in ("dask", "ray"):
        assert f"pip install 'openbell[{runner}]'" in wrong(runner=runner)


@pytest.mark.parametrize(
    "written", ["tcp://10.0.0.7:8786", "10.0.0.7:8786", " tls://[::1]:8786 ", "ray://head:10001"]
)
def test_an_address_has_a_scheme_or_none(written: str) -> None:
    assert address_of(written, DASK).port in (8786, 10001)
    assert address_of(written, DASK).written == written.strip()


def test_an_address_that_is_none_is_shown_as_it_was_written() -> None:
    with pytest.raises(BadInput, match="--address 'a:b:c' is no HOST:PORT"):
        address_of("a:b:c", RAY)


@pytest.mark.parametrize(
    ("address", "is_own"),
    [
        ("http://127.0.0.1:4200/api", True),
        ("tcp://localhost:8786", True),
        ("[::1]:8786", True),
        ("ray://192.168.1.10:10001", False),
        ("head:6379", False),
    ],
)
def test_which_addresses_no_other_machine_reaches(address: str, is_own: bool) -> None:
    assert is_loopback(address) is is_own
