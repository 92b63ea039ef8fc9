"""A message for people is a line of the log that is as serious as the message."""

from __future__ import annotations

import logging

import pytest

from blocks.process.log_notifier import LogNotifier
from tests.logged import logged
from trading.session.messages.message import Kind

SERIOUS = {Kind.SYSTEM_ERROR: logging.ERROR, Kind.SYSTEM_WARNING: logging.WARNING}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("as_text", [False, True])
def test_who_counts_errors_in_the_log_finds_those_that_people_are_told(
    kind: Kind, as_text: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "openbell"):
        LogNotifier().send(str(kind) if as_text else kind, "what happened", symbol="AAA")
    (record,) = logged(caplog)
    assert record.levelno == SERIOUS.get(kind, logging.INFO)
    assert record.getMessage() == f"{kind}: what happened (symbol=AAA)"
