"""Runs of long ago leave a server's database, which would grow with every bar for ever."""

from __future__ import annotations

import pytest

from tests.system.conftest import PrefectStack
from tests.system.old_runs import BAR, LATELY, left_in
from tests.system.patience import wait_for

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


def test_a_session_of_long_ago_goes_with_its_bars_and_words_and_one_of_last_month_stays(
    prefect_stack: PrefectStack,
) -> None:
    database = prefect_stack.data_dir / "prefect" / "prefect.db"

    lately = {LATELY, BAR + LATELY, f"a word of the {LATELY}"}
    wait_for(lambda: left_in(database) == lately)
