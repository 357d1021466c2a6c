// Which microphone is used, and what to do when it goes away in the middle of a call.

import { Refused } from "./whip.js";
import { MICROPHONE } from "./words.js";

const REASONS = {
  NotAllowedError: "microphone_refused",
  SecurityError: "microphone_refused",
  NotFoundError: "microphone_missing",
  OverconstrainedError: "microphone_missing",
  NotReadableError: "microphone_busy",
  AbortError: "microphone_busy",
};

/**
 * @param processing echo cancelling, noise suppression and gain control: all that a real telephone needs. Off only for
 *   tests that feed a file (`?processing=off`), whose sound it would change.
 * @param on `changed(track)` another microphone is to be used from now on; `note(text)` to be told the caller
 */
export function microphones(processing, on) {
  const select = document.getElementById("microphone");
  const media = navigator.mediaDevices;
  let track = null, wanted = false, chosen = "", turn = 0;

  async function open(id, exactly) {
    const device = id ? { deviceId: exactly ? { exact: id } : { ideal: id } } : {};
    const sound = { echoCancellation: processing, noiseSuppression: processing, autoGainControl: processing };
    try {
      const stream = await media.getUserMedia({ audio: { ...sound, ...device } });
      return stream.getAudioTracks()[0];
    } catch (error) {
      throw new Refused(REASONS[error.name] || "microphone_busy");
    }
  }

  /** The list; names are told only after the caller has allowed a microphone. */
  async function list() {
    const all = (await media.enumerateDevices()).filter((device) => device.kind === "audioinput" && device.deviceId);
    if (!all.length) return;
    const now = track && track.readyState === "live" ? track.getSettings().deviceId : chosen;
    select.replaceChildren(...all.map((device, index) => {
      const option = new Option(device.label || MICROPHONE.nth(index + 1), device.deviceId);
      option.selected = device.deviceId === now;
      return option;
    }));
    select.disabled = false;
  }

  /** From now on `other` is the microphone. */
  function take(other) {
    if (track) track.stop();
    track = other;
    chosen = other.getSettings().deviceId || "";
    other.addEventListener("ended", () => other === track && replace());
    other.addEventListener("mute", () => other === track && on.note(MICROPHONE.muted));
    other.addEventListener("unmute", () => other === track && on.note(""));
    list().catch(() => {});  // without the list there is still a microphone
  }

  /** `text(label)` is told when it worked, `otherwise` when it didn't. */
  async function change(id, exactly, text, otherwise) {
    const mine = ++turn;
    try {
      const other = await open(id, exactly);
      if (!wanted || mine !== turn) {
        other.stop();
        return;
      }
      take(other);
      on.note(text(other.label));
      on.changed(other);
    } catch {
      if (wanted && mine === turn) on.note(otherwise);
    }
  }

  const replace = () => change("", false, MICROPHONE.switched, MICROPHONE.lost);

  select.addEventListener("change", () => {
    chosen = select.value;
    if (wanted) change(chosen, true, () => "", MICROPHONE.kept).then(list).catch(() => {});
  });
  if (media) {
    media.addEventListener("devicechange", () => {
      if (wanted && track && track.readyState === "ended") replace();
      else list().catch(() => {});
    });
  }

  return {
    /** Ask for it, for a call. Throws Refused. */
    async open() {
      if (!media) throw new Refused("insecure");
      wanted = true;
      const mine = ++turn;
      const got = await open(chosen, false);
      if (wanted && mine === turn) take(got);
      else got.stop();
      return got;
    },
    close() {
      wanted = false;
      turn += 1;
      if (track) track.stop();
      track = null;
    },
  };
}
