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
      const all = fold(company.dataset.company).includes(wanted);
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
    boxes[0].dispatchEvent(new Event("change", { bubbles: true }));
  });
  picker.querySelector("[data-picker-tools]").hidden = boxes.length === 0;
  tell();
}

// What the choices mean, asked anew as they change.
const QUIET_MS = 250; // so long nothing changes before it is asked
const ROOM_PX = 12; // under the lines that stay in view
const CHOICES = new Set(["wants_daily", "wants_weekly", "which", "sources"]);
const NOT_ASKED = ["email", "stamp", "solution", "website"];

for (const form of document.querySelectorAll("[data-outlook-form]")) {
  const said = form.querySelector("[data-outlook-said]");
  let outlook = form.querySelector("[data-outlook]");
  if (!outlook) continue;
  let waiting;
  let asking;

  // Its first lines stay in view while somebody ticks sources further up.
  const settle = () => {
    const first = [...outlook.querySelectorAll("h2, .outlook-line, .outlook-muted")];
    const seen = Math.max(...first.map((line) => line.getBoundingClientRect().bottom));
    const below = outlook.getBoundingClientRect().bottom - seen - ROOM_PX;
    outlook.style.setProperty("--below", `${Math.max(0, below)}px`);
  };
  // And stay below where the list begins, for whoever has not come to it yet.
  const list = form.querySelector("[data-picker]");
  const keepFree = () => {
    const first = list.querySelector("[data-source]")?.getBoundingClientRect();
    if (!first?.height) return; // the list is not shown
    const choosing = outlook.parentElement;
    const room = first.bottom - choosing.getBoundingClientRect().top + ROOM_PX;
    choosing.style.setProperty("--kept-free", `${room}px`);
  };
  const sizes = new ResizeObserver(() => {
    settle();
    keepFree();
  });
  const watch = () => {
    outlook.classList.add("stays");
    sizes.observe(outlook);
    sizes.observe(list);
  };

  const show = (fragment) => {
    const fresh = fragment.querySelector("[data-outlook]");
    // It may grow and does not shrink, or the page would jump with every tick.
    fresh.style.minBlockSize = `${outlook.offsetHeight}px`;
    sizes.disconnect();
    outlook.replaceWith(fresh);
    outlook = fresh;
    watch();
    const lines = [...fresh.querySelectorAll(".outlook-line, .outlook-muted")];
    said.textContent = lines.map((line) => line.textContent).join(" ");
  };

  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    const fields = new URLSearchParams(new FormData(form));
    for (const name of NOT_ASKED) fields.delete(name);
    try {
      const answer = await fetch(form.dataset.outlookForm, {
        method: "POST",
        body: fields,
        signal: asking.signal,
      });
      if (!answer.ok) return;
      const fragment = document.createElement("template");
      fragment.innerHTML = await answer.text();
      show(fragment.content);
    } catch (error) {
      // Aborted, or offline: what stands there is only of a moment ago.
    }
  };

  form.addEventListener("change", (event) => {
    if (!CHOICES.has(event.target.name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(ask, QUIET_MS);
  });
  form.querySelector("[data-outlook-ask]").hidden = true;
  watch();
}

// The wait on the page that asks to press once more.
for (const line of document.querySelectorAll("[data-wait]")) {
  setTimeout(() => { line.textContent = line.dataset.over; }, Number(line.dataset.wait) * 1000);
}

// A small form has no list of time zones; those of these regions are known to the server.
for (const field of document.querySelectorAll("[data-zone-regions]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (field.dataset.zoneRegions.split(" ").includes(zone.split("/")[0])) field.value = zone;
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
  const what = document.createElement("span");
  what.className = "visually-hidden";
  what.textContent = `: ${pair.querySelector("label").textContent}`;
  change.append(what);
  change.addEventListener("click", () => {
    guess.remove();
    select.hidden = false;
    select.focus();
  });
  guess.append(change);
  select.hidden = true;
  select.after(guess);
}
