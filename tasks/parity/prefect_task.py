"""The replay of sessions as a Prefect task, apart from the steps of a session.

A process that trades does without all that it imports.
"""

from __future__ import annotations

from tasks.parity.check import check_parity as check_parity_plainly
from tasks.prefect_tasks import step

check_parity = step(check_parity_plainly, retries=2, delays=[15, 60], timeout_seconds=1800)
