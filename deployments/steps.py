"""Build steps of prefect.yaml: what a deployment needs that is not known before it is made."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from deployments.home import DATA_DIR, REPOSITORY
from deployments.schedule import session_schedule


def sessions(exchange: str, warm_up_minutes: int) -> dict[str, str]:
    """Return `rrule`, which fires before each of the next sessions."""
    return {"rrule": session_schedule(exchange, datetime.now(UTC), warm_up_minutes)}


def folder() -> dict[str, str]:
    """Return `data_dir`: the supervisor's data folder, or `data` in the repository."""
    return {"data_dir": os.environ.get(DATA_DIR) or str(REPOSITORY / "data")}
