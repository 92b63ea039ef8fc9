"""The one table of variables: which are read, which were renamed, and which are refused and why.

docs/settings.md and .env.example are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache

from trading.near_names import edit_distance, nearest_of
from trading.parameters import SelectionParameters
from trading.plan import BUILT_IN


class Fate(StrEnum):
    """What became of a variable of the reference system."""

    KEPT = "kept"
    NEW = "new"
    PASSED_ON = "passed on"
    RENAMED = "renamed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable; `field` is `group.name` where it is read, `hint` what to do where it is not.

    A name with a star stands for all that match it. The group of a parameter that all strategies
    have is `strategy`, of any other the name of its strategy.
    """

    name: str
    fate: Fate
    field: str = ""
    hint: str = ""


def _kept(group: str, *names: str) -> tuple[Variable, ...]:
    return tuple(Variable(name, Fate.KEPT, f"{group}.{name.lower()}") for name in names)


def _new(group: str, *names: str) -> tuple[Variable, ...]:
    return tuple(Variable(name, Fate.NEW, f"{group}.{name.lower()}") for name in names)


def _parameters(group: str, fate: Fate, **fields: str) -> tuple[Variable, ...]:
    return tuple(Variable(name, fate, f"{group}.{field}") for name, field in fields.items())


def _renamed(**hints: str) -> tuple[Variable, ...]:
    return tuple(Variable(name, Fate.RENAMED, hint=hint) for name, hint in hints.items())


def _refused(hint: str, *names: str) -> tuple[Variable, ...]:
    return tuple(Variable(name, Fate.REFUSED, hint=hint) for name in names)


# What the reference calls parameters of the opening range; all others are called by their strategy.
_OF_THE_REFERENCE = {
    "range_minutes": "ORB_DURATION_MINUTES",
    "min_body": "ORB_BODY_PCT_FILTER",
    "target_multiple": "TAKE_PROFIT_MULTIPLIER",
    "volume_filter": "USE_VOLUME_FILTER",
    "volume_threshold": "VOLUME_THRESHOLD",
}


def _of_strategies() -> Iterator[Variable]:
    """Yield a variable for each parameter of a strategy, so that a new one needs no line here."""
    shared = SelectionParameters.model_fields
    yield from (Variable(field.upper(), Fate.NEW, f"strategy.{field}") for field in shared)
    for strategy, module in BUILT_IN.items():
        for field in module.Parameters.model_fields:
            if field in shared or field == "strategy":
                continue
            known = _OF_THE_REFERENCE.get(field) if strategy == "orb" else None
            name = known or f"{strategy}_{field}".upper()
            yield Variable(name, Fate.KEPT if known else Fate.NEW, f"{strategy}.{field}")


