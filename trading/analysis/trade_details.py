"""What each trade cost and how far it went, as a table beside that of the trades."""

from __future__ import annotations

import numpy as np
import polars as pl

from trading.analysis.run_analysis import RunAnalysis
from trading.analysis.trade_fills import table_order
from trading.backtest.performance import Course, trade_columns


def details_of(analysis: RunAnalysis, outcome: Course) -> pl.DataFrame | None:
    """Return one row a trade, in the order of the table of trades; None where no bars were kept.

    Columns: slippage, fees, mae_usd, mfe_usd, mae_r, mfe_r; USD but for the last two, which are
    null where the trade has no R.
    """
    costs, excursions = analysis.costs, analysis.excursions
    if costs is None or excursions is None:
        return None
    order = table_order(trade_columns(outcome))
    columns = {
        "slippage": costs.of_trades.slippage,
        "fees": costs.of_trades.fees,
        "mae_usd": excursions.mae_usd,
        "mfe_usd": excursions.mfe_usd,
        "mae_r": excursions.mae_r,
        "mfe_r": excursions.mfe_r,
    }
    return pl.DataFrame(
        [
            pl.Series(name, np.ascontiguousarray(values[order]), nan_to_null=True)
            for name, values in columns.items()
        ]
    )
