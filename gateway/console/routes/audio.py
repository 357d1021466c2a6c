"""The sound of calls: the file itself with ranges (RFC 9110, section 14), and its outline.

Who lacks the right to see personal numbers, or doesn't ask for them, hears the redacted copy.
"""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from starlette.responses import FileResponse, JSONResponse, Response

from gateway.console.call.listening import Listening, Listenings
from gateway.console.call.sound import MAX_BUCKETS, Outlines, SilentError, sound_of
from gateway.console.door import needs, surroundings_of
from gateway.console.rights import Right, Visitor
from gateway.store import Store
from gateway.store import accounts as kept
from gateway.store.search import find_call

router = APIRouter(prefix="/api/calls")
_listenings = Listenings()
_outlines = Outlines()
_noting = asyncio.Lock()
"""Browsers ask for two pieces at once."""

Listener = Annotated[Visitor, Depends(needs(Right.LISTEN))]
Original = Annotated[bool, Query()]
PageName = Annotated[str, Query(max_length=64)]
Buckets = Annotated[int, Query(ge=1, le=MAX_BUCKETS)]
_PRIVATE = {"Cache-Control": "private, no-store"}


@router.api_route("/{call_id}/audio", methods=["GET", "HEAD"])
async def audio(
    request: Request, call_id: str, visitor: Listener, original: Original = False, page: PageName = ""
) -> Response:
    """The recording of a call, WAV: all of it, or the ranges that are asked for.

    Args:
        request: the door has put there what the console works with.
        call_id: of the call; one that is out of the visitor's sight doesn't exist.
        visitor: who listens.
        original: with the personal numbers in it, for who may hear them.
        page: a name that the page gives itself, so that each page's listening is on record once.
    """
    return await _sound(request, call_id, visitor, original=original, page=page, message=None)


@router.api_route("/{call_id}/messages/{number}/audio", methods=["GET", "HEAD"])
async def message_audio(
    request: Request, call_id: str, number: int, visitor: Listener, original: Original = False, page: PageName = ""
) -> Response:
    """A message that was left, by its number from 0; otherwise as `audio`."""
    return await _sound(request, call_id, visitor, original=original, page=page, message=number)


@router.get("/{call_id}/peaks")
async def peaks(
    request: Request, call_id: str, visitor: Listener, original: Original = False, buckets: Buckets = 1200
) -> Response:
    """The outline of a recording: `duration_ms`, and `sides`: of caller and hotline the lowest and highest samples of
    each of `buckets` pieces, -127 to 127."""
    file = await _file(request, call_id, visitor, original=original, message=None)
    try:
        found = await asyncio.to_thread(_outlines.of, file, buckets)
    except SilentError as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, error.message) from error
    return JSONResponse({"duration_ms": found.duration_ms, "sides": found.sides}, headers=_PRIVATE)


async def _sound(
    request: Request, call_id: str, visitor: Visitor, *, original: bool, page: str, message: int | None
) -> Response:
    file = await _file(request, call_id, visitor, original=original, message=message)
    try:
        stat = await asyncio.to_thread(file.stat)
    except FileNotFoundError as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, "录音文件已不在，可能已按保留期限删除。") from error
    if request.method == "GET":
        what = "call" if message is None else str(message)
        listening = Listening(
            token_sha256=visitor.token_sha256, call_id=call_id, what=what, original=original, page=page
        )
        await _note(request, visitor, listening)
    return FileResponse(file, media_type="audio/wav", headers=_PRIVATE, stat_result=stat)


async def _file(request: Request, call_id: str, visitor: Visitor, *, original: bool, message: int | None) -> Path:
    """Raises HTTPException when the visitor may hear nothing, StoreError when the store can't be read."""
    if original and not visitor.may(Right.UNMASK):
        raise HTTPException(HTTPStatus.FORBIDDEN, "您的角色只能听隐去号码的录音。")
    store = surroundings_of(request).store
    try:
        return await asyncio.to_thread(_find, store, call_id, visitor, original, message)
    except SilentError as error:
        status = HTTPStatus.NOT_FOUND if error.is_gone else HTTPStatus.CONFLICT
        raise HTTPException(status, error.message) from error


def _find(store: Store, call_id: str, visitor: Visitor, original: bool, message: int | None) -> Path:
    call = find_call(store, visitor.scope, call_id)
    if call is None:
        raise SilentError("没有这通电话，或者不在您能看的范围内。")
    return sound_of(store, call, original=original, message=message)


async def _note(request: Request, visitor: Visitor, listening: Listening) -> None:
    """Nobody hears anything that isn't on record. Raises StoreError."""
    now_ms = time.monotonic() * 1000
    async with _noting:
        if not _listenings.is_new(listening, now_ms):
            return
        surroundings = surroundings_of(request)
        detail = {"original": listening.original, **({} if listening.what == "call" else {"message": listening.what})}
        told = surroundings.logins.told("listen", visitor, listening.call_id, **detail)
        await asyncio.to_thread(kept.note, surroundings.store, told)
        _listenings.begun(listening, now_ms)
