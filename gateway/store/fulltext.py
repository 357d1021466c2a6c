"""The full text of calls: finds 流量 inside a sentence, of which nobody knows where its words end.

Indexed are the words of callers alone: what a hotline says is the same in every call, and would be found in all. Each
call's text is cut into pairs of characters that overlap (查流 流量 量), so that a word of any length is a phrase of
pairs, and one character the beginning of some. Sentences are apart: no word is found across two.

Digits, in figures or said, of which four or more stand in a row are left out: searching would otherwise tell, digit by
digit, the numbers that most roles see masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from sqlalchemy import Connection, Integer, Select, column, insert, select, table, text, update
from sqlalchemy.orm import Session

from asr.text.script import strip_punctuation, to_simplified
from gateway.store.tables import CallRow, TurnRow, WordsRow

MAX_TURN = 2000
"""Characters of a turn that are indexed; nobody says more in one breath."""
MAX_CALL = 20_000
"""Characters of a call that are indexed."""
MAX_QUERY = 200
"""Characters that are searched for."""
STEP_PAGES = 250
"""Pages (4 KiB) that are rewritten in one transaction while remains are cleared: running calls' events wait for it."""
_FILLED_AT_ONCE = 500
_NUMBER = re.compile("[0-9零洞一幺二两三四五六七拐八九勾]{4,}")


class FullText(Protocol):
    """An index of texts by number; where the database isn't SQLite, another one implements this."""

    def create(self, connection: Connection) -> None:
        """Make it, empty."""

    def drop(self, connection: Connection) -> None:
        """Take it away."""

    def add(self, connection: Connection, number: int, words: str) -> None:
        """Index a folded text under a number that has none."""

    def remove(self, connection: Connection, number: int, words: str) -> None:
        """Take out what `add` was given; its remains may stay until `clear_step` is done."""

    def clear_step(self, connection: Connection, *, first: bool) -> bool:
        """Work for a moment at getting rid of what `remove` left behind; False when nothing is left to do."""

    def numbers(self, words: list[str]) -> Select[tuple[int]]:
        """The numbers of the texts in which each of these folded words occurs."""


class Fts5:
    """SQLite's own, which keeps no texts; as phrases of pairs of characters."""

    _TABLE = table("call_text", column("rowid", Integer), column("call_text"))

    def create(self, connection: Connection) -> None:
        """The tokeniser takes every character beyond ASCII for a letter; what is none was folded away before."""
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE call_text USING fts5(pairs, content='', columnsize=0, tokenize='ascii', prefix='1')"
        )

    def drop(self, connection: Connection) -> None:
        """With all that belongs to it."""
        connection.exec_driver_sql("DROP TABLE call_text")

    def add(self, connection: Connection, number: int, words: str) -> None:
        """See `FullText`."""
        added = text("INSERT INTO call_text(rowid, pairs) VALUES (:number, :pairs)")
        connection.execute(added, {"number": number, "pairs": " ".join(_pairs(words))})

    def remove(self, connection: Connection, number: int, words: str) -> None:
        """See `FullText`."""
        removed = text("INSERT INTO call_text(call_text, rowid, pairs) VALUES ('delete', :number, :pairs)")
        connection.execute(removed, {"number": number, "pairs": " ".join(_pairs(words))})

    def clear_step(self, connection: Connection, *, first: bool) -> bool:
        """Merges all segments into one, in which nothing is that was removed (sqlite.org/fts5.html, 6.7)."""
        counter = connection.connection.driver_connection
        before = counter.total_changes if counter else 0
        merge = text("INSERT INTO call_text(call_text, rank) VALUES ('merge', :pages)")
        connection.execute(merge, {"pages": -STEP_PAGES if first else STEP_PAGES})
        return first or (counter.total_changes if counter else 0) - before >= 2

    def numbers(self, words: list[str]) -> Select[tuple[int]]:
        """Nothing of what was typed is an operator: words are letters by now, and each is quoted."""
        phrases = (f'"{" ".join(_pairs(word, last=False))}"' if len(word) > 1 else f'"{word}"*' for word in words)
        found = self._TABLE.c.call_text.op("MATCH")(" ".join(phrases))
        return select(self._TABLE.c.rowid).where(found)


