"""An account as lines of a screen: what matters first, whole words, and no more than has room."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import NamedTuple

from blocks.live.answers import Age, LiveAnswer, Problem
from blocks.live.held import PositionAnswer
from flows.pages.cells import cell
from flows.pages.text_table import plain, table_lines
from flows.pages.watch import sentences
from flows.pages.watch.sentences import price

BAD, WARNING, GOOD, STRONG = "bold red", "yellow", "green", "bold"
AGE_STYLES = {Age.LATE: WARNING, Age.STALE: BAD}
WORST_FIRST = (BAD, WARNING)
HEALTH_STYLES = {"healthy": GOOD, "degraded": WARNING}
# Narrower screens leave the mark out; wider ones have room for why an order was sent.
MARK_FROM_COLUMNS, REASONS_FROM_COLUMNS = 72, 100
FEWEST_ROWS = 6
MOST_TROUBLES = 4
# Of more symbols the newest bar is told by how many met each verdict.
MOST_TOLD_ALONE = 20


class Line(NamedTuple):
    """A line of the screen; no line says anything by its style alone."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Moment:
    """What is known: the newest answer that could be read, and why none can be read now."""

    answer: LiveAnswer
    read_at: datetime
    problem: Problem | None = None


def screen(moment: Moment, columns: int, rows: int) -> list[Line]:
    """Return the lines of a screen of so many columns and rows."""
    answer = moment.answer
    lines = _head(moment, columns)
    if sentences.is_unknown(answer):
        return lines[:rows]
    tables = [
        _positions(answer, columns),
        _orders(answer, columns),
        _decisions(answer, columns),
    ]
    left = rows - len(lines)
    for number, section in enumerate(tables):
        # Each section that follows keeps a few rows.
        kept = sum(min(len(later), FEWEST_ROWS) for later in tables[number + 1 :])
        shown = _cut(section, max(left - kept, FEWEST_ROWS), columns)
        left -= len(shown)
        lines += shown
    return lines[:rows]


def _head(moment: Moment, columns: int) -> list[Line]:
    answer = moment.answer
    facts = [_problem(moment), _clock(answer), _health(answer), [Line(sentences.session(answer))]]
    if not sentences.is_unknown(answer):
        facts += _money(answer)
    # A low screen has no room for all: what is worst stands first.
    told = sorted((fact for fact in facts if fact), key=lambda fact: _rank(fact[0]))
    said = [Line(sentences.title(answer), STRONG), Line(sentences.clock(answer)), *chain(*told)]
    return [part for line in said for part in _wrapped(line, columns)]


def _rank(line: Line) -> int:
    return WORST_FIRST.index(line.style) if line.style in WORST_FIRST else len(WORST_FIRST)


def _problem(moment: Moment) -> list[Line]:
    if moment.problem is None:
        return []
    # No account is no trouble: there is none before the first session.
    mark = "" if moment.answer.account is None else "CANNOT BE READ: "
    said = [Line(f"{mark}{sentences.problem(moment.problem)}", BAD if mark else WARNING)]
    if moment.answer.problem is None:
        read_at = f"{moment.read_at.astimezone(UTC):%H:%M:%S}"
        said.append(Line(f"What follows was read at {read_at} UTC; it is tried again.", BAD))
    return said


def _clock(answer: LiveAnswer) -> list[Line]:
    warning = answer.session.clock.warning
    return [Line(f"CLOCK: {warning}", BAD)] if warning else []


def _health(answer: LiveAnswer) -> list[Line]:
    first, *troubles = sentences.health(answer)
    said = [Line(first, HEALTH_STYLES.get(answer.health.status, BAD))]
    said += [Line(f"  {trouble}", WARNING) for trouble in troubles[:MOST_TROUBLES]]
    if len(troubles) > MOST_TROUBLES:
        said.append(Line(f"  {len(troubles) - MOST_TROUBLES} more; show-status lists them"))
    return said


def _money(answer: LiveAnswer) -> list[list[Line]]:
    halt, latch = sentences.halt(answer), answer.equity.latch
    return [
        [Line(halt, BAD)] if halt else [],
        [Line(sentences.last_bar(answer), AGE_STYLES.get(answer.last_bar.age, ""))],
        [Line(sentences.equity(answer), STRONG)],
        [] if latch is None else [Line(latch.sentence, BAD if latch.is_reached else "")],
    ]


