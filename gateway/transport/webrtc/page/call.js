// One call: its connection, its messages, and whether it still lives. Knows nothing of the page.

import { candidates } from "./candidates.js";
import { lineWatch } from "./watch.js";
import * as whip from "./whip.js";

const CONNECT_WITHIN_MS = 10_000;
const LOOK_MS = 300;
const BEAT_LOOKS = 3;          // looks between two `alive` messages
const LAST_SOUND_MS = 400;   // what the browser still has to play when the gateway hangs up
const UNWELL_MS = 3000;
const FORGOTTEN_MS = 4000;     // to close says good-bye, and a lost line is no good-bye: until the gateway has missed us
const MAX_WAITING = 20;

function message(data) {
  try {
    const read = JSON.parse(data);
    return read && typeof read.type === "string" ? read : null;
  } catch {
    return null;
  }
}

async function packetsReceived(peer) {
  let packets = 0;
  (await peer.getStats()).forEach((row) => { if (row.type === "inbound-rtp") packets += row.packetsReceived || 0; });
  return packets;
}

/**
 * Place a call.
 *
 * @param track the microphone
 * @param wanted `number`, `from`, `resume`: what the gateway is asked for
 * @param on `sound(stream)`, `talking()`, `message(object)`, and exactly one of these as the last, unless we hang up:
 *   `failed(reason, retryAfterS)` it never came to a call; `broken()` the line was lost. After an `ended` message: none.
 */
export function placeCall({ track, iceServers, token, wanted }, on) {
  const peer = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
  const channel = peer.createDataChannel("call", { negotiated: true, id: 0, ordered: true });
  const sender = peer.addTransceiver(track, { direction: "sendrecv", streams: [new MediaStream([track])] }).sender;
  const later = candidates(peer, {
    always: iceServers.length > 0,
    send: (fragment) => placed && whip.trickle(placed, fragment, token),
  });
  let placed = null, talking = false, over = false;
  let watch = null, packets = 0, looks = 0, unwell = 0;
  let looking = 0, giveUp = 0;   // timers
  const waiting = [];

  function finish(closeInMs = 0) {
    over = true;
    clearTimeout(giveUp);
    clearInterval(looking);
    later.stop();
    setTimeout(() => peer.close(), closeInMs);
  }

  function fail(reason, retryAfterS = 0) {
    if (over) return;
    if (placed) whip.hangUp(placed, token);
    finish();
    on.failed(reason, retryAfterS);
  }

  function lose() {
    if (over) return;
    sender.replaceTrack(null).catch(() => {});
    finish(FORGOTTEN_MS);
    on.broken();
  }

  function send(object) {
    if (channel.readyState === "open") channel.send(JSON.stringify(object));
    else if (waiting.length < MAX_WAITING) waiting.push(object);
  }

  async function look() {
    if (looks++ % BEAT_LOOKS === 0 && channel.readyState === "open") send({ type: "alive" });
    const received = await packetsReceived(peer).catch(() => packets);
    if (over) return;
    const now = performance.now();
    if (received > packets) watch.sign(now);
    packets = received;
    unwell = peer.connectionState === "connected" ? 0 : unwell + 1;
    if (watch.dead(now) || unwell * LOOK_MS >= UNWELL_MS) lose();
  }

  function connected() {
    if (talking || over) return;
    talking = true;
    clearTimeout(giveUp);
    if (!iceServers.length) later.stop();
    watch = lineWatch(performance.now());
    looking = setInterval(look, LOOK_MS);
    on.talking();
  }

  peer.addEventListener("track", ({ track: sound }) => on.sound(new MediaStream([sound])));
  peer.addEventListener("connectionstatechange", () => {
    const state = peer.connectionState;
    if (state === "connected") connected();
    else if (state === "failed" || state === "closed") talking ? lose() : fail("blocked");
  });
  channel.addEventListener("open", () => waiting.splice(0).forEach(send));
  channel.addEventListener("close", () => talking && lose());
  channel.addEventListener("message", ({ data }) => {
    const told = over ? null : message(data);
    if (!told) return;
    connected();
    watch.sign(performance.now());
    if (told.type === "ended") finish(LAST_SOUND_MS);
    on.message(told);
  });

  async function place() {
    await peer.setLocalDescription(await peer.createOffer());
    placed = await whip.offer(peer.localDescription.sdp, wanted, token);
    if (over) {  // hung up meanwhile
      whip.hangUp(placed, token);
      return;
    }
    await peer.setRemoteDescription({ type: "answer", sdp: placed.answer });
    if (talking || over) return;
    giveUp = setTimeout(() => fail("blocked"), CONNECT_WITHIN_MS);
    later.begin();
  }
  place().catch((error) => fail(error instanceof whip.Refused ? error.reason : "bad_offer", error.retryAfterS));

  return {
    send,
    /** Names this call to a later one that resumes it; empty before the gateway has answered. */
    get key() { return placed ? placed.key : ""; },
    changeMicrophone: (other) => sender.replaceTrack(other),
    /** The caller's wish; idempotent. `leaving`: the page goes away, and a message may go with it. */
    hangUp(leaving = false) {
      if (over) return;
      const heard = channel.readyState === "open";
      if (heard) send({ type: "bye" });
      if (placed && (leaving || !heard)) whip.hangUp(placed, token);
      finish(100);
    },
  };
}
