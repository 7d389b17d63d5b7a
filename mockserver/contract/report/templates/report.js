"use strict";
(() => {
  const form = document.getElementById("filter");
  const findings = [...document.querySelectorAll(".finding")];
  if (!findings.length) return;
  const show = () => {
    const text = form.elements.text.value.trim().toLowerCase();
    let shown = 0;
    for (const finding of findings) {
      const wanted = form.elements[finding.dataset.severity].checked;
      finding.hidden = !(wanted && (!text || finding.textContent.toLowerCase().includes(text)));
      shown += !finding.hidden;
    }
    form.querySelector("output").textContent = `${shown} of ${findings.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
})();
