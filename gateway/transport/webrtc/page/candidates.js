// Candidates of the page's ICE session, told in bundles (RFC 9725 section 4.3.1, RFC 8840), and only when they are needed:
// the gateway learns where the page is from its first check, so most calls are connected before any would be sent.

const BUNDLE_MS = 100;
const NEEDED_AFTER_MS = 1000;

function fragment(description, candidates, end) {
  const value = (name) => (description.match(new RegExp(`^a=${name}:(.*?)\\r?$`, "m")) || [])[1];
  const media = (description.match(/^m=.*?$/m) || ["m=audio 9 UDP/TLS/RTP/SAVPF 0"])[0].trim();
  return [
    `a=ice-ufrag:${value("ice-ufrag")}`,
    `a=ice-pwd:${value("ice-pwd")}`,
    media,
    `a=mid:${value("mid")}`,
    ...candidates.map((candidate) => `a=${candidate}`),
    ...(end ? ["a=end-of-candidates"] : []),
    "",
  ].join("\r\n");
}

/** Collects what `peer` finds. `send(fragment)` is called once `begin` was, and never after `stop`. */
export function candidates(peer, { always, send }) {
  let found = [], end = false, begun = false, timer = 0;

  function flush() {
    timer = 0;
    if (!found.length && !end) return;
    send(fragment(peer.localDescription.sdp, found, end));
    found = [];
  }

  peer.addEventListener("icecandidate", ({ candidate }) => {
    end = !candidate || !candidate.candidate;
    if (!end && / udp /i.test(candidate.candidate)) found.push(candidate.candidate);  // the gateway speaks no other
    if (begun && !timer) timer = setTimeout(flush, BUNDLE_MS);
  });

  return {
    /** The call has a URL to send them to. */
    begin() {
      timer = setTimeout(() => { begun = true; flush(); }, always ? BUNDLE_MS : NEEDED_AFTER_MS);
    },
    stop() {
      clearTimeout(timer);
      timer = -1;  // no other is set
    },
  };
}
