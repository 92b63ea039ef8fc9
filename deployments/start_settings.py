"""What `up` has to know of the settings, read by a process of its own.

Their models bring pydantic and numpy, and a supervisor lives for months: 25 MB of it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from blocks.process.apart import NoAnswer, answer_of, tell
from blocks.process.secret_mask import MASK


@dataclass(frozen=True, slots=True)
class StartSettings:
    """The settings of a supervisor itself; all else its children read where they need it.

    `variables` are what the children find `.env` and Prefect's settings by.
    """

    data_dir: str
    shutdown_timeout_seconds: float
    api_host: str
    health_check_port: int
    has_api_token: bool
    allowed_hosts: tuple[str, ...]
    has_dead_man: bool
    copies_leave: bool
    broker_account: str
    variables: dict[str, str]
    secrets: tuple[str, ...]
    warnings: tuple[str, ...]


def configure(env_file: Path | None) -> StartSettings:
    """Return the settings, and let the processes that are started read the same `.env`.

    Raises BadInput: what runs for months is not begun with a slip in it.
    """
    given = str(env_file) if env_file else ""
    try:
        found = answer_of(__name__, given)
    except NoAnswer:
        # As JSON has it, so that both ways are one.
        found = json.loads(json.dumps(_read(given)))
    settings = StartSettings(**cast("dict[str, Any]", found))
    for line in settings.warnings:
        print(f"warning: {line}", file=sys.stderr)
    MASK.learn(settings.secrets)
    # The server and the worker need not run where `.env` is.
    os.environ.update(settings.variables)
    return settings


def _read(env_file: str) -> dict[str, Any]:
    from blocks.settings.env_file import ENV_FILE
    from blocks.settings.reader import read_settings
    from trading.market.listings import listed_elsewhere

    read = read_settings(Path(env_file) if env_file else None)
    settings = read.required()
    of_prefect: dict[str, str] = {}
    read.export_prefect(of_prefect)
    variables = {name: text for name, text in of_prefect.items() if name not in os.environ}
    if read.env_file is not None:
        variables[ENV_FILE] = str(read.env_file.resolve())
    foreign = listed_elsewhere(settings.trading.symbols, settings.trading.exchange)
    operations, api = settings.operations, settings.api
    return asdict(
        StartSettings(
            str(operations.data_dir),
            operations.shutdown_timeout_seconds,
            api.api_host,
            api.health_check_port,
            api.api_token is not None,
            tuple(api.allowed_hosts),
            settings.notifications.deadman_url is not None,
            settings.cloud.is_asked_for,
            settings.broker.account,
            variables,
            tuple(read.secrets()),
            (*read.warnings, *foreign),
        )
    )


if __name__ == "__main__":
    tell(_read)
