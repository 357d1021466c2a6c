// Whether the line still lives. The clock is the caller's, so that a test needs no time.

const DEAD_AFTER_MS = 2600;  // with what passes between two looks: noticed within 3 s, and an outage of 2 s is none
const STALLED_MS = 2000;

/** `sign(now)`: a message or sound came. `dead(now)`: asked a few times a second, whether nothing has for too long. */
export function lineWatch(now) {
  let last = now, asked = now;
  return {
    sign(at) {
      last = at;
    },
    dead(at) {
      if (at - asked > STALLED_MS) last = at;  // it was us who slept: a laptop's lid, a frozen tab
      asked = at;
      return at - last >= DEAD_AFTER_MS;
    },
  };
}
