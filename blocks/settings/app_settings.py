"""What a user may set: one tree of groups, read from the environment and `.env` by flat names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator
from pydantic.fields import FieldInfo

from blocks.messages.settings import NotificationSettings
from blocks.providers.access import (
    ALPACA_RATE,
    PROVIDERS,
    YAHOO_RATE,
    Adjustment,
    AlpacaAccess,
    Feed,
    ProviderAccess,
)
from blocks.settings.broker import BrokerSettings
from blocks.settings.variables import FIELD_OF
from blocks.storage.settings import CloudSettings
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS
from trading.errors import BadInput
from trading.market.calendar import INTERVALS_MINUTES, exchange_named
from trading.market.symbols import refuse_no_symbols
from trading.parameters import (
    FillParameters,
    GateParameters,
    RiskParameters,
    SelectionParameters,
    StrategyParameters,
)
from trading.plan import BUILT_IN, DEFAULT_STRATEGY, MOST_CAPITAL
from trading.strategies.orb_parameters import OrbParameters
from trading.strategy_choice import AnyStrategy, OwnStrategy, choice_of

# Which strategy is chosen, as `group.name`.
CHOSEN = "strategy.strategy"


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def words_of(value: Any) -> Any:
    """Return a list written as JSON, with commas or with spaces as a tuple of words."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"not a JSON list: {error.msg}") from error
    return tuple(text.replace(",", " ").split())


Words = Annotated[tuple[str, ...], BeforeValidator(words_of)]


