"""What a test's own code logged."""

from __future__ import annotations

import logging

import pytest


def logged(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the records, but those of Prefect.

    Its threads go on behind the tests that started them, and say so when they cannot reach a
    server that is gone.
    """
    return [record for record in caplog.records if record.name.partition(".")[0] != "prefect"]
