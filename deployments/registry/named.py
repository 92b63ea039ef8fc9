"""Which parameters of a deployment the settings name: for these `.env` is the truth."""

from __future__ import annotations

from collections.abc import Callable

from blocks.settings.reader import read_settings

# A parameter that is called otherwise than its setting.
_SETTING_OF = {
    "symbols": "trading.symbols",
    "capital": "trading.initial_capital",
    "exchange": "trading.exchange",
    "interval_minutes": "data.bar_interval",
    "market": "data.primary_provider",
    "on_shutdown": "operations.on_shutdown",
}
_GROUPS = ("strategy.", "risk.", "fills.", "gate.")


def named_parameters() -> Callable[[str], bool]:
    """Return whether the settings name a parameter; a risk and a folder always count as named."""
    read = read_settings()

    def is_named(parameter: str) -> bool:
        if parameter == "data_dir" or parameter.startswith("risk."):
            return True
        setting = _SETTING_OF.get(parameter, parameter)
        known = setting in _SETTING_OF.values() or setting.startswith(_GROUPS)
        return known and setting != "strategy.strategy" and read.is_given(setting)

    return is_named
