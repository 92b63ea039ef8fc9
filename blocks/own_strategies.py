"""Strategies of the user's own by their names: files of one folder."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from blocks.rulesets.ruleset import Ruleset, wrong_parameters
from blocks.strategy_file import load_strategy, refuse_written_by_others
from trading.errors import BadInput, together
from trading.near_names import nearest_of
from trading.plan import BUILT_IN


def own_strategy(name: str, folder: Path, ruleset: Ruleset | None = None) -> ModuleType:
    """Return the module of a strategy in the user's folder, `ruleset` being what sets it.

    Raises BadInput where there is none of this name, for what `load_strategy` refuses, and for
    what a ruleset says of it that its parameters are not.
    """
    path = folder / f"{name}.py"
    if path.is_file():
        # The file may be a link to another place: who may change what it leads to is asked too.
        refuse_written_by_others(folder)
        module = load_strategy(path)
        wrong = [] if ruleset is None else wrong_parameters(ruleset, module)
        if wrong:
            raise together(wrong)
        return module
    names = sorted(each.stem for each in folder.glob("*.py")) if folder.is_dir() else []
    near = nearest_of(name, (*BUILT_IN, *names))
    raise BadInput(
        f"strategy {name} is not built in, and there is no {path}",
        f"Did you mean {near}?" if near else "Put its file there, or correct STRATEGIES_DIR",
    )
