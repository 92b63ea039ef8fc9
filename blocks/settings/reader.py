"""Reading the settings: from where each value came, what is wrong, and what looks wrong."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from blocks.settings.app_settings import CHOSEN, VARIABLE_OF, AppSettings, is_secret
from blocks.settings.broker import ALPACA, UnreadableBroker
from blocks.settings.checks import complaints_of, is_address
from blocks.settings.complaints import ACTIVE_RULESET, Origin, blamed_by, complaints
from blocks.settings.env_file import env_file_of, is_open_to_others, read_env_file
from blocks.settings.known_names import known_in_environment, known_in_file
from blocks.settings.variables import FIELD_OF
from blocks.storage.settings import UnreadableCloud
from trading.errors import BadInput
from trading.parameters import ACCOUNT_GROUPS, StrategyParameters
from trading.strategy_choice import OwnStrategy

if TYPE_CHECKING:
    from blocks.rulesets.ruleset import Ruleset

PREFECT = "PREFECT_"
SERVER = "PREFECT_API_URL"
CLOUD_ASKED = "ENABLE_CLOUD_SYNC"
# As pydantic reads them; any other word may mean that a cloud is asked for.
SAYS_NO = frozenset({"false", "f", "no", "n", "off", "0"})
STRATEGY = "STRATEGY"
BROKER = "BROKER_TYPE"
ALPACA_KEYS = frozenset({"ALPACA_API_KEY", "ALPACA_SECRET_KEY"})


@dataclass(frozen=True)
class ReadSettings:
    """What was read; `settings` is None exactly when there are problems.

    `blamed` are the known variables whose values are wrong, `ruleset` is the one that is active.
    """

    settings: AppSettings | None
    env_file: Path | None
    file: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    blamed: frozenset[str] = frozenset()
    ruleset: Ruleset | None = None

    def origin(self, name: str) -> Origin:
        """Return where the value of a variable comes from."""
        if name in self.environment:
            return Origin.ENVIRONMENT
        if name in self.file:
            return Origin.FILE
        return Origin.RULESET if FIELD_OF[name] in _values_of(self.ruleset) else Origin.DEFAULT

    def is_given(self, field_path: str) -> bool:
        """Return whether the user has set `group.name` himself, in a ruleset too."""
        group, _, name = field_path.partition(".")
        return self.origin(VARIABLE_OF[group, name]) != Origin.DEFAULT

    def required(self) -> AppSettings:
        """Return the settings, or raise BadInput with the first problem."""
        if self.settings is None:
            more = len(self.problems) - 1
            see = "See all with: openbell validate-config"
            raise BadInput(self.problems[0] + (f" ({more} more)" if more else ""), see)
        return self.settings

    def without_blamed(self) -> ReadSettings:
        """Return what is right of it: each variable that is to blame counts as not set.

        So does the group that does not fit together without it, which is one more warning. A cloud
        that was asked for is not taken for one that was not: it is an UnreadableCloud, and so a
        broker of whom anything is wrong is an UnreadableBroker: no other is sent his orders.
        """
        ruleset = None if ACTIVE_RULESET in self.blamed else self.ruleset
        settings, blamed, told = _read_usable(self.blamed, self.environment, self.file, ruleset)
        if ACTIVE_RULESET in blamed:
            ruleset = None
        asked = self.environment.get(CLOUD_ASKED, self.file.get(CLOUD_ASKED, "false"))
        if asked.lower() not in SAYS_NO and any(_group_of(name) == "cloud" for name in blamed):
            settings = settings.model_copy(update={"cloud": UnreadableCloud()})
        # A key in question may be one that only bars are asked with.
        if any(_group_of(name) == "broker" for name in blamed) or (
            self.broker_asked == ALPACA and blamed & ALPACA_KEYS
        ):
            settings = settings.model_copy(update={"broker": UnreadableBroker()})
        file, environment = (_without(blamed, v) for v in (self.file, self.environment))
        warnings = (*self.warnings, *told)
        return ReadSettings(
            settings, self.env_file, file, environment, (), warnings, ruleset=ruleset
        )

    @property
    def broker_asked(self) -> str:
        """Return the word that was written for the broker, whether or not it is one."""
        return self.environment.get(BROKER, self.file.get(BROKER, "")).lower()

    def parameters(self) -> dict[str, object]:
        """Return the parameters that the user has set, of the chosen strategy, risk, fills, gate.

        A built-in strategy that is chosen is among them by its name, a file of the user's own
        is not.
        """
        strategy = self.required().strategy
        if isinstance(strategy, OwnStrategy):
            return {**strategy.parameters, **self._of_the_account()}
        chosen = self.required().chosen
        name: dict[str, object] = {"strategy": chosen} if self.is_given(CHOSEN) else {}
        values = strategy.model_dump(mode="json")
        return name | self._given(("strategy", chosen), values) | self._of_the_account()

    def parameters_of_any_strategy(self) -> dict[str, object]:
        """Return those of them that a strategy file takes, whichever strategy is chosen."""
        strategy = self.required().strategy
        values = (
            strategy.parameters
            if isinstance(strategy, OwnStrategy)
            else self._given(("strategy",), strategy.model_dump(mode="json"))
        )
        shared = StrategyParameters.model_fields
        found = {name: value for name, value in values.items() if name in shared}
        return found | self._of_the_account()

    def _of_the_account(self) -> dict[str, object]:
        found: dict[str, object] = {}
        for group in ACCOUNT_GROUPS:
            values = getattr(self.required(), group).model_dump(mode="json")
            found |= self._given((group,), values)
        return found

    def _given(self, groups: Collection[str], values: Mapping[str, object]) -> dict[str, object]:
        return {
            name: values[name]
            for (group, name), variable in VARIABLE_OF.items()
            if group in groups and name in values and self.origin(variable) != Origin.DEFAULT
        }

    def secrets(self) -> list[str]:
        """Return every secret that was read, Prefect's too, for the mask alone."""
        # As they are written: what is wrong with the settings makes no secret less of one.
        return [
            text
            for source in (self.file, self.environment, os.environ)
            for name, text in source.items()
            if text and (_is_secret_of_prefect(name) or _is_secret_of_ours(name))
        ]

    def export_prefect(self, target: MutableMapping[str, str]) -> None:
        """Put Prefect's variables of `.env` where Prefect looks: into a process's environment.

        Prefect takes its settings from nowhere else, and reads them when it is imported. All other
        settings travel as values; boto3's keys are handed to it, and what other libraries look
        for, such as a proxy's address, is not taken from `.env`.
        """
        for name, text in self.file.items():
            if name.startswith(PREFECT):
                target.setdefault(name, text)


