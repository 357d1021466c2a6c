"""Log in and out: plain forms, and the dialog in which a page asks again for the password."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from contextlib import aclosing
from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from gateway.console.csrf import FIELD, csrf_token, is_csrf_token
from gateway.console.door import Surroundings, check_token, surroundings_of
from gateway.console.logins import Opened, digest
from gateway.console.plain import refusal, render
from gateway.console.rights import Visitor

MAX_FORM_BYTES = 8192
WAIT_S = 10.0
REFUSED = "账号或口令不对，或者账号已停用或暂时锁定。连续输错会锁定一段时间。"
"""One answer to all: it doesn't tell which accounts there are."""
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,2000}")

router = APIRouter()


@router.get("/login")
async def show_login(request: Request, next: str = "/") -> Response:  # noqa: A002  # the parameter's name in the address
    """The form; somebody who is logged in goes on at once."""
    house = surroundings_of(request)
    token = request.cookies.get(house.cookie, "")
    if token and await _is_open(house, token):
        return RedirectResponse(local(next), HTTPStatus.SEE_OTHER)
    return _form_page(request, HTTPStatus.OK, next, "", "")


@router.post("/login")
async def log_in(request: Request) -> Response:
    """The filled-in form."""
    house = surroundings_of(request)
    form = await read_form(request)
    name, wanted = form.get("name", ""), form.get("next", "/")
    if not is_csrf_token(request.cookies.get(house.form_cookie, ""), form.get(FIELD, "")):
        return _form_page(request, HTTPStatus.FORBIDDEN, wanted, name, "页面放得太久了，请再试一次。")
    if not house.logins.allows(request.state.source):
        response = _form_page(
            request, HTTPStatus.TOO_MANY_REQUESTS, wanted, name, "这个网络地址尝试得太多，请过一分钟再试。"
        )
        response.headers["Retry-After"] = "60"
        return response
    opened = await _attempt(request, house, name, form.get("password", ""))
    if opened is None:
        return _form_page(request, HTTPStatus.FORBIDDEN, wanted, name, REFUSED)
    await _leave_old(request, house)
    return _entered(house, opened, RedirectResponse(local(wanted), HTTPStatus.SEE_OTHER))


@router.get("/login/again")
async def show_again(request: Request) -> Response:
    """What the dialog needs: a token for its form."""
    house = surroundings_of(request)
    secret = request.cookies.get(house.form_cookie) or secrets.token_urlsafe(32)
    response = JSONResponse({FIELD: csrf_token(secret)}, headers={"Cache-Control": "no-store"})
    house.set_cookie(response, house.form_cookie, secret)
    return response


@router.post("/login/again")
async def log_in_again(request: Request) -> Response:
    """The dialog: `client` is the page, whose person it must be; `password` theirs."""
    house = surroundings_of(request)
    form = await read_form(request)
    presence = house.presences.get(form.get("client", ""))
    if presence is None:
        return refusal(request, HTTPStatus.NOT_FOUND, "这个页面已经关闭，请刷新。")
    if not is_csrf_token(request.cookies.get(house.form_cookie, ""), form.get(FIELD, "")):
        return refusal(request, HTTPStatus.FORBIDDEN, "请再试一次。")
    if not house.logins.allows(request.state.source):
        return refusal(request, HTTPStatus.TOO_MANY_REQUESTS)
    opened = await _attempt(request, house, presence.visitor.account, form.get("password", ""))
    if opened is None:
        return refusal(request, HTTPStatus.FORBIDDEN, REFUSED)
    await _leave_old(request, house)
    before = presence.visitor.token_sha256
    same = presence.reopen(opened.visitor)
    for other in house.presences.values():
        if other.visitor.token_sha256 == before:
            other.reopen(opened.visitor)  # another tab of the same browser, or of one that has logged out
    return _entered(house, opened, JSONResponse({"reload": not same}, headers={"Cache-Control": "no-store"}))


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """Ends the login with all of its pages; with `everywhere`, all logins of the account."""
    house = surroundings_of(request)
    form = await read_form(request)
    check_token(request, form.get(FIELD, ""))
    visitor: Visitor = request.state.visitor
    await asyncio.to_thread(house.logins.close, visitor, "everywhere" if form.get("everywhere") else "here")
    for presence in list(house.presences.values()):
        if presence.visitor.token_sha256 == visitor.token_sha256:
            presence.lapse()
    response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    response.delete_cookie(house.cookie, path="/", secure=house.settings.console.is_secure, httponly=True)
    return response


def local(path: str) -> str:
    """Where to go after a login: a page of ours, and no other site's."""
    return path if _LOCAL.fullmatch(path) and not path.startswith(("/login", "/logout")) else "/"


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of an urlencoded form. Raises HTTPException (413) for a big one."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > MAX_FORM_BYTES:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = bytearray()
    async with aclosing(request.stream()) as parts:
        async for part in parts:
            body += part
            if len(body) > MAX_FORM_BYTES:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))


async def _attempt(request: Request, house: Surroundings, name: str, password: str) -> Opened | None:
    """Try, when it is our turn. Raises HTTPException (503) when too many others do."""
    try:
        await asyncio.wait_for(house.turn.acquire(), WAIT_S)
    except TimeoutError:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "正在登录的人太多，请稍后再试。") from None
    try:
        return await asyncio.to_thread(house.logins.attempt, name, password, request.state.address)
    finally:
        house.turn.release()


async def _is_open(house: Surroundings, token: str) -> bool:
    return await asyncio.to_thread(house.logins.is_open, digest(token))


async def _leave_old(request: Request, house: Surroundings) -> None:
    """The login that the browser had before ends: its token is replaced."""
    if old := request.cookies.get(house.cookie):
        await asyncio.to_thread(house.logins.end, digest(old))


def _entered(house: Surroundings, opened: Opened, response: Response) -> Response:
    house.set_cookie(response, house.cookie, opened.token)
    response.delete_cookie(house.form_cookie, path="/", secure=house.settings.console.is_secure, httponly=True)
    return response


def _form_page(request: Request, status: HTTPStatus, wanted: str, name: str, message: str) -> Response:
    house = surroundings_of(request)
    secret = request.cookies.get(house.form_cookie) or secrets.token_urlsafe(32)
    values = {"next": local(wanted), "name": name[:40], "message": message, "csrf": csrf_token(secret)}
    response = render(request, "login.html", status, **values)
    house.set_cookie(response, house.form_cookie, secret)
    return response
