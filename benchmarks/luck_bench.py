"""What the statistics say where nothing can be earned, and where one thing can.

`python -m benchmarks.luck_bench` writes docs/luck.json and its picture docs/images/luck.png; with a
number it sweeps so many sets. It takes six minutes of a processor for 1,000.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.caches import cache_folder
from benchmarks.luck import sweep, walk_market
from trading.statistics.judge_sweep import judge_sweep
from trading.statistics.sweep_statistics import SweepStatistics
from trading.statistics.verdict import verdict_of

SETS = 1000
NOISE_SEEDS, EDGE_SEEDS = range(50), range(1000, 1010)
# A step after the first hour goes on with 50.3 % where 50 % is chance.
EDGE = 0.003
FIGURES = ("pbo", "deflated_sharpe", "spa_p", "reality_check_p")
DOCS = Path(__file__).resolve().parents[1] / "docs"


def judge_seeds(
    seeds: range, *, sets: int = SETS, edge: float = 0.0, cache_folder: Path | None = None
) -> list[SweepStatistics]:
    """Return the statistics of a sweep over each seed's market."""
    judged = []
    for seed in seeds:
        returns, best = sweep(walk_market(seed, edge=edge), sets, cache_folder)
        judged.append(judge_sweep(returns, best))
    return judged


def distance_from_uniform(values: list[float]) -> float:
    """Return the p of Kolmogorov and Smirnov's test that these are uniform."""
    from scipy import stats

    return float(stats.kstest(values, "uniform").pvalue)


def summary_of(judged: list[SweepStatistics]) -> dict[str, Any]:
    """Return the spread of each figure over sweeps."""
    figures: dict[str, Any] = {}
    for name in (*FIGURES, "sharpe", "luck_sharpe", "effective_trials"):
        values = np.array([getattr(each, name) for each in judged])
        low, middle, high = np.percentile(values, (5, 50, 95)).tolist()
        figures[name] = {"mean": float(values.mean()), "5 %": low, "50 %": middle, "95 %": high}
    return {
        "sweeps": len(judged),
        "figures": figures,
        "uniform, p": {
            name: distance_from_uniform([getattr(each, name) for each in judged])
            for name in ("spa_p", "reality_check_p")
        },
        "verdicts": dict(Counter(verdict_of(each).value for each in judged)),
        "spa_p": [each.spa_p for each in judged],
        "pbo": [each.pbo for each in judged],
        "deflated_sharpe": [each.deflated_sharpe for each in judged],
    }


def draw(noise: dict[str, Any], edge: dict[str, Any], path: Path) -> None:
    """Draw SPA p in order, and PBO beside the deflated Sharpe ratio of each sweep."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    p = np.sort(noise["spa_p"])
    rank = (np.arange(len(p)) + 0.5) / len(p)
    # 95 % of samples of a uniform one lie between these lines everywhere (Kolmogorov).
    band = 1.358 / np.sqrt(len(p))
    left.fill_between([0, 1], [-band, 1 - band], [band, 1 + band], color="0.9")
    left.plot([0, 1], [0, 1], color="0.5", lw=1)
    left.plot(p, rank, "o", ms=4, color="#1f5fa8")
    left.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="SPA p of a sweep on noise",
        ylabel="share of sweeps below",
        title=f"{len(p)} sweeps on noise: p is uniform",
    )
    for part, colour, name in ((noise, "#1f5fa8", "noise"), (edge, "#c4501b", "planted edge")):
        right.plot(part["pbo"], part["deflated_sharpe"], "o", ms=4, color=colour, label=name)
    right.axhline(0.95, color="0.5", lw=1)
    right.axvline(0.2, color="0.5", lw=1)
    right.set(
        xlim=(-0.03, 1.03),
        ylim=(-0.03, 1.03),
        xlabel="probability of overfitting",
        ylabel="deflated Sharpe ratio",
        title="what stands lies top left",
    )
    right.legend(loc="lower right")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def write(sets: int, noise: dict[str, Any], edge: dict[str, Any]) -> None:
    """Write the figures and their picture."""
    measured = {"sets": sets, "edge": EDGE, "noise": noise, "planted edge": edge}
    (DOCS / "luck.json").write_text(json.dumps(measured, indent=1) + "\n")
    draw(noise, edge, DOCS / "images" / "luck.png")


def main() -> None:
    """Measure, write and draw."""
    cache = cache_folder() / "machine-code"
    sets = int(sys.argv[1]) if sys.argv[1:] else SETS
    noise = summary_of(judge_seeds(NOISE_SEEDS, sets=sets, cache_folder=cache))
    edge = summary_of(judge_seeds(EDGE_SEEDS, sets=sets, edge=EDGE, cache_folder=cache))
    write(sets, noise, edge)
    for name, part in (("noise", noise), ("planted edge", edge)):
        print(name, part["verdicts"], part["uniform, p"], json.dumps(part["figures"]))


if __name__ == "__main__":
    main()