class TradingSettings(_Group):
    """What is traded, and with how much money."""

    market_type: Literal["stocks"] = Field(default="stocks", description="Only stocks are traded")
    exchange: str = Field(default="NYSE", description="Exchange calendar of sessions and schedules")
    symbols: Words = Field(
        default=("AAPL", "MSFT", "QQQ", "SPY"),
        description="Symbols in order of precedence: JSON, commas or spaces. A backtest of a file"
        " takes all of it unless this is set",
    )
    initial_capital: float = Field(
        default=10_000.0, gt=0, le=MOST_CAPITAL, description="Money of a new account, USD"
    )
    active_ruleset: str | None = Field(
        default=None,
        description="Name of a ruleset (docs/rulesets.md), whose values take the place of defaults",
    )

    @field_validator("exchange")
    @classmethod
    def _read_exchange(cls, exchange: str) -> str:
        return exchange_named(exchange)

    @field_validator("symbols")
    @classmethod
    def _check_symbols(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(symbol.strip().upper() for symbol in symbols)
        if not names or "" in names:
            raise ValueError("name at least one symbol, such as AAPL,MSFT")
        try:
            refuse_no_symbols(names)
        except BadInput as error:
            raise ValueError(str(error)) from None
        return names


class DataSettings(_Group):
    """Where bars come from and how they are cut."""

    primary_provider: Literal["simulated", "live"] | None = Field(
        default=None,
        description="Bars of a session: live (of PROVIDERS) or simulated. Left out, deployments"
        " are live and the run command is simulated unless --live",
    )
    providers: Words = Field(
        default=PROVIDERS,
        description="Who is asked for bars, in this order; who lacks a key that it needs is left"
        " out",
    )
    finnhub_api_key: SecretStr | None = Field(default=None, description="Key of finnhub.io")
    alpaca_api_key: SecretStr | None = Field(
        default=None, description="Key of alpaca.markets, with ALPACA_SECRET_KEY and ALPACA_FEED"
    )
    alpaca_secret_key: SecretStr | None = Field(
        default=None, description="The other half of ALPACA_API_KEY"
    )
    alpaca_feed: Feed | None = Field(
        default=None,
        description="Whose trades: sip (all exchanges; free but for the last 15 minutes) or iex"
        " (one exchange, some 3 % of the volume; live for free, up to 30 symbols)",
    )
    alpaca_adjustment: Adjustment = Field(
        default=Adjustment.SPLIT,
        description="What Alpaca's prices of the past are adjusted for: raw (nothing), split,"
        " dividend or all",
    )
    alpaca_rate_limit: int = Field(
        default=ALPACA_RATE,
        ge=1,
        le=100_000,
        description="Requests to Alpaca a minute, over all processes of the folder; 200 for free",
    )
    alpaca_data_url: str | None = Field(
        default=None, description="Another address than Alpaca's own, https or of this machine"
    )
    bar_interval: int = Field(default=5, description="Length of a bar, minutes; 5m is read as 5")
    yahoo_rate_limit: float = Field(
        default=YAHOO_RATE,
        gt=0,
        le=100,
        description="Requests to Yahoo a second, over all processes of the folder",
    )
    data_cache_ttl_seconds: float = Field(
        default=2_592_000.0,
        gt=0,
        le=1e10,
        description="Bars of files that are kept for the next backtest go, daily, when they were"
        " not used for so long, seconds",
    )
    settle_seconds: float = Field(
        default=5.0,
        ge=0,
        le=300,
        description="Wait after a bar's end before it is fetched, seconds",
    )
    warm_up_minutes: float = Field(
        default=5.0, gt=0, le=120, description="A session begins so long before the open, minutes"
    )
    tend_seconds: float = Field(
        default=2.0,
        ge=0.2,
        le=60,
        description="How often orders are looked at between bars, seconds",
    )

    def access(self, feed: Feed | None = None) -> ProviderAccess:
        """Return what the providers are asked with; `feed` goes before ALPACA_FEED."""
        key, secret, of = self.alpaca_api_key, self.alpaca_secret_key, feed or self.alpaca_feed
        alpaca = None
        if key is not None and secret is not None and of is not None:
            alpaca = AlpacaAccess(
                key, secret, of, self.alpaca_adjustment, self.alpaca_data_url,
                self.alpaca_rate_limit,
            )  # fmt: skip
        return ProviderAccess(self.providers, self.yahoo_rate_limit, self.finnhub_api_key, alpaca)

    @field_validator("providers")
    @classmethod
    def _check_providers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        lower = tuple(name.lower() for name in names)
        if not lower or len(set(lower)) < len(lower) or not set(lower) <= set(PROVIDERS):
            raise ValueError(f"name each of {', '.join(PROVIDERS)} at most once, such as yahoo")
        return lower

    @field_validator("primary_provider", mode="before")
    @classmethod
    def _is_no_provider_s_name(cls, value: object) -> object:
        if isinstance(value, str) and value.lower() in PROVIDERS:
            raise ValueError(
                f"write live here, and {value.lower()} first in PROVIDERS, which says who is asked"
            )
        return value

    @field_validator("alpaca_feed", "alpaca_adjustment", mode="before")
    @classmethod
    def _read_lower(cls, value: Any) -> Any:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("bar_interval", mode="before")
    @classmethod
    def _read_minutes(cls, value: Any) -> Any:
        if isinstance(value, str):
            text = value.strip().lower()
            return text[:-1] if text.endswith("m") else "60" if text == "1h" else text
        return value

    @field_validator("bar_interval")
    @classmethod
    def _check_minutes(cls, minutes: int) -> int:
        if minutes not in INTERVALS_MINUTES:
            raise ValueError(f"use one of {', '.join(map(str, INTERVALS_MINUTES))} minutes")
        return minutes


class ApiSettings(_Group):
    """What other machines may read."""

    health_check_port: int = Field(
        default=8085,
        ge=1,
        le=65535,
        description="Port of health probes, metrics and the read-only API",
    )
    api_host: str = Field(
        default="127.0.0.1", description="Address it listens at; beyond this machine with API_TOKEN"
    )
    api_cors_origins: Words = Field(
        default=(), description="Web pages that may read it; none by default"
    )
    api_token: SecretStr | None = Field(
        default=None,
        description="The API answers who sends it as Authorization: Bearer, 16 letters",
    )
    allowed_hosts: Words = Field(
        default=(),
        description="More names or addresses by which browsers reach the API and Prefect's page",
    )


class OperationsSettings(_Group):
    """Where things are kept and how the processes behave."""

    environment: str = Field(
        default="development", description="Name in each log line and /health/state"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least serious line of the logs"
    )
    data_dir: Path = Field(
        default=Path("data"), description="Folder of accounts and logs, on a local disk"
    )
    shutdown_timeout_seconds: float = Field(
        default=45.0,
        gt=0,
        le=600,
        description="Sessions have so long to end before they are ended, s",
    )
    on_shutdown: Literal["flatten", "hold"] = Field(
        default="flatten", description="What a live session does when it is stopped in the middle"
    )
    log_retention_days: float = Field(
        default=3.0,
        gt=0,
        le=36_500,
        description="Log lines in telemetry.duckdb are kept so long, days",
    )
    database_timeout_seconds: float = Field(
        default=LOCK_DEADLINE_SECONDS,
        gt=0,
        le=600,
        description="A session waits so long for a store that another process has open, s",
    )
    strategies_dir: Path | None = Field(
        default=None,
        description="Folder of strategies of your own; strategies in the data folder when left out",
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("data_dir", "strategies_dir")
    @classmethod
    def _expand(cls, folder: Path | None) -> Path | None:
        return None if folder is None else folder.expanduser()

    def strategies_folder(self, data_dir: Path) -> Path:
        """Return where strategies of the user's own are."""
        return self.strategies_dir or data_dir / "strategies"


class AppSettings(_Group):
    """Everything that may be set.

    The environment wins over `.env`, that over a ruleset, and that over the defaults.
    """

    trading: TradingSettings = TradingSettings()
    data: DataSettings = DataSettings()
    cloud: CloudSettings = CloudSettings()
    broker: BrokerSettings = BrokerSettings()
    strategy: AnyStrategy = OrbParameters.model_validate({})
    risk: RiskParameters = RiskParameters.model_validate({})
    fills: FillParameters = FillParameters.model_validate({})
    gate: GateParameters = GateParameters.model_validate({})
    notifications: NotificationSettings = NotificationSettings()
    api: ApiSettings = ApiSettings()
    operations: OperationsSettings = OperationsSettings()

    @classmethod
    def read(
        cls,
        environment: Mapping[str, str],
        file: Mapping[str, str],
        ruleset: Mapping[str, Any] | None = None,
    ) -> AppSettings:
        """Return the settings of an environment, a `.env` and a ruleset's values by `group.name`.

        Parameters of strategies that are not chosen are left out. Raises pydantic's error.
        """
        said = dict(ruleset or {})
        for variable, text in {**file, **environment}.items():
            if variable in FIELD_OF:
                said[FIELD_OF[variable]] = _from_json(text)
        chosen = str(said.pop(CHOSEN, DEFAULT_STRATEGY))
        groups: dict[str, dict[str, Any]] = {}
        for field, value in said.items():
            group, _, name = field.partition(".")
            if group not in cls.model_fields or group == "strategy":
                if group not in ("strategy", chosen) or not _is_of(
                    chosen, name, is_of_ruleset=field in (ruleset or {})
                ):
                    continue
                group = "strategy"
            groups.setdefault(group, {})[name] = value
        groups["strategy"] = choice_of(chosen, groups.get("strategy", {}))
        return cls.model_validate(groups)

    def value(self, field: str) -> Any:
        """Return the value of `group.name`; of a strategy that is not chosen, the default."""
        group, _, name = field.partition(".")
        if field == CHOSEN:
            return self.chosen
        if group in self.__class__.model_fields and group != "strategy":
            return getattr(getattr(self, group), name)
        if group in ("strategy", self.chosen):
            shared = self.strategy
            if isinstance(shared, OwnStrategy):
                shared = shared_parameters(shared.parameters)
            if name in type(shared).model_fields:
                return getattr(shared, name)
        return field_info(field).get_default(call_default_factory=True)

    @property
    def chosen(self) -> str:
        """Return the name of the strategy: a built-in one, or a file of the user's own."""
        if isinstance(self.strategy, OwnStrategy):
            return self.strategy.file
        return str(getattr(self.strategy, "strategy", DEFAULT_STRATEGY))

    def secrets(self) -> list[str]:
        """Return every secret that is set, for the mask alone."""
        values = (self.value(field) for field in FIELD_OF.values())
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


VARIABLE_OF = {tuple(field.split(".")): name for name, field in FIELD_OF.items()}


def field_info(field: str) -> FieldInfo:
    """Return what is known of `group.name`."""
    group, _, name = field.partition(".")
    if field == CHOSEN:
        return OrbParameters.model_fields["strategy"]
    if group == "strategy":
        return SelectionParameters.model_fields[name]
    if group in BUILT_IN:
        return _model_of(BUILT_IN[group].Parameters).model_fields[name]
    return _model_of(AppSettings.model_fields[group].annotation).model_fields[name]


def _model_of(model: object) -> type[BaseModel]:
    assert isinstance(model, type) and issubclass(model, BaseModel)
    return model


def _is_of(strategy: str, parameter: str, *, is_of_ruleset: bool) -> bool:
    """Return whether a strategy has a parameter; what a file has of its own a ruleset may name."""
    if strategy in BUILT_IN:
        return parameter in _model_of(BUILT_IN[strategy].Parameters).model_fields
    return is_of_ruleset or parameter in StrategyParameters.model_fields


def shared_parameters(parameters: Mapping[str, Any]) -> StrategyParameters:
    """Return what all strategies have of the parameters of a file."""
    shared = StrategyParameters.model_fields
    return StrategyParameters.model_validate(
        {name: value for name, value in parameters.items() if name in shared}
    )


def is_secret(field: str) -> bool:
    """Return whether a field is never shown."""
    return "SecretStr" in str(field_info(field).annotation)


def shown(value: Any) -> str:
    """Return a value as it is written in `.env`, a secret as stars."""
    if isinstance(value, SecretStr):
        return "********"
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return json.dumps(value)
    if isinstance(value, tuple):
        if all(isinstance(item, str) for item in value):
            return ",".join(value)
        return json.dumps([list(item.model_dump().values()) for item in value])
    return str(value)


def _from_json(text: str) -> Any:
    # Lists of lists, such as the steps of a trailing stop, have no other form on one line.
    if text.strip().startswith("[["):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text
