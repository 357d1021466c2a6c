// What the frame needs in the browser: dark mode that is remembered, keys of pages, and logging in again without leaving.
"use strict";

window.voiceGateway = (() => {
  const YEAR_S = 31536000;

  /** Turn light and dark round, and remember it. */
  function toggleDark() {
    Quasar.Dark.set(!Quasar.Dark.isActive);
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `vg_theme=${Quasar.Dark.isActive ? "dark" : "light"}; path=/; max-age=${YEAR_S}; samesite=lax${secure}`;
  }

  /** The token of this page's login, for requests that change something. */
  function token() {
    return document.querySelector('meta[name="csrf-token"]')?.content || "";
  }

  // ------------------------------------------------------------------------------------------------------------- keys

  function isTyping(element) {
    return Boolean(element?.closest?.('input, textarea, select, [contenteditable]:not([contenteditable="false"]), .cm-editor, [role="textbox"]'));
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (document.querySelector(".q-dialog, .q-menu, dialog[open]")) return;
    if ([" ", "Enter"].includes(event.key) && event.target.closest?.("a, button, [role=button], [tabindex='0']")) return;
    const keys = JSON.parse(document.getElementById("main")?.dataset.keys || "[]");
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (name !== "?" && !keys.includes(name)) return;
    event.preventDefault();
    emitEvent("vg_key", name);
  });

  // ---------------------------------------------------------------------------------------------- what Quasar leaves out

  // Tables that scroll sideways can be reached with Tab, and then be scrolled with the arrow keys; what stands in a menu
  // is told to screen readers as such.
  new MutationObserver(() => {
    for (const region of document.querySelectorAll(".q-table__middle:not([tabindex])")) region.tabIndex = 0;
    for (const item of document.querySelectorAll('[role="menu"] [role="listitem"]')) item.role = "menuitem";
  }).observe(document.documentElement, { childList: true, subtree: true });

  // --------------------------------------------------------------------------------------------------- logging in again

  function make(tag, values = {}, ...children) {
    const element = Object.assign(document.createElement(tag), values);
    element.append(...children);
    return element;
  }

  async function tryPassword(client, password) {
    const form = await (await fetch("/login/again")).json();
    return fetch("/login/again", { method: "POST", body: new URLSearchParams({ client, password, csrf: form.csrf }) });
  }

  /** Ask for the password of whoever's page this is; what is on the page stays as it is. */
  function logInAgain(client) {
    if (document.querySelector("dialog.vg-again")) return;
    const password = make("input", { type: "password", id: "vg-again-password", required: true, autocomplete: "current-password" });
    const why = make("p", { className: "vg-again-why" });
    why.setAttribute("role", "alert");
    const form = make("form", { method: "dialog" },
      make("h2", { id: "vg-again-title", textContent: "请重新登录" }),
      make("p", { textContent: "登录已经失效。输入口令后就能继续，页面上的内容都还在。" }),
      make("label", { htmlFor: password.id, textContent: "口令" }), password, why,
      make("div", { className: "vg-again-row" },
        make("a", { href: "/login", textContent: "换个账号" }), make("button", { type: "submit", textContent: "继续" })));
    const dialog = make("dialog", { className: "vg-again" }, form);
    dialog.setAttribute("aria-labelledby", "vg-again-title");
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      why.textContent = "";
      try {
        const answer = await tryPassword(client, password.value);
        const told = await answer.json();
        if (answer.ok) {
          dialog.remove();
          if (told.reload) location.reload();
        } else {
          why.textContent = told.detail;
          password.select();
        }
      } catch {
        why.textContent = "连不上服务器，请稍后再试。";
      }
    });
    document.body.append(dialog);
    dialog.showModal();
    password.focus();
  }

  return { toggleDark, token, logInAgain };
})();