VARIABLES: tuple[Variable, ...] = (
    *_kept("trading", "MARKET_TYPE", "EXCHANGE", "SYMBOLS", "INITIAL_CAPITAL", "ACTIVE_RULESET"),
    *_kept("data", "PRIMARY_PROVIDER", "FINNHUB_API_KEY"),
    *_new("data", "PROVIDERS", "ALPACA_API_KEY", "ALPACA_SECRET_KEY", "ALPACA_FEED"),
    *_new("data", "ALPACA_ADJUSTMENT", "ALPACA_RATE_LIMIT", "ALPACA_DATA_URL"),
    *_new("data", "BAR_INTERVAL", "SETTLE_SECONDS", "WARM_UP_MINUTES", "TEND_SECONDS"),
    *_kept("data", "YAHOO_RATE_LIMIT", "DATA_CACHE_TTL_SECONDS"),
    *_kept("cloud", "ENABLE_CLOUD_SYNC", "CLOUD_PROVIDER", "CLOUD_CONTAINER"),
    *_kept("cloud", "AZURE_STORAGE_CONNECTION_STRING", "AWS_ACCESS_KEY_ID"),
    *_kept("cloud", "AWS_SECRET_ACCESS_KEY"),
    *_new("cloud", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"),
    *_kept("broker", "BROKER_TYPE"),
    *_new("broker", "TRADING_MODE", "I_ACCEPT_REAL_MONEY"),
    *_new("broker", "ALPACA_BASE_URL", "ALPACA_STREAM_URL"),
    Variable("STRATEGY", Fate.NEW, "strategy.strategy"),
    *_of_strategies(),
    *_parameters("risk", Fate.KEPT, MAX_POSITION_SIZE="max_position_pct"),
    *_new("risk", "RISK_PER_TRADE", "MAX_POSITIONS", "MAX_ORDERS_PER_SESSION"),
    *_new("risk", "MAX_DAILY_LOSS_PCT", "SIZING", "RISK_USD", "MAX_SHARES", "LEVERAGE"),
    *_new("risk", "MAX_DRAWDOWN_PCT"),
    *_parameters("risk", Fate.NEW, SHARES_PER_ENTRY="shares"),
    *_new("fills", "SLIPPAGE_BPS", "VOLATILITY_FACTOR", "IMPACT_FACTOR", "MAX_PARTICIPATION"),
    *_new("fills", "COMMISSION_PER_SHARE", "COMMISSION_MINIMUM", "SEC_FEE_PER_MILLION"),
    *_new("fills", "TAF_PER_SHARE", "TAF_MAXIMUM"),
    *_new("gate", "GATE_SPIKE", "GATE_JUMP", "GATE_GAP", "GATE_STALE", "GATE_ZERO_VOLUME"),
    *_kept("notifications", "DISCORD_WEBHOOK_URL", "NOTIFY_ROUTINE", "NOTIFY_ON_TRADE"),
    *_kept("notifications", "NOTIFY_ON_ERROR"),
    *_new("notifications", "NOTIFY_URLS", "DEADMAN_URL"),
    *_kept("api", "HEALTH_CHECK_PORT"),
    *_new("api", "API_HOST", "API_CORS_ORIGINS", "API_TOKEN", "ALLOWED_HOSTS"),
    *_kept("operations", "ENVIRONMENT", "LOG_LEVEL", "SHUTDOWN_TIMEOUT_SECONDS"),
    *_new("operations", "ON_SHUTDOWN", "DATA_DIR", "LOG_RETENTION_DAYS"),
    *_new("operations", "DATABASE_TIMEOUT_SECONDS", "STRATEGIES_DIR"),
    Variable("PREFECT_*", Fate.PASSED_ON, hint="Prefect reads it itself"),
    *_renamed(
        DATABASE_PATH="Write DATA_DIR, the folder: each account has files of its own in it",
        MODE="Write TRADING_MODE: MODE alone is everybody's name",
        BAR_INTERVALS="Write BAR_INTERVAL with one length, such as 5m",
        ENTRY_CUTOFF_TIME="Write ENTRY_CUTOFF_MINUTES, minutes before the session's own close",
        STOP_LOSS_AT_LEVEL="Write ORB_STOP=range for true, ORB_STOP=atr for false",
        TAKE_PROFIT_PCT="Write TAKE_PROFIT_MULTIPLIER, in opening ranges or ATR (ORB_TARGET)",
        STOP_LOSS_PCT="Write ORB_STOP=range, or ORB_STOP=atr with ORB_STOP_ATR",
        AWS_DEFAULT_REGION="Write AWS_REGION",
        LOCAL_RETENTION_DAYS="Write LOG_RETENTION_DAYS",
        TICK_LOG_TTL_DAYS="Write LOG_RETENTION_DAYS; ticks are not logged",
        API_KEY="Write FINNHUB_API_KEY",
    ),
    *_refused("Every position has a stop; ORB_STOP says where", "USE_STOP_LOSS"),
    *_refused("Sessions open and close as the calendar of EXCHANGE says",
              "ORB_START_TIME", "MARKET_CLOSE_TIME"),
    *_refused("Positions are left FLATTEN_MINUTES before the close; what an outage leaves open is"
              " taken up by the next session", "CARRYOVER_POSITION_POLICY"),
    *_refused("Bars are taken at their end plus SETTLE_SECONDS, orders every TEND_SECONDS",
              "POLL_INTERVAL_WITH_POSITION", "POLL_INTERVAL_NO_POSITION"),
    *_refused("A request is tried again as long as its step has time", "YAHOO_RETRY_COUNT"),
    *_refused("Ticks are not logged; every bar that was consumed is in the journal",
              "LOG_FINNHUB_TICKS", "TICK_LOG_DIR"),
    *_refused("A copy is stored after each session, not every so often", "SYNC_INTERVAL_SECONDS"),
    *_refused("Write PROVIDERS with the names of those that are asked, in their order",
              "SECONDARY_PROVIDER"),
    *_refused("Polygon is not supported; PROVIDERS says who is asked", "POLYGON_*"),
    *_refused("Interactive Brokers is not supported; BROKER_TYPE is mock or alpaca",
              "IB_*", "IBC_*", "HEALTH_CHECK_SYMBOL"),
    *_refused("Health is always checked; remove it", "HEALTH_CHECK_ENABLED"),
    *_refused("Use CLOUD_PROVIDER=aws or azure", "OCI_*"),
    *_refused("There is no Supabase; read /metrics and /api of HEALTH_CHECK_PORT instead",
              "SUPABASE_*", "REMOTE_ENABLED", "REMOTE_PROVIDER", "PUBLISH_INTERVAL_SECONDS"),
    *_refused("Metrics are always recorded in telemetry.duckdb and trades in the ledger",
              "ENABLED", "OPERATIONAL_METRICS_*", "LOCAL_DATABASE_PATH", "LOCAL_PRICE_DB_PATH",
              "LOCAL_DASHBOARD_DB_PATH", "LOCAL_OUTBOX_DB_PATH", "PRICE_TIMEFRAMES"),
    *_refused("Accounts are named by --account: paper, simulated, replay ...", "ACCOUNT_ID"),
)  # fmt: skip

FIELD_OF = {variable.name: variable.field for variable in VARIABLES if variable.field}
_PLAIN = {variable.name: variable for variable in VARIABLES}
_STARRED = tuple(variable for variable in VARIABLES if "*" in variable.name)


def find_variable(name: str) -> Variable | None:
    """Return what the table says of a name, None where it says nothing."""
    if name in _PLAIN:
        return _PLAIN[name]
    return next((found for found in _STARRED if fnmatchcase(name, found.name)), None)


def nearest_name(name: str) -> str | None:
    """Return the name of the table that somebody probably meant, if one is near."""
    # The reference's nested form: DATA__FINNHUB_API_KEY.
    wanted = name.upper().rpartition("__")[2]
    return nearest_of(wanted, (known for known in _PLAIN if "*" not in known))


@cache
def is_near_miss(name: str) -> bool:
    """Return whether a name of the environment looks like one of ours with a slip of the pen."""
    slips = 2 if len(name) >= 9 else 1
    return any(
        len(known) >= 6 and 0 < edit_distance(name, known, slips) <= slips for known in FIELD_OF
    )
