// What has to be filled in before a call: the token where the gateway wants one, and, where flows are being tried, the
// number that the caller pretends to call from.

const KEPT = "voice-gateway-token";

function kept() {
  try {
    return sessionStorage.getItem(KEPT) || "";
  } catch {
    return "";  // storage is switched off
  }
}

function keep(token) {
  try {
    if (token) sessionStorage.setItem(KEPT, token);
    else sessionStorage.removeItem(KEPT);
  } catch {
    // then it is asked for again
  }
}

/** The token of `#token=...`, which is taken out of the address bar: it should not be seen, shared or kept there. */
function fromAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const token = parts.get("token");
  if (token === null) return "";
  parts.delete("token");
  const rest = parts.toString();
  history.replaceState(null, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
  return token;
}

/** `submit()` when Enter is pressed in a field. */
export function entry(submit) {
  const byId = (id) => document.getElementById(id);
  const form = byId("entry"), token = byId("token"), from = byId("from");
  let needed = false, claimed = false;
  const given = fromAddress();
  if (given) keep(given);
  token.value = given || kept();

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("keydown", (event) => {  // a form of two fields submits itself by a button only
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  token.addEventListener("input", () => token.removeAttribute("aria-invalid"));

  return {
    configure(config) {
      needed = Boolean(config.token_needed);
      if (!claimed && config.claimed_numbers) from.value = new URLSearchParams(location.search).get("from") || "";
      claimed = Boolean(config.claimed_numbers);
      byId("token-row").hidden = !needed || Boolean(token.value);
      byId("from-row").hidden = !claimed;
      form.hidden = byId("token-row").hidden && !claimed;
    },
    get token() { return token.value.trim(); },
    get from() { return claimed ? from.value.trim() : ""; },
    get missing() { return needed && !token.value.trim(); },
    /** Ask for the token; `wrong`: the one that was given is. */
    ask(wrong) {
      if (wrong) {
        keep("");
        token.value = "";
        token.setAttribute("aria-invalid", "true");
      }
      form.hidden = byId("token-row").hidden = false;
      token.focus();
    },
    /** The token was right. */
    accepted() {
      keep(needed ? token.value.trim() : "");
      byId("token-row").hidden = true;
      form.hidden = !claimed;
    },
  };
}
