"""Calls as JSON, for programs: found by the parameters of the page of calls, and one by one.

Numbers are masked unless they are asked for (`unmask=1`) by who may see them, which is on record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import TypeAdapter
from starlette.responses import JSONResponse, Response

from gateway.analytics.scribe import masked
from gateway.console.call.view import Shown, load
from gateway.console.calls.query import asked, clean, told
from gateway.console.door import Surroundings, needs, surroundings_of
from gateway.console.rights import Right, Visitor
from gateway.store import accounts as kept
from gateway.store.reviews import Review, reviews
from gateway.store.search import MAX_ROWS, PAGE_ROWS, Filter, FoundCall, PageWanted, find_calls

router = APIRouter(prefix="/api/calls")
_SHOWN = TypeAdapter(Shown)
_REVIEW = TypeAdapter(Review)
_PRIVATE = {"Cache-Control": "private, no-store"}

Caller = Annotated[Visitor, Depends(needs(Right.CALLS))]
Unmask = Annotated[bool, Query()]
Rows = Annotated[int, Query(ge=1, le=MAX_ROWS)]
Place = Annotated[str, Query(max_length=1000)]


def wanted(request: Request, visitor: Visitor) -> Filter:
    """The filter in the request's address. Raises HTTPException (422) with every mistake in it."""
    query = clean(request.query_params.multi_items())
    found = asked(query, surroundings_of(request).settings.now(), visitor)
    if found.mistakes:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "；".join(found.mistakes))
    return found.filter


async def note_unmasking(request: Request, visitor: Visitor, call_id: str = "", **detail: object) -> None:
    """Nobody sees whole numbers without the right, or off the record.

    Raises:
        HTTPException: 403.
        StoreError: it can't be put on record.
    """
    if not visitor.may(Right.UNMASK):
        raise HTTPException(HTTPStatus.FORBIDDEN, "您的角色不能查看完整号码。")
    surroundings = surroundings_of(request)
    entry = surroundings.logins.told("unmask", visitor, call_id, **detail)
    await asyncio.to_thread(kept.note, surroundings.store, entry)


@router.get("")
async def calls(
    request: Request, visitor: Caller, rows: Rows = PAGE_ROWS, after: Place = "", unmask: Unmask = False
) -> Response:
    """A page of the calls: `calls`, `total` (to 10,000; null behind the first page), `more_than_total`, `next`.

    Args:
        request: with the parameters of `gateway.console.calls.query.NAMES`.
        visitor: who asks; nothing out of their scope is among the calls.
        rows: of the page.
        after: `next` of the page before.
        unmask: with whole numbers.
    """
    filter_ = wanted(request, visitor)
    if unmask:
        await note_unmasking(request, visitor, **told(clean(request.query_params.multi_items())))
    page = PageWanted(rows=rows, after=after, count=not after)
    try:
        found = await asyncio.to_thread(find_calls, surroundings_of(request).store, filter_, visitor.scope, page)
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "after 不是上一页给出的位置") from error
    answer = {
        "calls": [_call(call, unmasked=unmask) for call in found.rows],
        "total": found.total,
        "more_than_total": found.capped,
        "next": found.next,
    }
    return JSONResponse(answer, headers=_PRIVATE)


@router.get("/{call_id}")
async def call(request: Request, call_id: str, visitor: Caller, unmask: Unmask = False) -> Response:
    """A call with its transcript, what was found in it, and what people made of its flags (`reviews`, by flag)."""
    if unmask:
        await note_unmasking(request, visitor, call_id)
    found = await asyncio.to_thread(_load, surroundings_of(request), visitor, call_id, unmasked=unmask)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "没有这通电话，或者不在您能看的范围内。")
    return Response(found, media_type="application/json", headers=_PRIVATE)


def _load(surroundings: Surroundings, visitor: Visitor, call_id: str, *, unmasked: bool) -> bytes | None:
    shown = load(surroundings.store, visitor.scope, call_id, unmasked=unmasked)
    if shown is None:
        return None
    verdicts = reviews(surroundings.store, shown.id)
    told = _SHOWN.dump_python(shown, mode="json")
    told["reviews"] = {flag: _REVIEW.dump_python(review, mode="json") for flag, review in verdicts.items()}
    return _ANY.dump_json(told)


_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def _call(call: FoundCall, *, unmasked: bool) -> dict[str, Any]:
    return {
        "id": call.id,
        "started_at": call.started_at.isoformat(),
        "caller_number": call.caller_number if unmasked else masked(call.caller_number),
        "hotline": call.flow,
        "mode": call.mode,
        "route": call.route,
        "polarity": call.polarity,
        "anger": call.anger,
        "duration_ms": call.duration_ms,
        "disposition": call.disposition,
        "queue": call.queue,
        "satisfaction": call.satisfaction,
        "review": call.review,
        "flags": _flags(call),
    }


def _flags(call: FoundCall) -> Sequence[dict[str, str]]:
    return [
        {"flag": flag.flag, "title": flag.title, "severity": flag.severity, "verdict": flag.verdict}
        for flag in call.flags
    ]
