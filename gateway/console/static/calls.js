/* Keys of the page of calls: done here, so that what is typed after "/" is not lost on the way to the server and back. */
"use strict";

(() => {
  const STEPS = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };

  function isElsewhere(event) {
    const typing = 'input, textarea, select, [contenteditable]:not([contenteditable="false"]), [role="textbox"]';
    return event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.(typing)
      || document.querySelector(".q-dialog, .q-menu, dialog[open]");
  }

  document.addEventListener("keydown", (event) => {
    const step = STEPS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if ((!step && event.key !== "/") || isElsewhere(event)) return;
    event.preventDefault();
    if (!step) {
      document.querySelector(".vg-filter-q input, input.vg-filter-q")?.focus();
      return;
    }
    const links = [...document.querySelectorAll("a.vg-item-link")];
    const at = links.indexOf(document.activeElement);
    links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + step))]?.focus();
  });

  /* The browser's own buttons: the page's Python shows what the address asks for. */
  window.addEventListener("popstate", () => emitEvent("vg_calls_back", location.search));
})();
