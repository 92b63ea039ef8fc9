"""A process that may have few files open gives itself as many as it may."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from blocks.process.open_files import ENOUGH_FILES
from flows.__main__ import main

LIMITS = resource.getrlimit(resource.RLIMIT_NOFILE)


@pytest.fixture(autouse=True)
def limits_as_before() -> Iterator[None]:
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, LIMITS)


def test_a_command_raises_a_low_limit_of_open_files(capsys: pytest.CaptureFixture[str]) -> None:
    low = 512
    resource.setrlimit(resource.RLIMIT_NOFILE, (low, LIMITS[1]))
    assert main(["runs", "no-such-word"]) == 2
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == LIMITS[1]
    most = ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_FILES)
    assert soft == most > low
    assert "error:" in capsys.readouterr().err


def test_a_limit_that_is_high_enough_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMITS[1], LIMITS[1]))
    assert main(["runs", "no-such-word"]) == 2
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (LIMITS[1], LIMITS[1])
    assert "error:" in capsys.readouterr().err
