"""With which plan an account is opened: what is asked for, or that of a session left open."""

from __future__ import annotations

from dataclasses import replace

from flows.session.account.copies import has_ledger
from flows.session.request import DEFAULT_SYMBOLS, SessionRequest
from tasks.session.beginning import PlanBook
from trading.errors import BadInput, together
from trading.market.calendar import exchange_timezone, refuse_interval
from trading.plan import RunPlan, make_plan


def wanted_plan(request: SessionRequest) -> tuple[RunPlan, BadInput | None]:
    """Return the plan that is asked for; while none can be made, that of the session left open.

    What is held is looked after whatever the settings say now. Raises BadInput where no session
    is open.
    """
    try:
        if request.unfit is not None:
            raise request.unfit
        plan = make_plan(
            request.symbols or request.parts.symbols() or DEFAULT_SYMBOLS,
            request.settings,
            exchange=request.exchange,
            interval_minutes=request.interval_minutes,
            capital=request.capital,
            strategy_module=request.strategy_module,
        )
        daily = request.parts.daily(plan)
    except BadInput as error:
        own = _plan_of_open_session(request) if has_ledger(request) else None
        if own is None:
            raise _with_all_else_that_is_wrong(request, error) from error
        return own, error
    return plan if daily is None else replace(plan, daily_bars_sha256=daily.bars.sha256), None


def _with_all_else_that_is_wrong(request: SessionRequest, error: BadInput) -> BadInput:
    """Return an error with what would be refused next, so that it is mended at one go."""
    wrong = [error]
    for check in (
        lambda: refuse_interval(request.interval_minutes),
        lambda: exchange_timezone(request.exchange),
    ):
        try:
            check()
        except BadInput as other:
            wrong += [other] if other.what not in error.what else []
    return together(wrong)


def _plan_of_open_session(request: SessionRequest) -> RunPlan | None:
    ledger = request.parts.ledger(request.account)
    try:
        left = [name for name, is_closed in ledger.sessions() if not is_closed]
        if not left:
            return None
        if ledger.plan_of(left[-1]) is None and not ledger.has_lost_beginning(left[-1]):
            return None
        nothing_asked = make_plan(DEFAULT_SYMBOLS, {})
        plans = PlanBook(ledger, nothing_asked, "", request.strategy_module)
        return plans.beginning_of(left[-1]).plan
    finally:
        ledger.release()
