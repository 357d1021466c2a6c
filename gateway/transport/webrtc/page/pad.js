// The number pad, on the screen and on a keyboard.

const FLASH_MS = 180;
const TYPING = "input, select, textarea";

/** `press(key)` for each key pressed while the pad is on. */
export function numberPad(press, off) {
  const pad = document.getElementById("pad");
  const keys = new Map([...pad.querySelectorAll("[data-key]")].map((button) => [button.dataset.key, button]));
  let on = false;

  function pressed(key) {
    if (!on) {
      off();
      return;
    }
    const button = keys.get(key);
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), FLASH_MS);
    press(key);
  }

  pad.addEventListener("click", (event) => {
    const button = event.target.closest("[data-key]");
    if (button) pressed(button.dataset.key);
  });
  document.addEventListener("keydown", (event) => {
    const chord = event.ctrlKey || event.metaKey || event.altKey;
    if (!on || chord || event.repeat || !keys.has(event.key) || event.target.closest(TYPING)) return;
    event.preventDefault();  // "#" and "*" open a search in some browsers
    pressed(event.key);
  });

  return {
    /** Not `disabled`: that would take the focus away from under a finger. */
    turn(now) {
      on = now;
      keys.forEach((button) => {
        button.setAttribute("aria-disabled", String(!now));
        button.tabIndex = now ? 0 : -1;
      });
    },
  };
}
