// The page as a whole: one call at a time, from the click on 拨打 to its end.
//
// What the page's address may say: `?number=` the hotline that is called; `?from=` the number that the caller pretends to
// call from, where the gateway allows it; `?processing=off` the microphone's sound as it is, for tests that feed a file;
// `#token=` the access token.
// What tests may read: `document.body.dataset.state` (line.js), `.line` (the gateway's last `state` message), `.reason`
// (why it failed, broke or ended: a key of words.js, or the gateway's word) and `.mode`.

import { placeCall } from "./call.js";
import { captions } from "./captions.js";
import { entry } from "./entry.js";
import { lineView } from "./line.js";
import { meter } from "./meter.js";
import { microphones } from "./microphones.js";
import { numberPad } from "./pad.js";
import { textSize } from "./size.js";
import * as whip from "./whip.js";
import * as words from "./words.js";

const LINK = /^(tel:\+?[0-9*#-]{1,30}|https:\/\/[^\s"'<>]+)$/;
const HINT_MS = 4000;
const byId = (id) => document.getElementById(id);
const address = new URLSearchParams(location.search);
const body = document.body, remote = byId("remote");

const line = lineView();
const talk = captions();
const size = textSize(() => talk.toEnd());
const fields = entry(() => start());
const pad = numberPad((key) => current.send({ type: "key", key }), () => hint(words.NOTES.pad_later, HINT_MS));
const levels = meter(
  () => ["listening", "hearing"].includes(body.dataset.line),
  (silent) => hint(silent ? words.MICROPHONE.silent : ""),
);
const microphone = microphones(address.get("processing") !== "off", {
  note: hint,
  changed(track) {
    levels.attach(track);
    if (current) current.changeMicrophone(track);
  },
});

let settings = null, settingsToken = "";   // of config.json, and the token it was asked for with
let current = null;                        // the call
let attempt = 0;                           // counts the clicks on 拨打: what comes late of an older one is let go
let lastKey = "";                          // names the call that broke to the gateway, until another is through
let followed = "";                         // the link to a human that was pressed in this call
let awake = null, hinting = 0;

/** A word under the microphone's bar, for some time or until the next. */
function hint(text, forMs = 0) {
  clearTimeout(hinting);
  hinting = forMs ? setTimeout(hint, forMs, "") : 0;
  byId("hearing").textContent = text;
  byId("hearing").hidden = !text;
}

async function learn() {
  if (settings && settingsToken === fields.token) return;
  const token = fields.token;
  settings = await whip.config(token);
  settingsToken = token;
  fields.configure(settings);
  if (settings.title) byId("title").textContent = document.title = settings.title;
}

/** The screen stays on while somebody talks: a phone that falls asleep may take the microphone away. */
async function stayAwake(on) {
  const mine = attempt;
  if (awake) awake.release().catch(() => {});
  awake = null;
  if (!on || !navigator.wakeLock) return;
  try {
    const lock = await navigator.wakeLock.request("screen");
    if (mine === attempt && current) awake = lock;
    else await lock.release();  // the call has ended in the meantime
  } catch {
    // not now: the page isn't seen
  }
}

function stop() {
  attempt += 1;
  current = null;
  microphone.close();
  levels.detach();
  pad.turn(false);
  stayAwake(false);
  byId("sound").hidden = true;
}

function fail(reason, retryAfterS) {
  stop();
  hint("");
  line.problem("failed", reason, retryAfterS);
  byId("resume").hidden = !lastKey;
  if (reason === "token") fields.ask(true);
}

function lose() {
  lastKey = current.key;
  stop();
  hint("");
  remote.srcObject = null;
  line.problem("broken", "line_lost");
}

function end(reason) {
  const talked = line.state === "talking" ? line.talkedS : null;
  const [what, todo] = words.badEnding(reason) || [
    talked === null ? words.ENDED_UNCONNECTED : words.ended(talked), words.ENDED_TODO,
  ];
  stop();
  hint("");
  lastKey = "";
  line.enter("ended", reason);
  line.say(what, todo);
  if (followed) line.offerHuman(followed);  // it may not have opened
}

function transfer(to) {
  if (typeof to !== "string" || !LINK.test(to)) return;
  line.offerHuman(to, () => {
    if (!current) return;
    followed = to;
    current.send({ type: "transferred" });
  });
  line.say(words.LINE.waiting, words.HUMAN_TODO);
}

function told(message) {
  switch (message.type) {
    case "state":
      if (!byId("human").hidden && message.state === "waiting") return;  // its words say more
      if (words.has(words.LINE, message.state)) line.doing(message.state, body.dataset.mode === "elderly");
      break;
    case "said":
      talk.said(message.who, message.text);
      break;
    case "key":
      if (typeof message.key === "string") talk.note(words.pressed(message.key));
      break;
    case "mode":
      body.dataset.mode = String(message.mode);
      if (message.mode === "elderly") size.turn(true);
      break;
    case "transfer":
      transfer(message.to);
      break;
    case "transfer_failed":
      line.offerHuman(null);
      talk.note(words.NOTES.transfer_failed);
      break;
    case "ended":
      if (message.reason === "connection_lost") lose();  // it doesn't hear us, though we hear it
      else end(String(message.reason || ""));
      break;
    default:  // alive, and what a newer gateway may say
  }
}

function hear(stream) {
  remote.srcObject = stream;
  remote.play().catch((error) => { byId("sound").hidden = error.name !== "NotAllowedError"; });
}

function askForToken() {
  stop();
  line.enter("idle");
  line.say(words.LINE.idle, words.TOKEN_TODO);
  fields.ask(false);
}

async function start(resume = "") {
  if (busy()) return;
  if (fields.missing) {
    askForToken();
    return;
  }
  const mine = ++attempt, late = () => mine !== attempt;
  levels.wake();
  if (!window.RTCPeerConnection) {
    fail("no_webrtc");
    return;
  }
  lastKey = resume;
  followed = "";
  if (resume) talk.note(words.NOTES.resuming);
  else talk.clear();
  hint("");
  body.dataset.mode = "";
  line.enter("asking");
  line.say(words.LINE.asking, words.ASKING_TODO);
  try {
    const [track] = await Promise.all([microphone.open(), learn()]);
    if (late()) return;
    if (fields.missing) askForToken();  // the settings came only now
    else connect(track, resume);
  } catch (error) {
    if (!late()) fail(error instanceof whip.Refused ? error.reason : "unknown", error.retryAfterS);
  }
}

function connect(track, resume) {
  const mine = attempt, now = (then) => (...given) => mine === attempt && then(...given);
  line.enter("connecting");
  line.say(words.LINE.connecting);
  levels.attach(track);
  const wanted = { number: address.get("number"), from: fields.from, resume };
  current = placeCall({ track, iceServers: settings.ice_servers || [], token: fields.token, wanted }, {
    sound: now(hear),
    talking: now(() => {
      fields.accepted();
      lastKey = "";
      line.enter("talking");
      line.say(words.LINE.talking);
      pad.turn(true);
      stayAwake(true);
      if (resume) talk.note(words.NOTES.resumed);
    }),
    message: now(told),
    failed: now(fail),
    broken: now(lose),
  });
}

function hangUp(leaving = false) {
  if (current) current.hangUp(leaving);
  end("caller_hung_up");
}

const busy = () => ["asking", "connecting", "talking"].includes(line.state);

byId("call").addEventListener("click", () => {
  if (!line.ready) return;
  if (busy()) hangUp();
  else start();
});
byId("resume").addEventListener("click", () => { if (line.ready) start(lastKey); });
byId("sound").addEventListener("click", () => remote.play().then(() => { byId("sound").hidden = true; }).catch(() => {}));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !busy()) return;
  byId("call").focus();  // no surprise: Escape leads to the button, it does not hang up
  hint(words.PRESS_AGAIN_TO_HANG_UP, HINT_MS);
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && line.state === "talking") stayAwake(true);  // hidden pages lose it
});
window.addEventListener("pagehide", () => busy() && hangUp(true));

pad.turn(false);
learn()
  .then(() => {
    line.enter("idle");
    line.say(words.LINE.idle, fields.missing ? words.TOKEN_TODO : "");
  })
  .catch((error) => line.problem("failed", error.reason || "unknown", error.retryAfterS));
