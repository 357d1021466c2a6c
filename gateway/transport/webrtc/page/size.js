// 大字: everything a third larger. Kept for the next visit.

const KEPT = "voice-gateway-bigger";

export function textSize(changed) {
  const button = document.getElementById("bigger");

  function turn(on) {
    document.documentElement.classList.toggle("bigger", on);
    button.setAttribute("aria-pressed", String(on));
    changed();
  }

  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    turn(on);
    try {
      localStorage.setItem(KEPT, on ? "on" : "");
    } catch {
      // storage is switched off: then it is for this visit
    }
  });
  try {
    if (localStorage.getItem(KEPT)) turn(true);
  } catch {
    // as above
  }
  return { turn };
}
