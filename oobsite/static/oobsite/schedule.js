// A preset fills the five fields in place; without this script its link loads the page with them.
"use strict";
const chips = [...document.querySelectorAll(".chip[data-minute]")];
const isLabel = (text) => chips.some((chip) => chip.textContent === text);
for (const chip of chips) {
  chip.addEventListener("click", (event) => {
    event.preventDefault();
    const name = document.getElementById("id_name");
    if (isLabel(name.value)) name.value = chip.textContent;
    for (const [name, value] of Object.entries(chip.dataset)) document.getElementById(`id_${name}`).value = value;
    document.getElementById("id_minute").dispatchEvent(new Event("input", { bubbles: true }));
  });
}
const marked = () => {
  for (const chip of chips) {
    const fits = Object.entries(chip.dataset).every(([name, value]) => document.getElementById(`id_${name}`).value === value);
    if (fits) chip.setAttribute("aria-current", "true");
    else chip.removeAttribute("aria-current");
  }
};
document.getElementById("backupschedule_form").addEventListener("input", marked);
