"use strict";
/* How long each call has been up, counted in the browser: the server tells only when it began (data-since, ms). */
setInterval(() => {
  for (const place of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Number(place.dataset.since)) / 1000));
    const pad = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    const text = `${hours ? hours + ":" : ""}${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
    if (place.textContent !== text) place.textContent = text;
  }
}, 500);
