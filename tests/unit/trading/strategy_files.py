"""Strategies as users write them: files of their own, built for tests of linking."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

STRATEGY = '''
"""Enter long at every close above the open, with a stop of a dollar."""
from typing import Literal, NamedTuple
from trading.parameters import StrategyParameters
from trading.reasons import BAR_MISSING, ENTER_LONG, NO_BREAKOUT

MEMORY = 2
{extra}

class Numbers(NamedTuple):
    stop_usd: float

class Parameters(StrategyParameters):
    strategy: Literal["{name}"] = "{name}"
    def needs_indicators(self): return False
    def numbers(self, interval_minutes): return Numbers(1.0)

def observe(numbers, memory, bar, opened, high, low, close, volume):
    memory[0] += 1

def signal(numbers, memory, bar, opened, high, low, close, volume, atr, mean_volume):
    if close != close:
        return BAR_MISSING, 0.0, 0.0
    {body}
    if close > opened:
        return ENTER_LONG, {stop}, 2.0
    return NO_BREAKOUT, 0.0, 0.0
'''


def write_strategy(
    path: Path, *, stop: str = "close - numbers.stop_usd", extra: str = "", body: str = "pass"
) -> ModuleType:
    """Write a strategy's file and return it imported anew."""
    text = STRATEGY.format(name=path.stem, stop=stop, extra=extra, body=body)
    path.write_text(text, encoding="utf-8")
    return import_strategy(path)


def import_strategy(path: Path) -> ModuleType:
    """Return the module of a file, executed now, as a new process would."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    # Byte code on the disk is told apart by whole seconds and the size only.
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module
