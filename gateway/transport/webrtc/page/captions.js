// What was said, by both sides, newest at the bottom; it stays after the call.

import * as words from "./words.js";

const MAX_LINES = 300;
const MAX_CHARACTERS = 2000;
const NEAR_PX = 48;

/** Scrolls by itself unless the reader has gone back; then a button leads to the newest. */
export function captions() {
  const list = document.getElementById("captions");
  const nothing = document.getElementById("nothing");
  const newest = document.getElementById("newest");

  let following = true, height = 0;

  function toEnd() {
    list.scrollTop = list.scrollHeight;
    following = true;
    newest.hidden = true;
  }
  newest.addEventListener("click", () => {
    toEnd();
    list.focus();  // the button goes away
  });
  list.addEventListener("scroll", () => {
    if (list.clientHeight !== height) return;  // not the reader: the box has changed, see below
    following = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
    if (following) newest.hidden = true;
  });
  new ResizeObserver(() => {
    height = list.clientHeight;
    if (following) toEnd();
  }).observe(list);

  function span(kind, text) {
    const made = document.createElement("span");
    made.className = kind;
    made.textContent = text.slice(0, MAX_CHARACTERS);
    return made;
  }

  function add(kind, ...parts) {
    const line = document.createElement("p");
    line.className = `said ${kind}`;
    line.append(...parts);
    nothing.hidden = true;
    list.append(line);
    while (list.childElementCount > MAX_LINES) list.children[1].remove();  // the first is `nothing`
    if (following) toEnd();
    else newest.hidden = false;
  }

  return {
    said(who, text) {
      if (!words.has(words.WHO, who) || typeof text !== "string" || !text) return;
      add(who, span("who", words.WHO[who]), span("unseen", "："), span("words", text));
    },
    /** What nobody said: a key, a transfer that failed. */
    note(text) {
      add("note", span("words", text));
    },
    clear() {
      list.querySelectorAll(".said").forEach((line) => line.remove());
      nothing.hidden = false;
      toEnd();
    },
    toEnd,
  };
}
