"""Sets run over their bars, chunk by chunk, each chunk kept as soon as it is done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from types import ModuleType

import polars as pl

from blocks.process.memory import give_back_heaps
from tasks.backtest.engine_version import engine_version
from tasks.backtest.run import Progress
from tasks.sweep.batch import (
    Refused,
    Runs,
    by_market,
    chunk_size,
    chunks_of,
    loaded_base,
    plan_base,
)
from tasks.sweep.chunk import (
    Chunk,
    ChunkRunner,
    have_at_hand,
    market_at_hand,
    plan_of_set,
    run_here,
    strategy_of,
)
from tasks.sweep.chunk_files import WHY, keep_chunk, read_chunk
from tasks.sweep.folder import BARS
from tasks.sweep.market import Market, MarketKey, kept_for_others, load_market
from tasks.sweep.record import refuse_other_bars
from tasks.sweep.request import LOCAL, SweepRequest
from trading.backtest.performance import Json
from trading.errors import BadInput, StoreUnavailable
from trading.plan import RunPlan
from trading.sweep.parameter_set import ParameterSet
from trading.sweep.table import SET_NUMBER


@dataclass(frozen=True, slots=True)
class Place:
    """Where a set was run: which bars, by their key and their hash."""

    key: MarketKey
    bars_hash: str


class SetRunner:
    """Runs sets of one request, in one or more batches, and remembers what became of them.

    `tables` are rows of figures with `set_number` and `set_hash`, `refused` the sets without,
    `places` where each set of the tables was run, `markets` the bars without their prices,
    `kept` how many sets an earlier run had done.
    """

    def __init__(
        self, request: SweepRequest, module: ModuleType, tell: Progress, runner: ChunkRunner | None
    ) -> None:
        self.tables: list[pl.DataFrame] = []
        self.refused: list[Refused] = []
        self.places: dict[int, Place] = {}
        self.markets: dict[MarketKey, Market] = {}
        self.chunk_hashes: set[str] = set()
        self.kept = 0
        self._request = request
        self._tell = tell
        self._runner = runner or run_here
        self._base = plan_base(request.base)
        self.strategy = strategy_of(module)
        self.engine = engine_version(module)
        self._runs = Runs(
            module,
            self.strategy,
            self.engine,
            request.out / BARS,
            request.workers or os.cpu_count() or 1,
        )

    def code_record(self) -> dict[str, Json]:
        """Return with what code sets are run, as sweep.json has it."""
        return {
            "engine_version": self.engine,
            "strategy": {"name": self.strategy.name, "sha256": self.strategy.digest},
        }

    def run(self, sets: Sequence[ParameterSet], total: int) -> list[pl.DataFrame]:
        """Return tables of sets that were run, of which all batches together have `total`."""
        before = len(self.tables)
        groups, refused = by_market(sets, self._base, self._runs.module)
        self.refused += refused
        for key, members in groups.items():
            try:
                market = self._market_of(key)
            except BadInput as error:
                self.refused += [Refused(each.number, each.values, str(error)) for each in members]
                continue
            refuse_other_bars(self._request.out, market.hash)
            size = chunk_size(len(sets), len(groups), market.panel.close.size)
            chunks = chunks_of(members, market, self._base, self._runs, size)
            for chunk, table in self._ran(chunks, market, total):
                self._take(chunk, table, Place(key, market.hash))
        return self.tables[before:]

    def plan_and_market(self, each: ParameterSet) -> tuple[RunPlan, Market]:
        """Return the plan of a set that was run, and its bars."""
        place = self.places[each.number]
        market = self._market_of(place.key)
        base = loaded_base(self._base, market)
        return plan_of_set(base, each.values, self._runs.module), market

    def _market_of(self, key: MarketKey) -> Market:
        known = self.markets.get(key)
        market = None if known is None else market_at_hand(known.hash)
        if market is None:
            self._tell("loading bars", 0, 1)
            market = load_market(self._request.base, key)
            # Reading took some times what the bars take.
            give_back_heaps()
            have_at_hand(market)
            self.markets[key] = market.without_prices()
        return market

    def _ran(
        self, chunks: list[Chunk], market: Market, total: int
    ) -> Iterator[tuple[Chunk, pl.DataFrame]]:
        """Yield every chunk with its table, those first that an earlier run has finished."""
        out = self._request.out
        missing = {}
        for chunk in chunks:
            table = read_chunk(out, chunk)
            if table is None:
                missing[chunk.hash] = chunk
            else:
                self.kept += len(chunk.sets)
                yield chunk, table
        if not missing:
            return
        before = len(self.places) + len(self.refused)

        def tell(done: int, of: int) -> None:
            # The time that is left is that of the sets that are run now.
            self._tell(f"{before + done:,} of {total:,} sets", done, total - before)

        # Machine code may have to be made first, which has no measure.
        self._tell(f"{before:,} of {total:,} sets, starting the engine", 0, 1)
        others = self._request.runner != LOCAL
        with kept_for_others(self._runs.bars_folder, market) if others else nullcontext():
            for result in self._runner(list(missing.values()), tell):
                # A chunk that was run twice, as after a worker's death, counts once.
                done = missing.pop(result.hash, None)
                if done is None:
                    continue
                keep_chunk(out, done, result)
                table = read_chunk(out, done)
                if table is None:
                    raise StoreUnavailable(
                        f"a chunk in {out} cannot be read back", "Check its disk"
                    )
                yield done, table

    def _take(self, chunk: Chunk, table: pl.DataFrame, place: Place) -> None:
        self.chunk_hashes.add(chunk.hash)
        for each, why in zip(chunk.sets, table[WHY], strict=True):
            if why is None:
                self.places[each.number] = place
            else:
                self.refused.append(Refused(each.number, each.values, why))
        numbers = pl.Series(SET_NUMBER, [each.number for each in chunk.sets], pl.Int64)
        ran = table.with_columns(numbers).filter(pl.col(WHY).is_null()).drop(WHY)
        self.tables.append(ran)
