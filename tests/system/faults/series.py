"""Installations side by side, each with its own series of strikes; what came out, in one table."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.system.faults.installation import Installation
from tests.system.faults.measure import Outcome, Say, revive, strike
from tests.system.faults.strikes import Fault
from tests.system.faults.table import as_table, complaints

# More of them only wait for each other: a bar of one costs some seconds of processor time.
AT_ONCE = 2 * (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Series:
    """Strikes on one installation, in order, each with the situation that it waits for.

    `environment` and `data_dir` are asked with the folder of the series; `begin` starts the
    session, `then` is what happens to an installation that has met them all.
    """

    name: str
    strikes: Sequence[tuple[Sequence[Fault], str]]
    environment: Callable[[Path], dict[str, str]] = lambda _: {}
    data_dir: Callable[[Path], Path] = lambda folder: folder / "data"
    begin: Callable[[Installation], object] = Installation.start_session
    then: Callable[[Installation], None] = lambda _: None


@dataclass
class Results:
    """What came out so far, also of a series that is not over."""

    outcomes: list[Outcome] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    left_out: int = 0

    def problems(self) -> list[str]:
        return [*self.broken, *complaints(self.outcomes)]

    def text(self) -> str:
        lines = [as_table(self.outcomes), ""]
        lines += [f"{self.left_out} strikes were left out: time was over"] if self.left_out else []
        lines += [f"not run: {text}" for text in self.not_run]
        return "\n".join([*lines, *self.problems()])


def run_all(
    series: Sequence[Series],
    folder: Path,
    prepare: Callable[[Path], object],
    seconds: float,
    say: Say,
) -> Results:
    """Run the series side by side, as many as the machine carries; none strikes after `seconds`.

    `prepare` makes a data folder before its installation begins.
    """
    results = Results()

    def run(one: Series) -> None:
        until = time.monotonic() + seconds

        def said(text: str) -> None:
            say(f"{time.strftime('%H:%M:%S')} {one.name}: {text}")

        place = folder / one.name
        place.mkdir(parents=True)
        data_dir = one.data_dir(place)
        prepare(data_dir)
        installation = Installation(place, data_dir, one.environment(place))
        done = 0
        try:
            installation.start()
            installation.observe()
            one.begin(installation)
            for faults, situation in one.strikes:
                if time.monotonic() > until:
                    break
                found = strike(installation, faults, situation, said)
                results.outcomes += found
                done += 1
                # For the next strike: after the last there is nothing to bring it back for.
                if any(outcome.is_lost for outcome in found) and done < len(one.strikes):
                    revive(installation, said)
            if done == len(one.strikes):
                one.then(installation)
        except Exception as error:
            results.broken.append(f"{one.name} broke off: {type(error).__name__}: {error}")
        finally:
            results.left_out += len(one.strikes) - done
            installation.end()

    with ThreadPoolExecutor(min(len(series), AT_ONCE)) as pool:
        list(pool.map(run, series))
    return results
