"""Reading the settings: from where each value came, what is wrong, and what looks wrong."""

from __future__ import annotations

import io
import os
import shlex
import stat
from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotenv.parser import parse_stream
from pydantic import ValidationError

from blocks.settings.app_settings import CHOSEN, VARIABLE_OF, AppSettings, is_secret
from blocks.settings.broker import ALPACA, UnreadableBroker
from blocks.settings.checks import complaints_of, is_address
from blocks.settings.variables import FIELD_OF, Fate, find_variable, is_near_miss, nearest_name
from blocks.storage.settings import UnreadableCloud
from trading.errors import BadInput
from trading.parameters import ACCOUNT_GROUPS, StrategyParameters
from trading.plan import BUILT_IN
from trading.strategy_choice import FILE, OwnStrategy

if TYPE_CHECKING:
    from blocks.rulesets.ruleset import Ruleset

ENV_FILE = "OPENBELL_ENV_FILE"
PREFECT = "PREFECT_"
SERVER = "PREFECT_API_URL"
DEFAULT_ENV_FILE = Path(".env")
# Twenty times what names every variable. What is longer is another file.
MOST_BYTES = 256 * 1024
CLOUD_ASKED = "ENABLE_CLOUD_SYNC"
# As pydantic reads them; any other word may mean that a cloud is asked for.
SAYS_NO = frozenset({"false", "f", "no", "n", "off", "0"})
ACTIVE_RULESET = "ACTIVE_RULESET"
STRATEGY = "STRATEGY"
BROKER = "BROKER_TYPE"
ALPACA_KEYS = frozenset({"ALPACA_API_KEY", "ALPACA_SECRET_KEY"})


class Origin(StrEnum):
    """Where a value comes from."""

    DEFAULT = "default"
    RULESET = "ruleset"
    FILE = ".env"
    ENVIRONMENT = "environment"
    BLOCK = "block"


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
    path = _env_file(env_file, variables)
    texts = _read_file(path, problems) if path is not None else {}
    if path is not None and _is_open_to_others(path):
        warnings.append(f"{path} can be read by others. Run: chmod 600 {shlex.quote(str(path))}")
    ours = _checked_environment(variables, warnings)
    # `NAME=` before a command is how a part is switched off that `.env` switches on.
    emptied = {name for name in FIELD_OF if name in variables and name not in ours}
    file = _without(emptied, _checked_file(texts, path, problems))
    ruleset, wrong = _active_ruleset({**file, **ours}, data_dir)
    # Who named it on the command line has no variable to look for.
    named_by = "--ruleset" if ACTIVE_RULESET in (said or {}) else ACTIVE_RULESET
    problems += [f"{named_by}: {each}" for each in wrong]
    blamed |= {ACTIVE_RULESET} if wrong else set()
    try:
        settings = AppSettings.read(ours, file, _values_of(ruleset))
    except ValidationError as error:
        problems += _complaints(error, ours, file)
        blamed |= _blamed(error)
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
            told += _complaints(error, environment, file)
            # Where an error blames nothing more, nothing counts.
            more = _blamed(error) - blamed
            blamed |= more or FIELD_OF.keys()
        else:
            return settings, blamed, told


