"""The settings of folders, logs and processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from blocks.settings.group import Group
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS


class OperationsSettings(Group):
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
