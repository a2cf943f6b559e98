// A choice that is changed and not taken yet must not be confirmed: the page still tells what the old one would replace.
"use strict";
(() => {
  const choice = document.querySelector("form.choice");
  const button = document.querySelector("#restore-form .btn.danger");
  if (!choice || !button) return;
  const look = () => {
    const isChanged = [...choice.elements].some((box) => box.type === "checkbox" && box.checked !== box.defaultChecked);
    button.disabled = isChanged;
    document.getElementById("choice-changed").hidden = !isChanged;
  };
  choice.addEventListener("change", look);
  window.addEventListener("pageshow", look);
})();