def _positions(answer: LiveAnswer, columns: int) -> list[Line]:
    held = sorted(answer.positions, key=lambda each: each.unrealized_pnl)
    if not held:
        return [Line(""), Line("Positions: none")]
    names = ["symbol", "shares", "entry", "mark", "stop", "target", "R", "P&L"]
    rows = [_position_cells(each) for each in held]
    if columns < MARK_FROM_COLUMNS:
        place = names.index("mark")
        names, rows = _without(names, place), [_without(row, place) for row in rows]
    open_pnl = cell("pnl", float(sum(each.unrealized_pnl for each in held)))
    styles = [BAD if each.unrealized_pnl < 0 else GOOD for each in held]
    heading = f"Positions: {len(held)}, open {open_pnl} USD, the worst first"
    return _section(heading, names, rows, styles)


def _position_cells(held: PositionAnswer) -> list[str]:
    levels = (held.entry_price, held.mark, held.stop, held.target)
    return [
        held.symbol,
        f"{held.quantity:+,d}",
        *("-" if level is None else price(float(level)) for level in levels),
        "-" if held.open_r is None else f"{held.open_r:+.2f}",
        cell("pnl", float(held.unrealized_pnl)),
    ]


def _orders(answer: LiveAnswer, columns: int) -> list[Line]:
    live = [each for each in answer.orders if each.is_live]
    if not live:
        ended = f", {len(answer.orders):,} of this session have ended" if answer.orders else ""
        return [Line(""), Line(f"Orders: none is live{ended}")]
    names = ["symbol", "leg", "shares", "price", "filled", "status", "why"]
    rows = [
        [
            each.symbol,
            str(each.leg),
            f"{each.quantity:+,d}",
            "market" if each.price is None else price(float(each.price)),
            f"{each.filled:,}",
            str(each.status),
            each.reason,
        ]
        for each in live
    ]
    if columns < REASONS_FROM_COLUMNS:
        names, rows = names[:-1], [row[:-1] for row in rows]
    ended = f"{len(answer.orders) - len(live):,} of this session have ended"
    return _section(f"Orders: {len(live)} live; {ended}", names, rows, [""] * len(rows))


def _decisions(answer: LiveAnswer, columns: int) -> list[Line]:
    if not answer.decisions:
        return [Line(""), Line("Decisions: none yet in this session")]
    newest = sentences.bar_time(answer.decisions[0].bar, answer)
    lines = [Line(""), Line(f"Decisions, the newest first; the last bar began at {newest}", STRONG)]
    if len(answer.symbols) > MOST_TOLD_ALONE:
        lines += [Line(f"  {each.symbols:,} symbols: {each.words}") for each in answer.reasons]
    told = answer.entries if len(answer.symbols) > MOST_TOLD_ALONE else answer.decisions
    for each in told:
        reason = f"{each.reason}: " if columns >= REASONS_FROM_COLUMNS else ""
        entry = "ENTRY: " if each.is_entry else ""
        begun = sentences.bar_time(each.bar, answer)
        text = f"{begun} {each.symbol} {entry}{reason}{each.words}"
        lines.append(Line(text, STRONG if each.is_entry else ""))
    return lines


def _section(
    heading: str, names: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str]
) -> list[Line]:
    # Words stand left, numbers right.
    words = {"symbol", "leg", "status", "why"}
    right = [name for name in names if name not in words]
    first, _, *lines = table_lines(names, rows, right)
    return [
        Line(""),
        Line(heading, STRONG),
        Line(first, "underline"),
        *(Line(text, style) for text, style in zip(lines, styles, strict=True)),
    ]


def _cut(section: list[Line], rows: int, columns: int) -> list[Line]:
    """Return as much of a section as has room, and how much more there is."""
    shown = [Line(_shortened(line.text, columns), line.style) for line in section]
    if len(shown) <= rows:
        return shown
    more = len(shown) - rows + 1
    return [*shown[: rows - 1], Line(f"... and {more:,} more")]


def _wrapped(line: Line, columns: int) -> list[Line]:
    text = plain(line.text)
    indent = " " * (len(text) - len(text.lstrip()))
    parts = textwrap.wrap(text, columns, subsequent_indent=indent + "  ") or [""]
    return [Line(part, line.style) for part in parts]


def _shortened(text: str, columns: int) -> str:
    whole = plain(text)
    return whole if len(whole) <= columns else whole[: columns - 1] + "…"


def _without(values: Sequence[str], place: int) -> list[str]:
    return [*values[:place], *values[place + 1 :]]
