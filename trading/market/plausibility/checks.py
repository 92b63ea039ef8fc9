"""The table of what bars are tested for, once they are read and before anything uses them."""

from __future__ import annotations

from trading.errors import BadInput
from trading.market.plausibility.clock.busy_hours import busy_elsewhere, perhaps_elsewhere
from trading.market.plausibility.clock.busy_open import busy_early, busy_late
from trading.market.plausibility.clock.clock import odd_clock, wrong_zone
from trading.market.plausibility.clock.half_clock import half_clock
from trading.market.plausibility.finding import Check, Severity
from trading.market.plausibility.lengths import (
    longer,
    mixed_lengths,
    off_grid,
    off_minute,
    undivided,
)
from trading.market.plausibility.look import Look
from trading.market.plausibility.prices import (
    doubtful_prices,
    impossible_prices,
    whole_prices,
)
from trading.market.plausibility.rivals import bar_apart, other_volumes, several_in_one
from trading.market.plausibility.sessions import other_exchange
from trading.market.plausibility.splits import split_jump
from trading.market.plausibility.two_clocks import perhaps_two_clocks, two_clocks
from trading.market.plausibility.volumes import fractional_volume, no_volume, running_volume

REFUSED, WARNED = Severity.REFUSED, Severity.WARNED

# What makes the rows behind it senseless comes first.
CHECKS = (
    Check(
        "half_clock",
        half_clock,
        REFUSED,
        "times of {name} stop at 12 o'clock, and {share} of its rows, such as that of {at}, are in"
        " no session unless they are after noon: its clock has 12 hours and no AM and PM",
        "Write the times again with 24 hours, or with AM and PM behind them",
    ),
    Check(
        "wrong_zone",
        wrong_zone,
        REFUSED,
        "rows of {name} are off by hours: in {which} they run {first} to {last} {city} time,"
        " {shift} ({read}); {fits}",
        "{hint}",
    ),
    Check(
        "two_clocks",
        two_clocks,
        REFUSED,
        "rows of {name} are by two clocks: {count} of its {of} days, {days}, run {first} to {last}"
        " {city} time, {shift} than the others, which run {usual}",
        "{hint}",
    ),
    Check(
        "perhaps_two_clocks",
        perhaps_two_clocks,
        WARNED,
        "rows of {name} may be by two clocks: {count} of its {of} days, {days}, run {first} to"
        " {last} {city} time, {shift} than the others, which run {usual}",
        "If so: {hint}",
    ),
    Check(
        "odd_clock",
        odd_clock,
        WARNED,
        "rows of {name} may be off by hours: in {which} they run {first} to {last} {city} time,"
        " {shift} ({read}); {fits}",
        "{hint}",
    ),
    Check(
        "busy_elsewhere",
        busy_elsewhere,
        REFUSED,
        "rows of {symbol} are off by hours: {now} of their volume lies in sessions, and it would"
        " be {then} were they not {shift} (read {read}); their volume fits {zone}",
        "{hint}",
    ),
    Check(
        "perhaps_elsewhere",
        perhaps_elsewhere,
        WARNED,
        "rows of {symbol} may be off by hours: {now} of their volume lies in sessions, and it would"
        " be {then} were they not {shift} (read {read}); their volume fits {zone}",
        "{hint}",
    ),
    Check(
        "busy_late",
        busy_late,
        WARNED,
        "volume of {symbols} rises {minutes} minutes after the open in {found} of {of} sessions,"
        " as it does where stamps are bar ENDS",
        "Pass --stamp end if they are",
    ),
    Check(
        "busy_early",
        busy_early,
        WARNED,
        "volume of {symbols} rises {minutes} minutes before the open in {found} of {of} sessions,"
        " as it does where stamps are bar STARTS and are moved back",
        "Pass --stamp start if they are",
    ),
    Check(
        "other_exchange",
        other_exchange,
        WARNED,
        "bars of {name} are mostly outside the sessions of {exchange} ({share} are inside): are"
        " they of another exchange",
        "EXCHANGE or --exchange names it",
    ),
    Check(
        "off_grid",
        off_grid,
        REFUSED,
        "rows of {symbols} last {length} and begin {rest} after bars of that length do, such as"
        " the one of {at} {city} time: they would bring later prices into earlier bars",
        "Use shorter rows, or rows that are counted from the open of the session",
    ),
    Check(
        "off_minute",
        off_minute,
        WARNED,
        "rows of {symbols} begin {rest} off the bars that they are laid into, such as the one of"
        " {at} {city} time: are these the last seconds of bars?",
        "Write full minutes, and say --stamp end if they are bar ends",
    ),
    Check(
        "undivided",
        undivided,
        REFUSED,
        "rows of {symbols} last {length}, of which no whole number makes a bar of {bar}: they would"
        " bring later prices into earlier bars",
        "{way}",
    ),
    Check(
        "longer",
        longer,
        REFUSED,
        "rows of {symbols} last {length}, as in the session of {date}, and others are short enough"
        " for bars of {bar}: they would bring later prices into earlier bars",
        "{way}",
    ),
    Check(
        "mixed_lengths",
        mixed_lengths,
        REFUSED,
        "rows of {symbols} last {short}, and among them are rows of {long} {where}:"
        " volume would be added up {times} times",
        "Keep one of the two exports",
    ),
    Check(
        "bar_apart",
        bar_apart,
        REFUSED,
        "rows of {symbols} are there twice, {moved} of them once more a bar later: one export names"
        " bars by their starts, and another by their ends",
        "Keep one of the two exports, or give them to import-bars one by one, that of ends with"
        " --stamp end",
    ),
    Check(
        "several_in_one",
        several_in_one,
        REFUSED,
        "{rivals} of {rows} rows of {symbols} have the time of another row and a price far from"
        " it: several symbols are read as one, or prices of one that are adjusted and that are not",
        "Name the column that tells symbols apart with --column symbol=NAME, or keep the files of"
        " one symbol and one kind of prices",
    ),
    Check(
        "other_volumes",
        other_volumes,
        WARNED,
        "{unlike} of the {doubles} rows of {symbols} that are there twice have far more volume the"
        " second time, and that one counts: are they rows of two lengths, or of two feeds",
        "Keep one of the two exports if so",
    ),
    Check(
        "impossible_prices",
        impossible_prices,
        REFUSED,
        "prices of {symbols} are {price}, and with their volume {dollars} USD a session: they look"
        " like units of {unit} and not like dollars",
        "Write prices in dollars",
    ),
    Check(
        "doubtful_prices",
        doubtful_prices,
        WARNED,
        "prices of {symbols} are {price}: they look like units of {unit} and not like dollars",
        "Write prices in dollars if so",
    ),
    Check(
        "whole_prices",
        whole_prices,
        WARNED,
        "prices of {symbols} are {price}: they look like cents, or like dollars whose cents are"
        " lost",
        "Write prices in dollars and cents if so",
    ),
    Check(
        "no_volume",
        no_volume,
        WARNED,
        "every bar of {symbols} has volume 0, and an order can take only part of a bar's volume",
        "Use bars with volume, or --set max_participation=0 --set gate_zero_volume=false",
    ),
    Check(
        "running_volume",
        running_volume,
        WARNED,
        "volumes of {symbols} rise from each session's open to its close and never fall: they look"
        " like sums of the day and not like each bar's own",
        "Name the column of each bar's volume with --column volume=NAME if so",
    ),
    Check(
        "fractional_volume",
        fractional_volume,
        WARNED,
        "volumes of {symbols} have fractions, such as {example}: they look like thousands or"
        " millions of shares",
        "Write them in shares if so",
    ),
    Check(
        "split_jump",
        split_jump,
        WARNED,
        "prices of {symbol} go from {before} to {after} by the session of {day}, as with a"
        " {ratio}{others}",
        "Use prices that are adjusted for splits if it is one",
    ),
)


def judge_bars(look: Look) -> tuple[str, ...]:
    """Return a warning for each doubtful finding. Raises BadInput for a grave one."""
    warnings = []
    for check in CHECKS:
        words = check.measure(look)
        if words is None:
            continue
        sentence, hint = check.sentence.format_map(words), check.hint.format_map(words)
        if check.severity is Severity.REFUSED:
            raise BadInput(sentence, hint)
        warnings.append(f"WARNING: {BadInput(sentence, hint)}")
    return tuple(warnings)
