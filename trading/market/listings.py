"""Where a symbol is listed, as far as its ending says so: Yahoo writes one of London as VOD.L."""

from __future__ import annotations

from collections.abc import Iterable

# Endings -> the names of their exchange's calendar, the usual one first.
_CALENDARS = {
    "L IL": ("LSE", "XLON"),
    "TO NE CN V": ("TSX", "XTSE", "TSXV"),
    "DE": ("XETR", "XFRA"),
    "F": ("XFRA", "XETR"),
    "SG": ("XSTU",),
    "HM": ("XHAM",),
    "DU": ("XDUS",),
    "PA": ("XPAR",),
    "AS": ("XAMS",),
    "BR": ("XBRU",),
    "LS": ("XLIS",),
    "IR": ("XDUB",),
    "MI": ("XMIL",),
    "MC": ("XMAD",),
    "SW": ("SIX", "XSWX"),
    "VI": ("XWBO",),
    "CO": ("XCSE",),
    "ST": ("XSTO",),
    "HE": ("XHEL",),
    "OL": ("XOSL",),
    "IC": ("XICE",),
    "WA": ("XWAR",),
    "PR": ("XPRA",),
    "BD": ("XBUD",),
    "IS": ("XIST",),
    "TA": ("TASE", "XTAE"),
    "JO": ("XJSE",),
    "SR": ("XSAU",),
    "NS": ("NSE", "XNSE"),
    "BO": ("BSE", "XBOM"),
    "AX": ("ASX", "XASX"),
    "NZ": ("XNZE",),
    "T": ("JPX", "XTKS", "XJPX"),
    "HK": ("HKEX", "XHKG"),
    "SS SZ": ("SSE", "XSHG"),
    "KS KQ": ("XKRX",),
    "TW TWO": ("XTAI",),
    "SI": ("XSES",),
    "JK": ("XIDX",),
    "KL": ("XKLS",),
    "BK": ("XBKK",),
    "SA": ("B3", "BVMF", "BMF"),
    "MX": ("XMEX",),
    "BA": ("XBUE",),
}
_CALENDARS_OF = {
    ending: names for endings, names in _CALENDARS.items() for ending in endings.split()
}
# Those with a lunch break, whose sessions are not traded.
NOT_TRADED = frozenset({"JPX", "HKEX", "SSE", "XKRX"})
_ALWAYS_OPEN = frozenset({"24/7", "24/5"})


def listed_elsewhere(symbols: Iterable[str], exchange: str) -> tuple[str, ...]:
    """Return a line for each other exchange that symbols belong to by their endings.

    What has two parts before its ending, as BAC.PR.L, is of another notation and says nothing.
    """
    if exchange in _ALWAYS_OPEN:
        return ()
    found: dict[str, list[str]] = {}
    for symbol in symbols:
        stem, point, ending = symbol.upper().rpartition(".")
        calendars = _CALENDARS_OF.get(ending, ()) if point and "." not in stem else ()
        if calendars and exchange not in calendars:
            found.setdefault(calendars[0], []).append(symbol)
    return tuple(_line(names, listed, exchange) for listed, names in found.items())


def _line(names: list[str], listed: str, exchange: str) -> str:
    is_one = len(names) == 1
    way_out = f"Leave {'it' if is_one else 'them'} out"
    if listed not in NOT_TRADED:
        way_out = f"Choose exchange {listed} with EXCHANGE or --exchange, or leave" + way_out[5:]
    return (
        f"{', '.join(names)} {'is' if is_one else 'are'} of {listed}, as the"
        f" {'ending says' if is_one else 'endings say'}, and would be traded in the sessions of"
        f" {exchange}. {way_out}"
    )
