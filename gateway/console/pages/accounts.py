"""Accounts: who may log in, as what, and whose calls they see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from nicegui import ui

from gateway.console import accounts
from gateway.console.accounts import Person
from gateway.console.chrome import dialog
from gateway.console.frame import Page, heading, page
from gateway.console.logins import utc_now
from gateway.console.passwords import MIN_LENGTH
from gateway.console.rights import ROLES, TITLES, VIEWS, Right, Role
from gateway.errors import ConsoleError, StoreError
from gateway.store import accounts as kept
from gateway.store.accounts import Account, Audited

COLUMNS: list[dict[str, Any]] = [
    {"name": "name", "label": "账号", "field": "name", "align": "left", "sortable": True},
    {"name": "title", "label": "姓名", "field": "title", "align": "left", "sortable": True},
    {"name": "role", "label": "角色", "field": "role", "align": "left", "sortable": True},
    {"name": "sees", "label": "能看的通话", "field": "sees", "align": "left"},
    {"name": "state", "label": "状态", "field": "state", "align": "left", "sortable": True},
]
_FIELD = "outlined dense"
_BUTTON = (
    '<q-btn flat dense no-caps color="primary" :label="props.row.name" :aria-label="`修改账号 ${props.row.name}`" '
    "@click=\"() => $parent.$emit('edit', props.row.name)\" />"
)
_CARD = f"""
<div class="vg-grid-card">
  <div class="vg-grid-head">{_BUTTON}<span>{{{{ props.row.state }}}}</span></div>
  <div>{{{{ props.row.title }}}} · {{{{ props.row.role }}}}</div>
  <div class="vg-muted">能看的通话：{{{{ props.row.sees }}}}</div>
</div>
"""
"""An account on a small screen; values are text to Vue, never HTML."""


@page("/accounts", title="账号", right=Right.ACCOUNTS)
async def build(page: Page) -> None:
    """The list, and what is done about one of them."""
    await _Accounts(page).draw()


class _Accounts:
    """The page.

    Args:
        page: the frame's.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._found: dict[str, Account] = {}

    async def draw(self) -> None:
        with ui.row().classes("vg-page-head"):
            heading("账号")
            ui.space()
            search = ui.input("查找").props(f"{_FIELD} clearable type=search").classes("vg-search")
            ui.button("添加账号", icon="person_add", on_click=self._add)
        self._table = ui.table(columns=COLUMNS, rows=[], row_key="name", pagination=25).classes("vg-table")
        self._table.props('flat bordered no-data-label="没有账号"')
        self._table.props(':grid="Quasar.Screen.lt.sm"')
        self._table.bind_filter_from(search, "value")
        self._table.add_slot(
            "body-cell-name",
            f'<q-td :props="props">{_BUTTON}</q-td>',
        )
        self._table.add_slot("item", _CARD)
        self._table.on("edit", lambda event: self._edit(str(event.args)))
        await self._load()

    async def _load(self) -> None:
        found = await self._page.read(kept.list_accounts, self._page.store)
        if found is not None:
            self._found = {account.name: account for account in found}
            self._table.rows = [_row(account) for account in found]

    def _add(self) -> None:
        with self._page.main, dialog("添加账号") as opened:
            name = (
                ui.input("账号名（小写字母、数字）").props(f"{_FIELD} autocomplete=off maxlength=40").classes("vg-wide")
            )
            form = _PersonForm(None)
            password = _password_input()

            async def save() -> None:
                typed = str(name.value or "").strip()
                if await self._change(
                    lambda told: accounts.add(self._page.store, typed, form.person, str(password.value or ""), told),
                    "account_added",
                    typed,
                    role=form.person.role,
                ):
                    opened.close()

            ui.button("添加", on_click=save).classes("vg-wide")
        opened.open()

    def _edit(self, name: str) -> None:
        account = self._found.get(name)
        if account is None:
            return
        with self._page.main, dialog(f"账号 {account.name}") as opened:
            form = _PersonForm(account)

            async def save() -> None:
                person = form.person
                changes = _changes(account, person)
                if not changes or await self._change(
                    lambda told: accounts.change(self._page.store, name, person, told),
                    "account_changed",
                    name,
                    **changes,
                ):
                    opened.close()

            ui.button("保存", on_click=save).classes("vg-wide")
            ui.separator()
            self._draw_password(account, opened)
            ui.separator()
            self._draw_switch(account, opened)
        opened.open()

    def _draw_password(self, account: Account, opened: ui.dialog) -> None:
        password = _password_input()

        async def save() -> None:
            typed = str(password.value or "")
            if await self._change(
                lambda told: accounts.set_password(self._page.store, account.name, typed, told),
                "password_set",
                account.name,
            ):
                opened.close()

        ui.button("重设口令并解除锁定", on_click=save).props("outline").classes("vg-wide")

    def _draw_switch(self, account: Account, opened: ui.dialog) -> None:
        async def switch() -> None:
            if await self._change(
                lambda told: accounts.set_disabled(self._page.store, account.name, not account.disabled, told),
                "account_enabled" if account.disabled else "account_disabled",
                account.name,
            ):
                opened.close()

        ui.label("停用后立即退出登录，不能再登录；记录都保留。").classes("vg-muted")
        button = ui.button("重新启用" if account.disabled else "停用账号", on_click=switch).props("outline")
        button.props(f"color={'primary' if account.disabled else 'negative'}").classes("vg-wide")

    async def _change(self, change: Callable[[Audited], None], action: str, name: str, **detail: object) -> bool:
        """Do it on a thread, on record. False when it was refused, which has been told."""
        if not await self._page.may(Right.ACCOUNTS):
            return False
        told = self._page.audited(action, detail={"account": name, **detail})
        try:
            await asyncio.to_thread(change, told)
        except ConsoleError as error:
            self._page.tell(error.message, "bad")
            return False
        except StoreError as error:
            self._page.on_exception(error)
            return False
        self._page.tell("已保存。", "good")
        await self._load()
        return True