def _place(location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return group and name of a pydantic place; a strategy's are found under its own name."""
    place = tuple(str(part) for part in location)
    if place[:1] != ("strategy",):
        return place[:2]
    if place[1:2] == (FILE,):
        return tuple(CHOSEN.split(".")) if place[2:3] == ("file",) else ("strategy",)
    own, shared = place[1:3], ("strategy", *place[2:3])
    return own if own in VARIABLE_OF else shared


def _blamed(error: ValidationError) -> set[str]:
    blamed = set()
    for problem in error.errors():
        place = _place(problem["loc"])
        name = VARIABLE_OF.get(place)
        groups = {"strategy", *BUILT_IN} if place[:1] == ("strategy",) else set(place[:1])
        # Where a group does not fit together, none of it counts, and no ruleset that says it.
        group = {v for (g, _), v in VARIABLE_OF.items() if g in groups} | {ACTIVE_RULESET}
        blamed |= {name} if name is not None else group
    return blamed


def _is_secret_of_prefect(name: str) -> bool:
    ends = ("_KEY", "_PASSWORD", "_AUTH_STRING", "_CONNECTION_URL", "_CUSTOM_HEADERS")
    return name.startswith(PREFECT) and name.endswith(ends)


def _is_secret_of_ours(name: str) -> bool:
    return name in FIELD_OF and is_secret(FIELD_OF[name])


def _env_file(given: Path | None, variables: Mapping[str, str]) -> Path | None:
    if given is not None:
        return given
    if variables.get(ENV_FILE):
        return Path(variables[ENV_FILE])
    return DEFAULT_ENV_FILE if DEFAULT_ENV_FILE.exists() else None


def _is_open_to_others(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def _read_file(path: Path, problems: list[str]) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            # Not as its size says: a pipe has none, and a device no end.
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            problems.append(
                f"{path} is longer than {MOST_BYTES // 1024} kB. Name the settings' file"
            )
            return {}
        text = content.decode("utf-8-sig")
    except OSError as error:
        problems.append(f"{path} cannot be read: {error.strerror}. Check its path and permissions")
        return {}
    except UnicodeDecodeError as error:
        problems.append(f"{path} is not UTF-8 text at byte {error.start}. Save it as UTF-8")
        return {}
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text, newline=None)):
        # No word of the line is shown: it may be a secret.
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(f"{path} line {binding.original.line}: not NAME=value. Correct it")
        elif binding.key is not None and binding.value is not None:
            if binding.key in values:
                problems.append(
                    f"{path} line {binding.original.line}: {binding.key} is set twice. Keep one"
                )
            values[binding.key] = binding.value
    return values


def _checked_file(
    texts: Mapping[str, str], path: Path | None, problems: list[str]
) -> dict[str, str]:
    known: dict[str, str] = {}
    for name, text in texts.items():
        variable = find_variable(name)
        if variable is None:
            near = nearest_name(name)
            hint = f"Did you mean {near}?" if near else "See openbell docs settings"
            problems.append(f"{path}: {name} is not known. {hint}")
        elif variable.fate in (Fate.RENAMED, Fate.REFUSED):
            problems.append(f"{path}: {name} is {variable.fate}. {variable.hint}")
        elif "\0" in text:
            problems.append(f"{path}: {name} holds a NUL, which is no letter. Write the value anew")
        elif text.strip():
            known[name] = text.strip()
    return known


def _checked_environment(variables: Mapping[str, str], warnings: list[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for name, text in sorted(variables.items()):
        if name in FIELD_OF:
            if text.strip():
                known[name] = text.strip()
            continue
        variable = find_variable(name)
        # Others use the environment too, so what is not ours is no reason to stop.
        if variable is not None and variable.fate in (Fate.RENAMED, Fate.REFUSED):
            warnings.append(f"{name} in the environment is not used. {variable.hint}")
        elif variable is None and is_near_miss(name):
            warnings.append(
                f"{name} in the environment is not used. Did you mean {nearest_name(name)}?"
            )
    return known


def _complaints(
    error: ValidationError, environment: Mapping[str, str], file: Mapping[str, str]
) -> list[str]:
    lines = []
    for problem in error.errors():
        message = problem["msg"].removeprefix("Value error, ")
        place = _place(problem["loc"])
        name = VARIABLE_OF.get(place)
        if name is None:
            lines.append(f"{place[0] if place else 'settings'}: {message}. Correct these values")
            continue
        origin = Origin.ENVIRONMENT if name in environment else Origin.FILE
        text = environment.get(name, file.get(name, ""))
        given = "" if is_secret(".".join(place)) else f" (given {text[:60]!r} in {origin})"
        lines.append(f"{name}: {message}{given}. Correct this value")
    return lines