def read_settings(
    env_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    said: Mapping[str, str] | None = None,
    data_dir: Path | None = None,
) -> ReadSettings:
    """Read `.env` and the environment; never raises for what they say.

    `said` takes the place of variables: what a command's arguments say. A ruleset is looked for in
    `data_dir` too, that of the settings when left out.
    """
    variables = {**(os.environ if environment is None else environment), **(said or {})}
    problems: list[str] = []
    warnings: list[str] = []
    blamed: set[str] = set()
    path = env_file_of(env_file, variables)
    texts = read_env_file(path, problems) if path is not None else {}
    if path is not None and is_open_to_others(path):
        warnings.append(f"{path} can be read by others. Run: chmod 600 {shlex.quote(str(path))}")
    ours = known_in_environment(variables, warnings)
    # `NAME=` before a command is how a part is switched off that `.env` switches on.
    emptied = {name for name in FIELD_OF if name in variables and name not in ours}
    file = _without(emptied, known_in_file(texts, path, problems))
    ruleset, wrong = _active_ruleset({**file, **ours}, data_dir)
    # Who named it on the command line has no variable to look for.
    named_by = "--ruleset" if ACTIVE_RULESET in (said or {}) else ACTIVE_RULESET
    problems += [f"{named_by}: {each}" for each in wrong]
    blamed |= {ACTIVE_RULESET} if wrong else set()
    try:
        settings = AppSettings.read(ours, file, _values_of(ruleset))
    except ValidationError as error:
        problems += complaints(error, ours, file)
        blamed |= blamed_by(error)
        # The others are looked at all the same, so that everything wrong is said at once.
        settings, _, _ = _read_usable(blamed, ours, file, ruleset)
    for name, complaint in complaints_of(settings):
        problems.append(f"{name}: {complaint}")
        blamed.add(name)
    server = variables.get(SERVER, "").strip() or file.get(SERVER, "")
    if server and not is_address(server):
        problems.append(f"{SERVER}: {server[:60]!r} is no address. Write http://127.0.0.1:4200/api")
        blamed.add(SERVER)
    return ReadSettings(
        None if problems else settings, path, file, ours, tuple(problems), tuple(warnings),
        frozenset(blamed), ruleset,
    )  # fmt: skip


def _without(names: Collection[str], variables: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in variables.items() if name not in names}


def _active_ruleset(
    said: Mapping[str, str], data_dir: Path | None
) -> tuple[Ruleset | None, list[BadInput]]:
    """Return the ruleset that is named, and what is wrong with it; then none is active."""
    name = said.get(ACTIVE_RULESET)
    if name is None:
        return None, []
    # Imported here: few have one, and it brings a reader of YAML.
    from blocks.rulesets.reader import look_at_ruleset

    ruleset, wrong = look_at_ruleset(
        name, data_dir or Path(said.get("DATA_DIR", "data")).expanduser()
    )
    chosen = said.get(STRATEGY)
    if ruleset is not None and chosen not in (None, ruleset.strategy):
        wrong.append(
            BadInput(
                f"ruleset {ruleset.name} is of strategy {ruleset.strategy}, and {STRATEGY} is"
                f" {chosen}",
                "Leave one of them out",
            )
        )
    return None if wrong else ruleset, wrong


def _values_of(ruleset: Ruleset | None) -> dict[str, Any]:
    return {} if ruleset is None else ruleset.values()


def _group_of(name: str) -> str:
    return FIELD_OF.get(name, "").partition(".")[0]


def _read_usable(
    names: Collection[str],
    environment: Mapping[str, str],
    file: Mapping[str, str],
    ruleset: Ruleset | None,
) -> tuple[AppSettings, frozenset[str], list[str]]:
    """Return what fits together without these names, all that is left out, and why more is."""
    blamed, told = frozenset(names), list[str]()
    while True:
        try:
            settings = AppSettings.read(
                _without(blamed, environment),
                _without(blamed, file),
                {} if ACTIVE_RULESET in blamed else _values_of(ruleset),
            )
        except ValidationError as error:
            told += complaints(error, environment, file)
            # Where an error blames nothing more, nothing counts.
            more = blamed_by(error) - blamed
            blamed |= more or FIELD_OF.keys()
        else:
            return settings, blamed, told


def _is_secret_of_prefect(name: str) -> bool:
    ends = ("_KEY", "_PASSWORD", "_AUTH_STRING", "_CONNECTION_URL", "_CUSTOM_HEADERS")
    return name.startswith(PREFECT) and name.endswith(ends)


def _is_secret_of_ours(name: str) -> bool:
    return name in FIELD_OF and is_secret(FIELD_OF[name])
