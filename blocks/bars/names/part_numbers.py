"""Which numbers at the ends of files' names count parts, and which belong to symbols."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from blocks.bars.names.words import (
    NameWords,
    part_of_date,
    words_of_folders,
    words_of_name,
)
from blocks.bars.sources.found import SourceFile

_FOUR_DIGITS = re.compile(r"\d{4}")
# Of years in which bars within the day are sold; tickers of six digits are not all such.
_SHORT_DATE = re.compile(r"[12]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")


def stems_of(files: Sequence[SourceFile]) -> dict[SourceFile, NameWords]:
    """Return what each file's name says, with numbers that count parts among its parts.

    QXA_1 and QXA_2 are parts where both are there, and QXA_240306 and QXA_240307; QXA_5 and
    QXA_15 are more likely two lengths of bars, and 0700 and 0005 two symbols.
    """
    words = {file: _stem_of(file) for file in files}
    if _tells_no_years(words):
        # Tokyo's 2024 among 6758 and 7203.
        for file, found in words.items():
            if not found.rest and _FOUR_DIGITS.fullmatch(file.stem):
                words[file] = NameWords(file.stem, ())
    numbered: dict[tuple[tuple[str, ...], str], list[SourceFile]] = defaultdict(list)
    plain: set[tuple[tuple[str, ...], str]] = set()
    for file, found in words.items():
        if found.last_number is None:
            plain.add((file.folders, found.rest))
        else:
            numbered[file.folders, found.without_number].append(file)
    for (folders, rest), group in numbered.items():
        numbers = [words[file].last_number or "" for file in group]
        if _count_parts(numbers, rest, is_alone=(folders, rest) not in plain):
            for file in group:
                found = words[file]
                words[file] = replace(
                    found, rest=rest, parts=(*found.parts, found.last_number or "")
                )
    return words


def _stem_of(file: SourceFile) -> NameWords:
    is_in_date = any(found.parts for found in words_of_folders(file.folders))
    return part_of_date(file.stem) if is_in_date else words_of_name(file.stem)


def _tells_no_years(words: Mapping[SourceFile, NameWords]) -> bool:
    return any(_FOUR_DIGITS.fullmatch(found.rest) for found in words.values())


def _count_parts(numbers: Sequence[str], rest: str, *, is_alone: bool) -> bool:
    if len(numbers) + (not is_alone) < 2:
        return False
    values = sorted(map(int, numbers))
    if values == list(range(values[0], values[0] + len(values))) and values[0] <= 2 - is_alone:
        return True
    is_padded = len(set(map(len, numbers))) == 1 and any(
        number.startswith("0") for number in numbers
    )
    are_dates = all(map(_SHORT_DATE.fullmatch, numbers))
    return bool(rest) and (is_padded or are_dates)
