"""The page in plain HTML, for a browser without script: true at the moment when it was made."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from api.live.controls import ControlsAnswer
from blocks.live.answers import DayAnswer, LiveAnswer, PlanAnswer
from blocks.report.html.markup import element, items, number, percent, table, wrap
from trading.counted import counted


def live_summary(seen: LiveAnswer, controls: ControlsAnswer, place: str) -> str:
    """Return what the live page shows at its top, its positions, trades and the way to stop it.

    `place` is the path below which the account's sessions are shown.
    """
    zone = ZoneInfo(seen.session.clock.zone)
    made = _time(seen.session.clock.machine, zone)
    parts = [
        element(
            "p", f"This page was made at {made} ({zone.key}). Load it again for what came since."
        ),
    ]
    if seen.problem is not None:
        problem = problem_summary(seen.problem.what, seen.problem.hint)
        return "".join([*parts, problem, _others(seen)])
    equity, latch = seen.equity, seen.equity.latch
    rows = [
        ("Account", seen.account_words),
        ("Health", f"{seen.health.status}. {seen.health.sentence}"),
        ("Session", seen.session.sentence),
        *_origin(seen),
        ("Last bar", seen.last_bar.sentence),
        ("Equity", f"{number(equity.equity)} USD"),
        (
            "P&L of the session",
            f"{number(equity.day_pnl, '+,.2f')} USD, {percent(equity.day_pnl_pct)}",
        ),
        ("Day-loss limit", latch.sentence if latch else "No session was traded yet."),
    ]
    if seen.halt is not None:
        why = f"{seen.halt.command} since {_time(seen.halt.since, zone)}: {seen.halt.reason}"
        rows.insert(2, ("Halted", why))
    parts += [_facts(rows), element("h2", "Positions"), _positions(seen)]
    parts += [element("h2", "Trades, what cost most first"), _trades(seen)]
    parts += [element("h2", "Stop it"), element("p", controls.sentence)]
    parts.append(
        wrap(
            "ul",
            "".join(
                wrap(
                    "li",
                    element("a", control.name.capitalize(), href=control.url)
                    if control.url
                    else element("code", control.command),
                )
                for control in controls.controls
            ),
        )
    )
    parts += [element("h2", "Sessions"), _days(seen, place)]
    return "".join([*parts, _others(seen)])


def day_summary(day: DayAnswer, place: str) -> str:
    """Return what a session's page shows: its result, its trades and why they were entered."""
    result = day.result
    rows = [
        ("Account", day.account_words),
        ("Session", f"{day.session}, {'closed' if day.is_closed else 'not closed yet'}"),
        *_simulated(day.plan),
        ("Equity at its end", f"{number(None if result is None else float(result.equity))} USD"),
        ("P&L", f"{number(None if result is None else float(result.pnl), '+,.2f')} USD"),
        ("Trades", str(len(day.trades))),
    ]
    entries = [
        f"{each.symbol}, {each.time:%H:%M} UTC: {each.words}; {each.outcome}"
        for each in day.entries
    ]
    return "".join(
        [
            _facts(rows),
            element("h2", "Trades, what cost most first"),
            _trades(day),
            element("h2", "Why they were entered"),
            wrap("ul", items(entries)),
            wrap("p", element("a", "Back to today", href=f"{place}/")),
        ]
    )


def _origin(seen: LiveAnswer) -> list[tuple[str, str]]:
    """Return what must be known before any figure is believed."""
    told = seen.session.clock
    rows = _simulated(seen.session.plan)
    if told.warning:
        rows.insert(0, ("Clock", told.warning))
    if told.is_replayed:
        now = _time(told.now, ZoneInfo(told.zone))
        rows.append(("Replay", f"Its clock says {now} ({told.zone}), which is not now."))
    return rows


def _simulated(plan: PlanAnswer | None) -> list[tuple[str, str]]:
    if plan is None or not plan.is_simulated:
        return []
    return [("SIMULATED", "These bars are of no real market.")]


def problem_summary(what: str, hint: str) -> str:
    """Return why there is nothing to show."""
    return element("p", f"{what}. {hint}", class_="problem")


def _facts(rows: list[tuple[str, str]]) -> str:
    cells = [
        wrap("tr", element("th", name, scope="row") + element("td", text)) for name, text in rows
    ]
    return wrap("table", wrap("tbody", "".join(cells)), class_="facts")


def _positions(seen: LiveAnswer) -> str:
    if not seen.positions:
        return element("p", "Nothing is held.")
    rows = [
        _row(
            each.symbol,
            f"{each.quantity:+,}",
            *(
                number(None if value is None else float(value))
                for value in (each.entry_price, each.stop, each.target, each.open_r)
            ),
            number(float(each.unrealized_pnl), "+,.2f"),
        )
        for each in seen.positions
    ]
    return table(("Symbol", "Shares", "Entry", "Stop", "Target", "Open R", "P&L, USD"), rows)


def _trades(seen: LiveAnswer | DayAnswer) -> str:
    if not seen.trades:
        return element("p", "No trade was closed.")
    rows = [
        _row(
            trade.symbol,
            trade.side,
            f"{trade.quantity:,}",
            number(float(trade.entry_price)),
            number(None if trade.exit_price is None else float(trade.exit_price)),
            trade.exit_reason or "",
            number(None if trade.pnl is None else float(trade.pnl), "+,.2f"),
        )
        for trade in seen.trades
    ]
    return table(("Symbol", "Side", "Shares", "Entry", "Exit", "Why it was left", "P&L, USD"), rows)


def _others(seen: LiveAnswer) -> str:
    if not seen.others:
        return ""
    links = [wrap("li", element("a", each.words, href=each.address)) for each in seen.others]
    return element("h2", "Other accounts of this folder") + wrap("ul", "".join(links))


def _days(seen: LiveAnswer, place: str) -> str:
    if not seen.equity.days:
        return element("p", "No session was traded yet.")
    links = [
        wrap(
            "li",
            element("a", str(day.session), href=f"{place}/sessions/{day.session}")
            + element(
                "span", f" {number(float(day.pnl), '+,.2f')} USD, {counted(day.trades, 'trade')}"
            ),
        )
        for day in seen.equity.days[:60]
    ]
    return wrap("ul", "".join(links))


def _row(*cells: str) -> str:
    return wrap("tr", "".join(element("td", cell) for cell in cells))


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
