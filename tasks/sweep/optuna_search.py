"""Sets that Optuna chooses by what earlier ones came to, in batches that run side by side."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from trading.errors import BadInput
from trading.sweep.dimension import Dimension
from trading.sweep.parameter_set import ParameterSet
from trading.sweep.space import MOST_SETS, Space, all_sets

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study

# The same for any number of workers: what is chosen depends on it.
BATCH = 20
# A search that asks for the same sets again and again has found what it can.
_ASKED_FOR_EACH = 5
# As many seeds has the generator that TPE draws from.
_SEEDS = 2**32

# Sets, the later ones chosen by the worth of the earlier: by set number, none for one refused.
Evaluate = Callable[[Sequence[ParameterSet]], Mapping[int, float]]


def search(space: Space, wanted: int, seed: int, evaluate: Evaluate) -> list[ParameterSet]:
    """Return so many different sets as they were chosen and evaluated, or all where they are fewer.

    The sampler is TPE; a seed chooses the same sets again. Raises BadInput for a number that
    cannot be, and without the package.
    """
    if not 1 <= wanted <= MOST_SETS:
        raise BadInput(
            f"--optuna {wanted} is no number of sets to choose", f"Give one from 1 to {MOST_SETS:,}"
        )
    if wanted >= space.size:
        everything = list(all_sets(space))
        evaluate(everything)
        return everything
    study, distributions = _study(seed), {each.name: _choices(each) for each in space.dimensions}
    chosen: dict[int, ParameterSet] = {}
    worth: dict[int, float] = {}
    asked = 0
    while len(chosen) < wanted and asked < _ASKED_FOR_EACH * wanted:
        trials = [study.ask(distributions) for _ in range(min(BATCH, wanted - len(chosen)))]
        asked += len(trials)
        places = [space.place_of([trial.params[name] for name in space.names]) for trial in trials]
        new = []
        for place in places:
            if place not in chosen:
                chosen[place] = ParameterSet(len(chosen), space.values_at(place))
                new.append(chosen[place])
        worth |= evaluate(new)
        for trial, place in zip(trials, places, strict=True):
            _tell(study, trial.number, worth.get(chosen[place].number, -math.inf))
    return list(chosen.values())


def _study(seed: int) -> Study:
    try:
        import optuna
    except ImportError as error:
        raise BadInput(
            "--optuna needs the package optuna", "Run: pip install 'openbell[optuna]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        # It says of the liar that its name may change.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # Of a batch each is chosen as if those before it had come to little.
        sampler = optuna.samplers.TPESampler(seed=seed % _SEEDS, constant_liar=True)
    return optuna.create_study(direction="maximize", sampler=sampler)


def _choices(dimension: Dimension) -> BaseDistribution:
    """Return the places of a dimension's values, near each other where the values are."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    if dimension.is_ordered:
        return IntDistribution(0, dimension.count - 1)
    return CategoricalDistribution(tuple(range(dimension.count)))


def _tell(study: Study, number: int, worth: float) -> None:
    from optuna.trial import TrialState

    if worth == -math.inf:
        study.tell(number, state=TrialState.FAIL)
    else:
        # Whatever has no bound, as a profit factor without a loss, is as good as can be said.
        study.tell(number, min(worth, 1e300))
