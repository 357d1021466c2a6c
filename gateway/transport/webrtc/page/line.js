// What is shown of the line: the state in words, what to do, the clock, the big button.

import * as words from "./words.js";

const GUARD_MS = 400;
const BUSY = ["asking", "connecting", "talking"];
const byId = (id) => document.getElementById(id);

/** `state` is the page's: idle, asking, connecting, talking, ended, broken, failed; tests read it from the body. */
export function lineView() {
  const body = document.body, button = byId("call");
  let began = 0, ticking = 0, guard = 0;

  /** `live`: how a screen reader tells it; "off" while a prompt or the caller is talking, who need no third voice. */
  function say(text, todo = "", live = "polite") {
    byId("status").setAttribute("aria-live", live);
    byId("line").textContent = text;
    byId("todo").textContent = todo;
    byId("todo").hidden = !todo;
  }

  /** A button that changes its meaning is dead for a moment: who taps twice, or a moment late, means the old word. */
  function rename(word) {
    if (button.textContent === word && line.ready) return;
    button.textContent = word;
    const both = [button, byId("resume")];
    both.forEach((one) => one.setAttribute("aria-disabled", "true"));
    clearTimeout(guard);
    guard = setTimeout(() => both.forEach((one) => one.removeAttribute("aria-disabled")), GUARD_MS);
  }

  function tick() {
    byId("clock").textContent = words.clock((performance.now() - began) / 1000);
  }

  function enter(state, reason = "") {
    const busy = BUSY.includes(state);
    if (body.dataset.state !== state) {
      clearInterval(ticking);
      if (state === "talking") {
        began = performance.now();
        tick();
        ticking = setInterval(tick, 1000);
      }
    }
    body.dataset.state = state;
    body.dataset.reason = reason;
    if (!busy) body.dataset.line = "";
    byId("clock").hidden = state !== "talking";
    byId("resume").hidden = state !== "broken";
    if (state !== "talking") offerHuman(null);
    rename(busy ? words.CALL.busy : state === "broken" ? words.CALL.broken : words.CALL.idle);
  }

  function offerHuman(to, pressed) {
    const link = byId("human");
    link.hidden = !to;
    if (!to) {
      link.removeAttribute("href");
      return;
    }
    link.href = to;
    link.textContent = words.human(to);
    link.target = to.startsWith("tel:") ? "" : "_blank";
    link.rel = "noopener noreferrer";
    link.onclick = pressed;
  }

  const line = {
    say,
    enter,
    offerHuman,
    get state() { return body.dataset.state; },
    /** Whether the big buttons are to be heeded now. */
    get ready() { return !button.hasAttribute("aria-disabled"); },
    get talkedS() { return (performance.now() - began) / 1000; },
    /** A `state` message of the gateway. */
    doing(name, elderly) {
      body.dataset.line = name;
      const text = words.LINE[name === "speaking" && elderly ? "speaking_patiently" : name];
      if (text) say(text, "", name === "waiting" ? "polite" : "off");
    },
    problem(state, reason, retryAfterS) {
      enter(state, reason);
      say(...words.problem(reason, retryAfterS), "assertive");
    },
  };
  return line;
}
