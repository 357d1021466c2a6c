"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const stage = byId("stage"), sheet = byId("sheet"), camera = byId("camera"), panel = byId("panel");
  const query = byId("query"), found = byId("found");
  const cards = new Map(all(".card").map((card) => [card.dataset.name, card]));
  const articles = new Map(all("article").map((article) => [article.dataset.name, article]));
  const ends = all("[data-from]");
  const view = { x: 0, y: 0, scale: 1 };   // the sheet's units; scale 1 shows the whole sheet

  // ------------------------------------------------------------------------------------------------ zoom and pan
  function show() {
    camera.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  }

  /** A point of the screen in the units of the sheet as it is drawn at scale 1. */
  function units(x, y) {
    return new DOMPoint(x, y).matrixTransform(sheet.getScreenCTM().inverse());
  }

  function zoom(factor, x, y) {
    const box = stage.getBoundingClientRect();
    const at = units(x ?? box.x + box.width / 2, y ?? box.y + box.height / 2);
    const most = Math.max(1, 4 / sheet.getScreenCTM().a);
    const scale = Math.min(most, Math.max(0.5, view.scale * factor));
    view.x = at.x - (at.x - view.x) * scale / view.scale;
    view.y = at.y - (at.y - view.y) * scale / view.scale;
    view.scale = scale;
    show();
  }

  function pan(dx, dy) {
    const per = sheet.getScreenCTM().a;
    view.x += dx / per;
    view.y += dy / per;
    show();
  }

  function fit() {
    Object.assign(view, { x: 0, y: 0, scale: 1 });
    show();
  }

  /** The part of the stage that the panel leaves free. */
  function free() {
    const box = stage.getBoundingClientRect(), cover = panel.getBoundingClientRect();
    const beside = !panel.hidden && cover.width < box.width, below = !panel.hidden && !beside;
    return new DOMRect(box.x, box.y, box.width - (beside ? cover.width : 0), box.height - (below ? cover.height : 0));
  }

  /** Bring a card to the middle of the stage, large enough to be read. */
  function centre(card) {
    const box = free();
    view.scale = Math.max(view.scale, 1 / sheet.getScreenCTM().a);
    show();
    const at = card.getBoundingClientRect();
    pan(box.x + box.width / 2 - at.x - at.width / 2, box.y + box.height / 2 - at.y - at.height / 2);
  }

  const fingers = new Map();
  let moved = 0;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button === 0) fingers.set(event.pointerId, event);
    moved = fingers.size > 1 ? Infinity : 0;
  });
  addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    if (fingers.size === 2) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      zoom(apart(event) / apart(before), (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
      pan(dx / 2, dy / 2);
    } else {
      pan(dx, dy);
    }
    moved += Math.hypot(dx, dy);
    stage.classList.toggle("dragged", moved > 4);
    fingers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      stage.classList.remove("dragged");
    });
  }
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX, event.clientY);
  }, { passive: false });
  byId("in").addEventListener("click", () => zoom(1.3));
  byId("out").addEventListener("click", () => zoom(1 / 1.3));
  byId("fit").addEventListener("click", fit);

  // ------------------------------------------------------------------------------------------------------ details
  function pick(name) {
    for (const [other, card] of cards) {
      card.classList.toggle("picked", other === name);
      card.setAttribute("aria-pressed", String(other === name));
    }
    for (const [other, article] of articles) article.hidden = other !== name;
    for (const end of ends) end.classList.toggle("near", end.dataset.from === name || end.dataset.to === name);
    panel.hidden = !articles.has(name);
    panel.scrollTop = 0;
  }

  function go(name) {
    if (!cards.has(name)) return;
    pick(name);
    centre(cards.get(name));
    cards.get(name).focus({ preventScroll: true });
  }

  document.addEventListener("click", (event) => {
    if (moved > 4 && stage.contains(event.target)) return;
    const link = event.target.closest("[data-go]"), card = event.target.closest(".card");
    if (link) go(link.dataset.go);
    else if (card) pick(card.dataset.name);
    else if (stage.contains(event.target)) pick(null);
  });
  byId("close").addEventListener("click", () => pick(null));

  // ------------------------------------------------------------------------------------------------------- search
  let hits = [], at = -1;
  function search() {
    const wanted = query.value.trim().toLowerCase();
    hits = wanted ? [...articles].filter(([, article]) => article.textContent.toLowerCase().includes(wanted)) : [];
    hits.sort(([one], [other]) => other.toLowerCase().includes(wanted) - one.toLowerCase().includes(wanted));
    hits = hits.map(([name]) => name);
    at = -1;
    for (const [name, card] of cards) card.classList.toggle("hit", hits.includes(name));
    sheet.classList.toggle("searched", wanted !== "");
    found.textContent = wanted ? (hits.length ? `${hits.length} 个，回车看下一个` : "没有找到") : "";
  }
  query.addEventListener("input", search);
  byId("finder").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!hits.length) return;
    at = (at + 1) % hits.length;
    go(hits[at]);
    query.focus();
    found.textContent = `${at + 1} / ${hits.length}`;
  });

  // ----------------------------------------------------------------------------------------------------- keyboard
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (query.value) {
        query.value = "";
        search();
      } else {
        pick(null);
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, button, aside")) return;
    const step = 80;
    const act = {
      "/": () => query.focus(), "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), "0": fit,
      ArrowLeft: () => pan(step, 0), ArrowRight: () => pan(-step, 0), ArrowUp: () => pan(0, step), ArrowDown: () => pan(0, -step),
    }[event.key];
    const card = event.target.closest(".card");
    if (act) {
      event.preventDefault();
      act();
    } else if (card && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      pick(card.dataset.name);
    }
  });
  sheet.addEventListener("focusin", (event) => {
    const card = event.target.closest(".card");
    if (!card?.matches(":focus-visible")) return;
    const box = free(), place = card.getBoundingClientRect();
    if (place.right < box.left || place.left > box.right || place.bottom < box.top || place.top > box.bottom) centre(card);
  });

  if (sheet.getScreenCTM().a < 0.3) centre(cards.values().next().value);   // a small screen begins at the entry
})();