class _PersonForm:
    """Fields of what an account says of somebody.

    Args:
        account: filled in; None for a new one.
    """

    def __init__(self, account: Account | None) -> None:
        role = next((role for role in ROLES if account is not None and role == account.role), "agent")
        self._title = ui.input("姓名", value=account.title if account else "").props(f"{_FIELD} maxlength=40")
        self._role = ui.select(dict(TITLES), label="角色", value=role, on_change=self._fit).props(_FIELD)
        self._queues = ui.input("队列（用逗号分开）", value="，".join(account.queues) if account else "").props(_FIELD)
        self._hotlines = ui.input("热线（用逗号分开）", value="，".join(account.hotlines) if account else "").props(
            _FIELD
        )
        for field in (self._title, self._role, self._queues, self._hotlines):
            field.classes("vg-wide")
        self._sees = ui.label().classes("vg-muted")
        self._fit()

    def _fit(self) -> None:
        view = VIEWS[self._chosen]
        self._queues.set_visibility(view in {"own", "team"})
        self._hotlines.set_visibility(view == "floor")
        self._sees.text = {
            "own": "坐席只能看转到这些队列的通话。",
            "team": "班长能看转到这些队列的通话。",
            "floor": "现场主管能看这些热线的通话。",
            "all": "能看全部通话。",
        }[view]

    @property
    def _chosen(self) -> Role:
        return next((role for role in ROLES if role == self._role.value), "agent")

    @property
    def person(self) -> Person:
        """As it is filled in."""
        return Person(
            title=str(self._title.value or "").strip(),
            role=self._chosen,
            queues=accounts.read_names(str(self._queues.value or "")),
            hotlines=accounts.read_names(str(self._hotlines.value or "")),
        )


def _password_input() -> ui.input:
    label = f"口令（至少 {MIN_LENGTH} 个字符）"
    return ui.input(label, password=True).props(f"{_FIELD} autocomplete=new-password maxlength=200").classes("vg-wide")


def _row(account: Account) -> dict[str, str]:
    locked = account.locked_until is not None and account.locked_until > utc_now()
    return {
        "name": account.name,
        "title": account.title,
        "role": next((TITLES[role] for role in ROLES if role == account.role), account.role),
        "sees": _sees(account),
        "state": "已停用" if account.disabled else "已锁定" if locked else "正常",
    }


def _sees(account: Account) -> str:
    view = next((VIEWS[role] for role in ROLES if role == account.role), "own")
    if view == "all":
        return "全部"
    names = account.hotlines if view == "floor" else account.queues
    return f"{'热线' if view == 'floor' else '队列'} {'、'.join(names)}" if names else "还没有分配"


def _changes(account: Account, person: Person) -> dict[str, object]:
    """What is another: for the audit."""
    before: dict[str, object] = {
        "title": account.title,
        "role": account.role,
        "queues": list(account.queues),
        "hotlines": list(account.hotlines),
    }
    after: dict[str, object] = {
        "title": person.title,
        "role": person.role,
        "queues": list(person.queues),
        "hotlines": list(person.hotlines),
    }
    return {field: [before[field], value] for field, value in after.items() if value != before[field]}
