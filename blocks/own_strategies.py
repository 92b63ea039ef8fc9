"""Strategies of the user's own by their names: files of one folder."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from blocks.strategy_file import load_strategy, refuse_written_by_others
from trading.errors import BadInput
from trading.near_names import nearest_of
from trading.plan import BUILT_IN


def own_strategy(name: str, folder: Path) -> ModuleType:
    """Return the module of a strategy in the user's folder.

    Raises BadInput where there is none of this name, and for what `load_strategy` refuses.
    """
    path = folder / f"{name}.py"
    if path.is_file():
        # The file may be a link to another place: who may change what it leads to is asked too.
        refuse_written_by_others(folder)
        return load_strategy(path)
    names = sorted(each.stem for each in folder.glob("*.py")) if folder.is_dir() else []
    near = nearest_of(name, (*BUILT_IN, *names))
    raise BadInput(
        f"strategy {name} is not built in, and there is no {path}",
        f"Did you mean {near}?" if near else "Put its file there, or correct STRATEGIES_DIR",
    )
