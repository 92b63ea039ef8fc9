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

from dotenv.parser import parse_stream
from pydantic import ValidationError

from blocks.settings.app_settings import VARIABLE_OF, AppSettings, is_secret
from blocks.settings.checks import complaints_of, is_address
from blocks.settings.variables import FIELD_OF, Fate, find_variable, is_near_miss, nearest_name
from blocks.storage.settings import UnreadableCloud
from trading.errors import BadInput

ENV_FILE = "OPENBELL_ENV_FILE"
PREFECT = "PREFECT_"
SERVER = "PREFECT_API_URL"
DEFAULT_ENV_FILE = Path(".env")
CLOUD_ASKED = "ENABLE_CLOUD_SYNC"
# As pydantic reads them; any other word may mean that a cloud is asked for.
SAYS_NO = frozenset({"false", "f", "no", "n", "off", "0"})
# What a strategy of the user's own has as well; the other parameters are the breakout's.
GROUPS_OF_PARAMETERS = ("strategy", "risk", "fills", "gate")


class Origin(StrEnum):
    """Where a value comes from."""

    DEFAULT = "default"
    FILE = ".env"
    ENVIRONMENT = "environment"
    BLOCK = "block"


@dataclass(frozen=True)
class ReadSettings:
    """What was read; `settings` is None exactly when there are problems.

    `blamed` are the known variables whose values are wrong.
    """

    settings: AppSettings | None
    env_file: Path | None
    file: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    blamed: frozenset[str] = frozenset()

    def origin(self, name: str) -> Origin:
        """Return where the value of a variable comes from."""
        if name in self.environment:
            return Origin.ENVIRONMENT
        return Origin.FILE if name in self.file else Origin.DEFAULT

    def is_given(self, field_path: str) -> bool:
        """Return whether the user has set `group.name` himself."""
        group, _, name = field_path.partition(".")
        return self.origin(VARIABLE_OF[group, name]) != Origin.DEFAULT

    def required(self) -> AppSettings:
        """Return the settings, or raise BadInput with the first problem."""
        if self.settings is None:
            more = len(self.problems) - 1
            see = "See all with: python -m flows validate-config"
            raise BadInput(self.problems[0] + (f" ({more} more)" if more else ""), see)
        return self.settings

    def without_blamed(self) -> ReadSettings:
        """Return what is right of it: each variable that is to blame counts as not set.

        So does the group that does not fit together without it, which is one more warning. A cloud
        that was asked for is not taken for one that was not: it is an UnreadableCloud.
        """
        settings, blamed, told = _read_usable(self.blamed, self.environment, self.file)
        asked = self.environment.get(CLOUD_ASKED, self.file.get(CLOUD_ASKED, "false"))
        if asked.lower() not in SAYS_NO and any(_group_of(name) == "cloud" for name in blamed):
            settings = settings.model_copy(update={"cloud": UnreadableCloud()})
        file, environment = (_without(blamed, v) for v in (self.file, self.environment))
        warnings = (*self.warnings, *told)
        return ReadSettings(settings, self.env_file, file, environment, (), warnings)

    def parameters(self) -> dict[str, object]:
        """Return the strategy, risk, fill and gate parameters that the user has set himself."""
        settings = self.required()
        return {
            name: getattr(settings, group).model_dump(mode="json")[name]
            for (group, name), variable in VARIABLE_OF.items()
            if group in GROUPS_OF_PARAMETERS and self.origin(variable) != Origin.DEFAULT
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
    env_file: Path | None = None, environment: Mapping[str, str] | None = None
) -> ReadSettings:
    """Read `.env` and the environment; never raises for what they say."""
    variables = os.environ if environment is None else environment
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
    try:
        settings = AppSettings.read(ours, file)
    except ValidationError as error:
        problems += _complaints(error, ours, file)
        blamed |= _blamed(error)
        # The others are looked at all the same, so that everything wrong is said at once.
        settings, _, _ = _read_usable(blamed, ours, file)
    for name, complaint in complaints_of(settings):
        problems.append(f"{name}: {complaint}")
        blamed.add(name)
    server = variables.get(SERVER, "").strip() or file.get(SERVER, "")
    if server and not is_address(server):
        problems.append(f"{SERVER}: {server[:60]!r} is no address. Write http://127.0.0.1:4200/api")
        blamed.add(SERVER)
    return ReadSettings(
        None if problems else settings, path, file, ours, tuple(problems), tuple(warnings),
        frozenset(blamed),
    )  # fmt: skip


def _without(names: Collection[str], variables: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in variables.items() if name not in names}


def _group_of(name: str) -> str:
    return FIELD_OF.get(name, "").partition(".")[0]


def _read_usable(
    names: Collection[str], environment: Mapping[str, str], file: Mapping[str, str]
) -> tuple[AppSettings, frozenset[str], list[str]]:
    """Return what fits together without these names, all that is left out, and why more is."""
    blamed, told = frozenset(names), list[str]()
    while True:
        try:
            settings = AppSettings.read(_without(blamed, environment), _without(blamed, file))
        except ValidationError as error:
            told += _complaints(error, environment, file)
            # Where an error blames nothing more, nothing counts.
            more = _blamed(error) - blamed
            blamed |= more or FIELD_OF.keys()
        else:
            return settings, blamed, told


def _blamed(error: ValidationError) -> set[str]:
    blamed = set()
    for problem in error.errors():
        place = tuple(str(part) for part in problem["loc"][:2])
        name = VARIABLE_OF.get(place)
        # Where a group does not fit together, none of it counts.
        group = {v for (g, _), v in VARIABLE_OF.items() if place and g == place[0]}
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
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        problems.append(f"{path} cannot be read: {error.strerror}. Check its path and permissions")
        return {}
    except UnicodeDecodeError as error:
        problems.append(f"{path} is not UTF-8 text at byte {error.start}. Save it as UTF-8")
        return {}
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
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
            hint = f"Did you mean {near}?" if near else "See docs/settings.md"
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
        place = tuple(str(part) for part in problem["loc"][:2])
        name = VARIABLE_OF.get(place)
        if name is None:
            lines.append(f"{place[0] if place else 'settings'}: {message}. Correct these values")
            continue
        origin = Origin.ENVIRONMENT if name in environment else Origin.FILE
        text = environment.get(name, file.get(name, ""))
        given = "" if is_secret(".".join(place)) else f" (given {text[:60]!r} in {origin})"
        lines.append(f"{name}: {message}{given}. Correct this value")
    return lines
