"""Many seeds one after another, what they came to, and those that broke something once."""

from __future__ import annotations

from collections.abc import Iterable

from flows.simulation.world import simulate
from tasks.simulation.tally import Tally

# A change of the product may give them another story; they cost little.
BROKE_ONCE = {
    165: "the cancel of an entry that was never sent is refused: the session could not be closed",
    273: "a stop refused as beyond the price in a halt, then an exit refused for good: the check"
    " counted seconds in which nothing can protect a position",
    1153: "five requests in a row got no answer: while one was awaited it was looked at ever more"
    " seldom, and each came later",
    1263: "an exit was refused in a halt and then the stop for good: nothing was asked any more"
    " until the bar's end, though the halt was over",
    1397: "a stop was filled and its fills were not listed: the position was sold a second time",
    2736: "a request got no answer, was refused when it was repeated, and arrived after another",
    2741: "a pair got no answer, and its stop was taken for gone: an hour without a stop",
    3235: "a pair without an answer was refused for good, and waited for instead of leaving",
    3290: "an entry was filled on a mute stream, and another was sent when it was to be cancelled",
    4615: "an execution of a target was listed before its entry's after a long absence: refused,"
    " and missing in the books",
    4755: "a request without an answer after others in vain: the simulated machine looked 8 s later"
    " and not a quarter of a second",
    5292: "the simulated venue took an exit beside a fired stop that had sold a part, unheard: more"
    " was open than held",
    6269: "killed between a stop's end and the exit, and bars that passed were asked for first",
    6479: "dead until after the close: the check counted seconds in which nothing is sent",
    6699: "an exit got no answer, was refused when it was repeated, and arrived after another",
    6783: "an entry was filled before its cancel, and its money was spent on another",
    6885: "too many requests four times in a row: the check counted the pauses that it asks for",
    7565: "a target was filled in part without a word, and after its stop sold a second time",
    7975: "killed behind the session's last line: nobody was told of the position that was left",
    7148: "dead from before the last bars until after the close: the check wanted exits in them",
    9101: "a source was silent for 20 s, and nobody looked after what stood bare: the simulated"
    " source was not tended as a real one is",
    10059: "an exit was filled and not heard, and another left what somebody else held",
    20995: "an entry was filled before its cancel, a smaller one was awaited in its place, and its"
    " money was spent on another symbol",
    40874: "an exit was refused for a minute, and one of its repetitions without an answer arrived"
    " after another was sent",
    41901: "an exit was refused for good, and the source was late with the bar in which it is asked"
    " for again: the check wanted it before",
    43711: "the end of an entry was refused five times, and asked for ever more rarely, with what"
    " was filled of it bare",
    82027: "a source was silent for half an hour, and the simulated machine looked every 90 s",
}


def tally_of(seeds: Iterable[int]) -> Tally:
    """Simulate each seed and print counts and worst values."""
    tally = Tally()
    for seed in seeds:
        tally.take(simulate(seed))
    print("\n".join(tally.lines()))
    return tally


def broken_in(tally: Tally) -> list[str]:
    """Return how each session that broke something can be had again."""
    return [
        f"{outcome.broken}: openbell simulate --seed {outcome.seed}" for outcome in tally.broken
    ]
