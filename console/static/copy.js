// Copy buttons are hidden where scripts do not run: the values stand in fields from which they can be copied by hand.
"use strict";

const said = document.getElementById("copied");

for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      said.textContent = "The value is selected: copy it with the keyboard.";
      return;
    }
    said.textContent = "Copied.";
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