full_text: FullText = Fts5()


def create_full_text(connection: Connection) -> None:
    """Make it, empty."""
    full_text.create(connection)


def drop_full_text(connection: Connection) -> None:
    """Take it away."""
    full_text.drop(connection)


def fill_full_text(connection: Connection) -> None:
    """Index all calls that are stored; for an index that is new. Takes half a minute for 100,000 calls."""
    calls = connection.scalars(select(TurnRow.call_id).where(TurnRow.text != "").distinct()).all()
    number = 0
    for at in range(0, len(calls), _FILLED_AT_ONCE):
        some = TurnRow.call_id.in_(calls[at : at + _FILLED_AT_ONCE])
        turns = select(TurnRow.call_id, TurnRow.text).where(some, TurnRow.text != "")
        said = connection.execute(turns.order_by(TurnRow.call_id, TurnRow.index)).all()
        for call_id, texts in groupby(said, key=itemgetter(0)):
            if words := fold(text[1] for text in texts):
                number += 1
                row = {"id": number, "call_id": call_id, "words": words, "forgotten": False}
                connection.execute(insert(WordsRow).values(row))
                connection.execute(update(CallRow).where(CallRow.id == call_id).values(words_id=number))
                full_text.add(connection, number, words)


def index_words(session: Session, call_id: str) -> None:
    """Have the full text know what the caller of a call has said until now: its stored turns."""
    said = select(TurnRow.text).where(TurnRow.call_id == call_id, TurnRow.text != "").order_by(TurnRow.index)
    words = fold(session.scalars(said))
    row = session.scalar(select(WordsRow).where(WordsRow.call_id == call_id))
    if row is None:
        if words:
            _put(session, call_id, words)
    elif row.words != words and not row.forgotten:
        full_text.remove(session.connection(), row.id, row.words)
        full_text.add(session.connection(), row.id, words)
        row.words = words


def forget_indexed(session: Session, call_id: str) -> int:
    """Take the words of a call out; `clear_step` gets rid of their remains. Returns how many bytes they were."""
    row = session.scalar(select(WordsRow).where(WordsRow.call_id == call_id))
    if row is None or row.forgotten:
        return 0
    size = len(row.words.encode())
    full_text.remove(session.connection(), row.id, row.words)
    row.words, row.forgotten = "", True
    session.execute(update(CallRow).where(CallRow.id == call_id).values(words_id=None))
    return size


def clear_step(session: Session, *, first: bool) -> bool:
    """Work for a moment at clearing remains; False once nothing is left of any call that was forgotten before the
    `first` step."""
    if first and session.scalar(select(WordsRow.id).where(WordsRow.forgotten).limit(1)) is None:
        return False
    return full_text.clear_step(session.connection(), first=first)


def matching(query: str) -> Select[tuple[int]] | None:
    """The `words_id` of the calls in which each of the words (apart by white space) is; None when the query has nothing
    that can be searched for."""
    words = [word for part in query[:MAX_QUERY].split() for word in fold([part]).split()]
    return full_text.numbers(words) if words else None


def fold(texts: Iterable[str]) -> str:
    """Texts as they are compared: simplified, lower case, letters and figures alone, a space between two texts and
    where a long number was. Any string works."""
    whole = "\n".join(said[:MAX_TURN].replace("\n", " ") for said in texts)[:MAX_CALL]
    plain = to_simplified(whole.encode(errors="ignore").decode()).replace("○", "零").replace("〇", "零").lower()
    folded = (_NUMBER.sub(" ", strip_punctuation(line)) for line in plain.split("\n"))
    return " ".join(" ".join(folded).split())


def _put(session: Session, call_id: str, words: str) -> None:
    row = WordsRow(call_id=call_id, words=words)
    session.add(row)
    session.flush()
    session.execute(update(CallRow).where(CallRow.id == call_id).values(words_id=row.id))
    full_text.add(session.connection(), row.id, words)


def _pairs(words: str, *, last: bool = True) -> Iterator[str]:
    """Every two characters that stand together, and by itself the `last` of each run."""
    for run in words.split():
        yield from (run[at : at + 2] for at in range(len(run) - 1))
        if last:
            yield run[-1]
