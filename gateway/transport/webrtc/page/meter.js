// How loud the microphone is, as a bar and in words.

import { MICROPHONE } from "./words.js";

const EVERY_MS = 100;
const FLOOR_DB = -60;
const HEARD_DB = -50;
const SILENT_AFTER_MS = 8000;

/** RMS of the samples (-1 to 1) in dB of full scale. */
function level(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / samples.length + 1e-12);
}

/**
 * @param expected whether the caller is expected to talk now: only then does silence mean anything
 * @param silent called with true when nothing has been heard for long, with false once something is
 */
export function meter(expected, silent) {
  const shown = document.getElementById("level"), bar = shown.querySelector(".bar");
  let context = null, source = null, analyser = null, timer = 0, quietMs = 0, told = false, words = "";

  function show(db) {
    const share = Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
    bar.style.transform = `scaleX(${share.toFixed(2)})`;
    shown.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  }

  function name(text) {
    if (text === words) return;
    words = text;
    shown.setAttribute("aria-valuetext", text);
  }

  function look(samples) {
    analyser.getFloatTimeDomainData(samples);
    const db = level(samples), heard = db > HEARD_DB;
    show(db);
    name(heard ? MICROPHONE.heard : MICROPHONE.quiet);
    if (heard) quietMs = 0;
    else if (expected()) quietMs += EVERY_MS;
    if (quietMs >= SILENT_AFTER_MS !== told) {
      told = !told;
      silent(told);
    }
  }

  function detach() {
    if (source) source.disconnect();
    source = null;
    clearInterval(timer);
    show(FLOOR_DB);
    name(MICROPHONE.unused);
  }

  return {
    /** In the click: browsers let sound begin only there. */
    wake() {
      const Context = window.AudioContext || window.webkitAudioContext;
      if (!Context) return;
      context = context || new Context();
      context.resume().catch(() => {});
    },
    attach(track) {
      if (!context) return;
      detach();
      analyser = context.createAnalyser();
      analyser.fftSize = 4096;
      source = context.createMediaStreamSource(new MediaStream([track]));
      source.connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      quietMs = 0;
      timer = setInterval(() => look(samples), EVERY_MS);
    },
    detach,
  };
}
