// What makes the forms quicker. Every page works without it.
"use strict";

for (const picker of document.querySelectorAll("[data-picker]")) {
  const search = picker.querySelector("[data-picker-search]");
  const count = picker.querySelector("[data-picker-count]");
  const empty = picker.querySelector("[data-picker-empty]");
  const boxes = [...picker.querySelectorAll("[name=sources]")];
  const companies = [...picker.querySelectorAll("[data-company]")];
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const tell = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    const words = chosen === 0 ? "none" : chosen === 1 ? "one" : "many";
    count.textContent = count.dataset[words].replace("#", chosen);
  };

  const find = () => {
    const wanted = fold(search.value.trim());
    for (const company of companies) {
      const all = fold(company.getAttribute("aria-label")).includes(wanted);
      let found = 0;
      for (const source of company.querySelectorAll("[data-source]")) {
        source.hidden = !all && !fold(source.textContent).includes(wanted);
        found += source.hidden ? 0 : 1;
      }
      company.hidden = found === 0;
    }
    empty.hidden = companies.length === 0 || companies.some((company) => !company.hidden);
  };

  picker.addEventListener("change", tell);
  search.addEventListener("input", find);
  // Enter in the search box must not send the form.
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  picker.querySelector("[data-picker-clear]").addEventListener("click", () => {
    for (const box of boxes) box.checked = false;
    search.value = "";
    find();
    tell();
  });
  picker.querySelector("[data-picker-tools]").hidden = boxes.length === 0;
  tell();
}

// The browser knows the time zone: say it, and offer the list only to those who differ.
for (const pair of document.querySelectorAll("[data-zone][data-guess]")) {
  const select = pair.querySelector("select");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  // A zone that is not on offer would be refused; then the list is there to choose from.
  if (![...select.options].some((option) => option.value === zone)) continue;
  select.value = zone;

  const guess = document.createElement("p");
  guess.className = "guess";
  guess.append(zone.replaceAll("_", " "));
  const change = document.createElement("button");
  change.type = "button";
  change.className = "quiet";
  change.textContent = pair.dataset.change;
  change.addEventListener("click", () => {
    guess.remove();
    select.hidden = false;
    select.focus();
  });
  guess.append(change);
  select.hidden = true;
  select.after(guess);
}
