"""A cancelled run is cancelled, wherever in a library the signal to end struck."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.exceptions import TerminationSignal

from flows.pages.live_page import LivePage
from flows.pages.research.kept_work import kept_work


class PanicException(BaseException):
    """What compiled code makes of a signal to end; no Exception, as polars' own is none."""


def panic() -> None:
    raise PanicException("Failed to access an array: PyErr { type: <class 'TerminationSignal'> }")


def import_of_half_a_library() -> None:
    try:
        raise TerminationSignal(15)
    except TerminationSignal as error:
        raise ImportError("the array API cannot be loaded") from error


def own_mistake() -> None:
    raise ZeroDivisionError("no trades")


def killed() -> None:
    raise TerminationSignal(15)


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (panic, TerminationSignal),
        (import_of_half_a_library, TerminationSignal),
        (killed, TerminationSignal),
        (own_mistake, ZeroDivisionError),
    ],
)
def test_work_that_a_signal_ends_ends_by_the_signal_and_leaves_no_folder(
    tmp_path: Path, step: object, kind: type[BaseException]
) -> None:
    def work(out: Path) -> None:
        step()  # type: ignore[operator]

    async def publish(report: None, out: Path, page: LivePage) -> None:
        raise AssertionError("nothing to show")

    page = LivePage("http://127.0.0.1:8085/", tmp_path)
    with pytest.raises(kind):
        kept_work(tmp_path / "backtests", "the backtest", work, publish, page, lambda *_: "")
    assert list((tmp_path / "backtests").iterdir()) == []
