"""What the name of a file or folder says: a symbol, dates, the number of a part, vendors' words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_LONG_MONTH = (
    "(?:january|february|march|april|june|july|august|september|october|november|december)"
)
_YEAR = r"(?:19|20)\d\d"
_DATES = (
    rf"{_YEAR}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:[T_-]?(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?",
    rf"{_YEAR}(?:0[1-9]|1[0-2])",
    rf"{_YEAR}[-_. ](?:0?[1-9]|1[0-2])[-_. ](?:[0-2]?\d|3[01])"
    r"(?:T(?:[01]\d|2[0-3])[-_.]?[0-5]\d(?:[-_.]?[0-5]\d)?Z?)?",
    rf"(?:[0-2]?\d|3[01])[-_. ](?:[0-2]?\d|3[01])[-_. ]{_YEAR}",
    rf"{_YEAR}[-_. ]?(?:q[1-4]|h[12]|w[0-5]?\d)",
    rf"q[1-4][-_. ]?{_YEAR}",
    rf"(?:\d\d?[-_. ]?)?{_MONTH}[-_. ]?(?:{_YEAR}|\d\d)",
    rf"{_YEAR}[-_. ]?{_MONTH}",
    # Short names of months alone are tickers too.
    rf"(?:\d\d?[-_. ]?)?{_LONG_MONTH}",
    # Half a month or a year, 2024-03a, is how some cut long downloads.
    rf"{_YEAR}[-_. ](?:0?[1-9]|1[0-2])[a-z]?",
    rf"{_YEAR}[a-z]?",
    # Seconds or milliseconds since 1970, as downloads are often called by.
    r"1\d{9}(?:\d{3})?",
)
_PARTS = (
    # The words of a span of dates.
    rf"(?-i:from|to|until|thru|through|bis)(?=[-_. ]+(?:{'|'.join(_DATES)}))",
    r"part[-_. ]?(?:\d+|[a-z])", r"chunk[-_. ]?\d+", r"of[-_. ]?\d+", r"file[-_. ]?\d+",
)  # fmt: skip
_CERTAIN = re.compile(
    rf"(?<![A-Za-z0-9])(?:{'|'.join((*_DATES, *_PARTS))})(?![A-Za-z0-9])", re.IGNORECASE
)
# What programs that write in parts make of a whole name, such as part-00000-5b1c-c000.snappy.
_PROGRAM_PART = re.compile(r"part-\d+-[0-9a-f-]{8,}.*", re.IGNORECASE)
# Behind a comma stands an interval, as in BATS_QXA, 5.
_LAST_NUMBER = re.compile(r"(?:^|(?<![-_. ,])[-_. ]+)(?:\((\d{1,4})\)|(\d{1,6}))$")
# What TradingView adds to the name of a download, as in NASDAQ_AAPL, 5_1a2b3.
_HASH = re.compile(r"(?<=, )(\d{1,4}[A-Z]?)_([0-9a-f]{5})$")
_DATE_AT_END = re.compile(
    rf"(?P<rest>[A-Za-z^.=-]{{1,8}})(?P<date>{_YEAR}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]))"
)
_IN_DATE = re.compile(rf"\d{{1,2}}|(?:\d\d?[-_. ]?)?{_MONTH}", re.IGNORECASE)
_KEY = re.compile(r"^(?:date|day|month|year|quarter|week|part|dt|yyyy|mm|dd)=", re.IGNORECASE)
_EDGES = " -_.,+"
# What file managers, and people, call a second file of the same: `AAPL - Copy (2)`, `AAPL (3rd
# copy)`, `Copy of AAPL`, `AAPL_old`. The words of people are no ticker in small letters alone.
_COPY = "(?i:copy|kopie|kopia|copie|copia|cópia|копия|副本|コピー)"
_SECOND = rf"{_COPY}|(?:[Bb]ackup|[Bb]ak|[Oo]ld|[Oo]rig(?:inal)?|[Ee]dited|[Ff]ixed|[Cc]orrected)"
_COPIED = re.compile(
    rf"[ _.-]+\(?(?:(?:another|\d{{1,2}}(?:st|nd|rd|th)) )?(?:{_SECOND})\)?"
    r"(?:[ _-]*\(?\d{1,3}\)?)?$"
    rf"|^{_COPY}(?: ?\(\d{{1,3}}\))? (?:of|von|de|di|do) "
)

_INTERVAL = r"(?:\d{1,3}[-_ ]?(?:s|m|t|h|d|sec|min|mins|minute|minutes|hour|hourly)|m\d{1,2}|h1)"
# Those that are tickers of their own, such as ALL, DB and DIV, are left out.
_VENDOR_WORD = re.compile(
    rf"{_INTERVAL}|\d{{1,6}}|"
    "adj|adjsplit|adjsplitdiv|adjusted|aggregates|aggs|amex|arca|archive|"
    "backup|bar|bars|bats|candle|candles|cboe|chart|combined|complete|"
    "consolidated|copy|csv|daily|data|dataset|download|downloads|eod|"
    "equities|equity|etfs|exchange|export|exported|extended|feed|file|files|"
    "hist|historical|history|hours|iex|input|intraday|kibot|merged|minute|"
    "minutely|minutes|month|months|nasdaq|nyse|ohlc|ohlcv|output|parquet|"
    "part|parts|polygon|price|prices|quotes|raw|rth|sample|session|"
    "sessions|sip|split|splits|stock|stockdata|stocks|symbols|table|ticker|"
    "tickers|trades|txt|unadj|unadjusted|us|xnas|xnys|yahoo|year|years|"
    "yfinance|zip",
    re.IGNORECASE,
)
_SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9.=^-]{0,9}")
_TICKER = re.compile(r"[A-Z]{1,5}(?:[.-][A-Z]{1,5})?")
# Tickers that a name in small letters more likely means as words.
_ENGLISH = re.compile(
    "a|all|and|are|back|big|by|close|day|fast|for|from|full|fun|go|good|has|high|in|it|key|last|love"
    "|low|man|my|new|now|of|old|on|one|open|out|play|post|pre|real|run|save|see|so|test|the|to|true"
    "|two|vol|wide|with|you"
)
_TOKENS = re.compile(r"[_\s,;:()+\[\]]+")


@dataclass(frozen=True, slots=True)
class NameWords:
    """A name without its dates and parts, and these; `last_number` may be a part's or a symbol's.

    `rest` is "" for a name that is nothing but dates and parts.
    """

    rest: str
    parts: tuple[str, ...]
    last_number: str | None = None

    @property
    def is_symbol_like(self) -> bool:
        """Return whether the rest is written as a ticker is, and is no vendor's word."""
        return bool(_SYMBOL.fullmatch(self.rest)) and not self.is_generic

    @property
    def is_generic(self) -> bool:
        """Return whether the rest has nothing that could tell a symbol, as in bars_5min."""
        return all(
            _is_vendor_word(piece) and (piece != piece.upper() or piece.isdigit())
            for piece in _pieces(self.rest)
        )

    @property
    def without_number(self) -> str:
        """Return the rest without the number at its end."""
        return _LAST_NUMBER.sub("", self.rest).rstrip(_EDGES)


