"""The calls that are shown, as a file for a spreadsheet."""

from __future__ import annotations

import asyncio
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from gateway.console.calls.labels import titles
from gateway.console.calls.query import clean, told
from gateway.console.calls.sheet import MOST, Sheet
from gateway.console.door import needs, surroundings_of
from gateway.console.rights import Right, Visitor
from gateway.console.routes.calls_api import note_unmasking, wanted
from gateway.store import accounts as kept
from gateway.store.search import PageWanted, find_calls, stream_found

router = APIRouter(prefix="/export")
Exporter = Annotated[Visitor, Depends(needs(Right.EXPORT))]


@router.get("/calls.csv")
async def export(request: Request, visitor: Exporter, unmask: Annotated[bool, Query()] = False) -> Response:
    """The calls that the address asks for, as the page of calls has them; at most 50,000, which the file then says.

    Args:
        request: with the parameters of `gateway.console.calls.query.NAMES`.
        visitor: who exports; on record, before the first byte leaves.
        unmask: with whole numbers, for who may see them.
    """
    filter_ = wanted(request, visitor)
    surroundings, detail = surroundings_of(request), told(clean(request.query_params.multi_items()))
    if unmask:
        await note_unmasking(request, visitor, **detail)
    store, zone = surroundings.store, ZoneInfo(surroundings.settings.timezone)
    names = await asyncio.to_thread(titles, surroundings.settings.analytics.rules, surroundings.settings.flows_dir)
    found = await asyncio.to_thread(find_calls, store, filter_, visitor.scope, PageWanted(rows=1))
    rows = f"{found.total}+" if found.capped else str(found.total)
    entry = surroundings.logins.told("export", visitor, rows=rows, **detail)
    await asyncio.to_thread(kept.note, store, entry)
    sheet = Sheet(zone=zone, titles=names, unmasked=unmask)
    lines = sheet.lines(stream_found(store, filter_, visitor.scope, MOST + 1))
    headers = {"Content-Disposition": 'attachment; filename="calls.csv"', "Cache-Control": "private, no-store"}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
