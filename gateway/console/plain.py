"""Pages without a script: the login, and whatever goes wrong, in words."""

from __future__ import annotations

import logging
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from gateway.errors import StoreError
from gateway.transport.webrtc.door import ProblemError

BRAND = "热线工作台"
THEME_COOKIE = "vg_theme"
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "plain_pages"), autoescape=True, trim_blocks=True
)
_WORDS = {
    400: ("请求有误", "浏览器发来的内容不完整或格式不对，请返回后重试。"),
    401: ("请先登录", "登录已经失效，请重新登录。"),
    403: ("没有权限", "您的角色不能使用这个功能；如果工作需要，请找管理员。"),
    404: ("没有这一页", "地址可能写错了，或者内容已经删除。"),
    405: ("不能这样操作", "这个地址不支持这种操作。"),
    409: ("已被他人修改", "请刷新后再试。"),
    413: ("内容太大", "请缩小范围后再试。"),
    416: ("超出范围", "请求的部分超出了文件的长度。"),
    421: ("地址不对", "请用管理员给您的网址打开；管理员可在 console.host_names 中添加这个名字。"),
    422: ("参数有误", "地址里的参数不对，请检查后再试。"),
    429: ("太频繁了", "这个网络地址尝试得太多，请过一分钟再试。"),
    500: ("出错了", "服务器内部出错，已记入日志，请稍后再试。"),
    503: ("暂时不能用", "存储暂时不能用，请稍后再试。"),
}
log = logging.getLogger(__name__)


def theme_of(request: Request) -> str:
    """`light`, `dark`, or `auto` while nobody has chosen."""
    theme = request.cookies.get(THEME_COOKIE, "")
    return theme if theme in {"light", "dark"} else "auto"


def render(request: Request, template: str, code: int, **values: object) -> HTMLResponse:
    """A plain page from a template; values are escaped."""
    text = _TEMPLATES.get_template(template).render(brand=BRAND, theme=theme_of(request), **values)
    return HTMLResponse(text, code, headers={"Cache-Control": "no-store"})


def refusal(request: Request, status: int, message: str = "") -> Response:
    """What went wrong: a page for a browser that opens one, JSON for everything else."""
    title, usual = _WORDS.get(status, (HTTPStatus(status).phrase, ""))
    message = message or usual
    if not wants_page(request):
        return JSONResponse({"title": title, "detail": message}, status, headers={"Cache-Control": "no-store"})
    link, link_text = ("/login", "去登录") if status == HTTPStatus.UNAUTHORIZED else ("/", "回到首页")
    return render(
        request, "message.html", status, title=title, message=message, link=link, link_text=link_text, status=status
    )


def wants_page(request: Request) -> bool:
    """A browser that navigates, not a program or a script."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def store_words(error: StoreError) -> str:
    """Why the store can't be used, in Chinese and without paths."""
    known = (
        ("another program holds", "存储正被另一个程序占用，请稍等片刻再试。"),
        ("disk is full", "磁盘已满，无法保存；请管理员清理磁盘。"),
        ("gone", "找不到存储文件，可能被移走了；请管理员检查或从备份恢复。"),
        ("damaged", "存储文件已损坏；请管理员从备份恢复。"),
        ("newer version", "存储由更新的版本写成；请管理员升级本程序。"),
        ("can't be written", "存储不可写；请管理员检查目录权限。"),
    )
    return next(
        (words for sign, words in known if sign in error.message), "存储暂时不能用，请稍后再试；详情已记入日志。"
    )


async def on_http_error(request: Request, error: Exception) -> Response:
    """Handler of HTTPException; a detail in Chinese is shown as it is."""
    if not isinstance(error, HTTPException):
        return refusal(request, 500)
    detail = str(error.detail)
    response = refusal(request, error.status_code, "" if detail.isascii() else detail)
    response.headers.update(error.headers or {})
    return response


async def on_bad_parameter(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Handler of RequestValidationError: what was given stays out of it."""
    return refusal(request, 422)


async def on_store_error(request: Request, error: Exception) -> Response:
    """Handler of StoreError."""
    log.error("%s", error)
    return refusal(request, 503, store_words(error) if isinstance(error, StoreError) else "")


async def on_crash(request: Request, error: Exception) -> Response:  # noqa: ARG001  # the server logs it
    """Handler of everything else."""
    return refusal(request, 500)


def problem(request: Request, error: ProblemError) -> Response:
    """A request that isn't meant for us, or comes from another site's page."""
    words = "这个请求来自别的网站，已被拒绝。" if error.reason == "origin" else ""
    return refusal(request, error.status, words)
