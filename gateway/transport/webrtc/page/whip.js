// The HTTP side of a call: WHIP (RFC 9725). The gateway's errors are problem JSON (RFC 9457) with a `reason`.

/** Why there is no call: `reason` is a key of PROBLEMS in words.js. */
export class Refused extends Error {
  constructor(reason, retryAfterS = 0) {
    super(reason);
    this.reason = reason;
    this.retryAfterS = retryAfterS;
  }
}

const ANSWER_WITHIN_MS = 10_000;

const headers = (token, more = {}) => (token ? { ...more, Authorization: `Bearer ${token}` } : more);

/** fetch that gives up, body included, and knows one reason for everything that kept it from an answer. */
async function ask(url, options) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), ANSWER_WITHIN_MS);
  try {
    const response = await fetch(url, { ...options, signal: giveUp.signal, cache: "no-store", redirect: "error" });
    return { response, body: await response.text() };
  } catch (error) {
    throw new Refused(error.name === "AbortError" ? "slow" : "unreachable");
  } finally {
    clearTimeout(timer);
  }
}

function refusal(response, body) {
  let reason = response.status === 401 ? "token" : "unknown";
  try {
    reason = String(JSON.parse(body).reason || reason);
  } catch {
    // something before the gateway answered, such as a proxy
    if ([502, 503, 504].includes(response.status)) reason = "unreachable";
  }
  return new Refused(reason, Number(response.headers.get("Retry-After")) || 0);
}

/** What the page is told about itself: ice_servers, token_needed, claimed_numbers, title. */
export async function config(token) {
  const { response, body } = await ask(new URL("config.json", document.baseURI), { headers: headers(token) });
  if (!response.ok) throw refusal(response, body);
  try {
    return JSON.parse(body);
  } catch {
    throw new Refused("unknown");
  }
}

/** Offer a call. Gives the answer's SDP, the call's own URL, its key for a later resume, and the ETag of its ICE session. */
export async function offer(sdp, wanted, token) {
  const url = new URL("whip", document.baseURI);
  Object.entries(wanted).forEach(([name, value]) => value && url.searchParams.set(name, value));
  const options = { method: "POST", headers: headers(token, { "Content-Type": "application/sdp" }), body: sdp };
  const { response, body } = await ask(url, options);
  if (response.status !== 201) throw refusal(response, body);
  const location = new URL(response.headers.get("Location"), url);
  return { answer: body, url: location, key: location.pathname.split("/").pop(), etag: response.headers.get("ETag") };
}

/** Tell candidates found later; they help, nothing waits for them, so a failure is let go. */
export function trickle(call, fragment, token) {
  const more = { "Content-Type": "application/trickle-ice-sdpfrag", ...(call.etag ? { "If-Match": call.etag } : {}) };
  return fetch(call.url, { method: "PATCH", headers: headers(token, more), body: fragment }).catch(() => {});
}

/** Hang up; also while the page goes away (keepalive). */
export function hangUp(call, token) {
  return fetch(call.url, { method: "DELETE", headers: headers(token), keepalive: true }).catch(() => {});
}
