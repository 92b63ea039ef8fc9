"""Which parameters of a deployment the settings name: for these `.env` is the truth."""

from __future__ import annotations

from collections.abc import Callable

from blocks.settings.app_settings import VARIABLE_OF
from blocks.settings.complaints import Origin
from blocks.settings.reader import read_settings

# A parameter that is called otherwise than its setting.
_SETTING_OF = {
    "symbols": "trading.symbols",
    "capital": "trading.initial_capital",
    "exchange": "trading.exchange",
    "interval_minutes": "data.bar_interval",
    "market": "data.primary_provider",
    "on_shutdown": "operations.on_shutdown",
    "ruleset": "trading.active_ruleset",
}


def named_parameters() -> Callable[[str], bool]:
    """Return whether the settings name a parameter; a risk and a folder always count as named."""
    read = read_settings()
    # A deployment has the ruleset's name; of its values only those that are set singly.
    chosen = read.without_blamed().required().chosen

    def is_named(parameter: str) -> bool:
        if parameter == "data_dir" or parameter.startswith("risk."):
            return True
        setting = _SETTING_OF.get(parameter, parameter)
        own = f"{chosen}.{setting.partition('.')[2]}"
        variables = [VARIABLE_OF.get(tuple(path.split("."))) for path in (setting, own)]
        return any(
            read.origin(name) in (Origin.FILE, Origin.ENVIRONMENT) for name in variables if name
        )

    return is_named
