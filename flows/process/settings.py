"""How settings reach a flow run: they are read once, and its logs begin."""

from __future__ import annotations

from pathlib import Path

from blocks.process.logs import get_logger, install_logs, install_mask
from blocks.process.secret_mask import MASK
from blocks.settings.app_settings import AppSettings
from blocks.settings.reader import read_settings
from flows.process.output import leave_the_workers_pipes
from trading.errors import BadInput


def begin_process(data_dir: str | None) -> AppSettings:
    """Return the settings of a flow run's process; a slip in `.env` does not keep it from trading.

    What registration has saved in blocks and deployments was right when it was saved, and wins
    anyway; what is wrong now is logged, and counts as not set; all else counts. Raises BadInput for
    what cannot be a folder.
    """
    if data_dir and "\0" in data_dir:
        raise BadInput("data_dir holds a NUL, which no folder's name does", "Write it anew")
    read = read_settings(data_dir=Path(data_dir) if data_dir else None)
    usable = read.without_blamed()
    settings = usable.required()
    MASK.learn(read.secrets())
    folder = Path(data_dir) if data_dir else settings.operations.data_dir
    leave_the_workers_pipes(folder)
    install_logs(
        folder,
        settings.operations.log_level,
        environment=settings.operations.environment,
        console=None,
    )
    # Prefect's own handlers, which write to the server and to standard error.
    install_mask()
    for line in read.problems:
        get_logger("settings").error("%s", line)
    for line in usable.warnings:
        get_logger("settings").warning("%s", line)
    return settings
