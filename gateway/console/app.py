"""The console put together: door, frame, pages and plain routes, as one application; and the server that runs it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from gateway.console import entrance, pages, routes
from gateway.console.config import Settings
from gateway.console.door import ConsoleDoor, Surroundings
from gateway.console.headers import SecurityHeaders
from gateway.console.logins import Logins
from gateway.console.plain import BRAND, on_bad_parameter, on_crash, on_http_error, on_store_error
from gateway.errors import StoreError
from gateway.store import Store

STATIC = Path(__file__).parent / "static"
RECONNECT_S = 20.0
"""A page whose line is lost for less goes on as it was, with what was typed."""
_HEAD = '<link rel="stylesheet" href="/static/console.css"><script src="/static/console.js"></script>'
_HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    HTTPException: on_http_error,
    RequestValidationError: on_bad_parameter,
    StoreError: on_store_error,
    Exception: on_crash,
}


def create_app(settings: Settings, store: Store, *, logins: Logins | None = None, with_pages: bool = True) -> FastAPI:
    """The whole application.

    Args:
        settings: of the console, and of what it shows.
        store: open; stays the caller's.
        logins: those of tests, with a clock of their own.
        with_pages: NiceGUI's pages too. They are the process's, so that this can be done once; plain routes do without.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, exception_handlers=_HANDLERS)
    surroundings = Surroundings(settings=settings, store=store, logins=logins or Logins(store, settings.console))
    app.state.surroundings, app.state.store, app.state.settings = surroundings, store, settings
    app.include_router(entrance.router)
    for module in pkgutil.iter_modules(routes.__path__):
        app.include_router(importlib.import_module(f"{routes.__name__}.{module.name}").router)
    app.mount("/static", StaticFiles(directory=STATIC))
    if with_pages:
        _add_pages(app)
    app.add_middleware(ConsoleDoor, surroundings=surroundings)
    app.add_middleware(SecurityHeaders, is_secure=settings.console.is_secure)
    app.add_middleware(GZipMiddleware, compresslevel=5)
    return app


def _add_pages(app: FastAPI) -> None:
    for module in pkgutil.iter_modules(pages.__path__):
        importlib.import_module(f"{pages.__name__}.{module.name}")
    for error, handler in _HANDLERS.items():
        nicegui_app.add_exception_handler(error, handler)
    nicegui_app.add_exception_handler(404, on_http_error)
    nicegui_app.config.quasar_config["loadingBar"] = {"skipHijack": True}
    nicegui_app.config.socket_io_js_transports = ["websocket"]
    nicegui_app.colors(
        primary="#2459a6",
        secondary="#5c6b7a",
        accent="#6a4fb3",
        dark="#1c2126",
        dark_page="#14181c",
        positive="#1b7a4b",
        negative="#b3261e",
        info="#2459a6",
        warning="#8a5a00",
    )
    ui.add_head_html(_HEAD, shared=True)
    ui.run_with(
        app,
        title=BRAND,
        favicon=STATIC / "icon.svg",
        dark=None,
        language="zh-CN",
        reconnect_timeout=RECONNECT_S,
        gzip_middleware_factory=None,
        show_welcome_message=False,
        binding_refresh_interval=0.5,
    )
