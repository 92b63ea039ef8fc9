"""What tells a run from another: hashes of its bars and of its parameters."""

from __future__ import annotations

import hashlib
import inspect
from types import ModuleType

from blocks.bars.content_hash import BarHashes
from trading.backtest.performance import Json
from trading.market.panel import Panel
from trading.plan import BUILT_IN, RunPlan
from trading.sweep.parameter_set import set_hash_of


def hashes_of(plan: RunPlan, panel: Panel, first_traded: int) -> dict[str, Json]:
    """Return the hashes of the traded bars, of those before them, and of plan and strategy.

    That of the parameters is the `set_hash` of the same set in a sweep.
    """
    bars = BarHashes(panel, first_traded)
    return {
        "bars": bars.traded,
        "past": bars.past,
        "parameters": set_hash_of(plan, strategy_digest(plan.strategy_module)),
    }


def strategy_digest(module: ModuleType) -> str:
    """Return the sha256 of a strategy's source; of a user's file, of what it held when loaded."""
    source = None
    if module not in BUILT_IN.values():
        # Whoever has a user's strategy has imported this already; nobody else has to wait for it.
        from blocks.strategy_file import content_of

        source = content_of(module)
    said = inspect.getsource(module).encode() if source is None else source
    return hashlib.sha256(said).hexdigest()