def words_of_name(name: str) -> NameWords:
    """Return what a name says; the key in front of a date, as in `date=2024-03-06`, is left out.

    A copy says what its original does.
    """
    name = _COPIED.sub("", _KEY.sub("", name))
    if _PROGRAM_PART.fullmatch(name):
        return NameWords("", (name,))
    if dated := _DATE_AT_END.fullmatch(name):
        return NameWords(dated["rest"].rstrip(_EDGES), (dated["date"],))
    if hashed := _HASH.search(name):
        return NameWords(name[: hashed.end(1)], (hashed[2],))
    parts = tuple(_CERTAIN.findall(name))
    rest = _CERTAIN.sub(" ", name).strip(_EDGES) if parts else name
    # What stood around a date in the middle is one gap now.
    rest = re.sub(rf"[{re.escape(_EDGES)}]* [{re.escape(_EDGES)}]*", " ", rest) if parts else rest
    number = _LAST_NUMBER.search(rest)
    return NameWords(rest, parts, (number[1] or number[2]) if number else None)


def words_of_folders(folders: Sequence[str]) -> tuple[NameWords, ...]:
    """Return what the names of folders say, outermost first; in a year 03 is a month."""
    words: list[NameWords] = []
    for name in folders:
        is_in_date = any(found.parts for found in words)
        if is_partition(name):
            words.append(NameWords("", (name,)))
        else:
            words.append(part_of_date(name) if is_in_date else words_of_name(name))
    return tuple(words)


def is_partition(name: str) -> bool:
    """Return whether a folder is one of a table cut by dates, as `year=2024` is."""
    return _KEY.match(name) is not None


def part_of_date(name: str) -> NameWords:
    """Return what a name says inside a folder that is called by a date."""
    return NameWords("", (name,)) if _IN_DATE.fullmatch(name) else words_of_name(name)


def has_word(name: str, symbol: str) -> bool:
    """Return whether a name holds a symbol as a whole word, beside nothing of another symbol.

    `QXA_full_5min` and `BATS_QXA, 5` hold QXA; `QXA-B`, the class of a share, does not.
    """
    wanted = _plain(symbol)
    if not any(letter.isalpha() for letter in wanted):
        return False
    tokens = [token.strip("-.") for token in _TOKENS.split(name)]
    if any(map(_is_ticker, tokens)):
        # QXA_full_5min is of QXA and not of FULL.
        tokens = [token for token in tokens if token == token.upper()]
    else:
        tokens = [token for token in tokens if not _is_word(token)]
    if any(_plain(token) == wanted for token in tokens):
        return True
    if _plain(name) == wanted:
        return True
    for token in tokens:
        pieces = re.split(r"[-.]", token)
        for begin in range(len(pieces)):
            for end in range(begin + 1, len(pieces) + 1):
                others = [*pieces[:begin], *pieces[end:]]
                if _plain(".".join(pieces[begin:end])) == wanted and all(
                    map(_is_vendor_word, others)
                ):
                    return True
    return False


def holds_ticker(name: str) -> bool:
    """Return whether any word of a name could be a ticker, in capitals or not."""
    return any(_is_ticker(token.upper()) and not _is_word(token) for token in _TOKENS.split(name))


def _plain(name: str) -> str:
    # Where a file's name may hold no slash, BRK/B is often BRK_B.
    return re.sub(r"[ ./_-]", ".", name.strip().upper())


def _pieces(name: str) -> list[str]:
    return [piece for token in _TOKENS.split(name) for piece in re.split(r"[-.]", token) if piece]


def _is_word(token: str) -> bool:
    return bool(_ENGLISH.fullmatch(token) or re.fullmatch(_MONTH, token, re.IGNORECASE))


def _is_ticker(token: str) -> bool:
    return bool(_TICKER.fullmatch(token)) and not _is_vendor_word(token)


def _is_vendor_word(piece: str) -> bool:
    return bool(_VENDOR_WORD.fullmatch(piece))
