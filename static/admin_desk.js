/* The editors' desk: rows that move and open, and a preview of what is not yet saved. Needs no
   library. What talks to the server besides is in admin_desk_live.js. */
(() => {
  "use strict";
  const TYPING_MS = 600;

  const after = (wait, run) => {
    let timer;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(run, wait);
    };
  };

  /* Rows ------------------------------------------------------------------------------ */

  const setOpen = (row, open) => {
    const toggle = row.querySelector(".desk-toggle");
    toggle.setAttribute("aria-expanded", String(open));
    document.getElementById(toggle.getAttribute("aria-controls")).hidden = !open;
  };

  const number = (section) => {
    const rows = [...section.querySelectorAll("[data-list] > [data-row]")];
    rows.forEach((row, index) => {
      row.querySelector("[data-number]").textContent = index + 1;
      row.querySelector("input[name$='-position']").value = index + 1;
      const [up, down] = row.querySelectorAll("[data-move]");
      if (up) {
        up.disabled = index === 0;
        down.disabled = index === rows.length - 1;
      }
    });
    section.querySelector("[data-row-count]").textContent = rows.length;
  };

  const changed = (section) => {
    number(section);
    section.closest("form").dispatchEvent(new Event("input", { bubbles: true }));
  };

  const move = (button) => {
    const row = button.closest("[data-row]");
    const section = button.closest(".desk-rows");
    const up = button.dataset.move === "-1";
    const other = up ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (up) other.before(row);
    else other.after(row);
    changed(section);
    button.disabled ? row.querySelector(".desk-toggle").focus() : button.focus();
    const title = row.querySelector("[data-row-title]").textContent;
    section.querySelector("[data-said]").textContent =
      `${title}: ${row.querySelector("[data-number]").textContent}`;
  };

  const addRow = (section) => {
    const total = section.querySelector("input[name$='-TOTAL_FORMS']");
    const place = document.createElement("div");
    place.innerHTML = section.querySelector("template").innerHTML.replaceAll("__prefix__", total.value);
    const row = place.firstElementChild;
    section.querySelector("[data-list]").append(row);
    total.value = Number(total.value) + 1;
    changed(section);
    row.querySelector(".desk-row-body input, .desk-row-body textarea").focus();
  };

  const toggleAll = (button) => {
    const section = button.closest(".desk-rows");
    const open = button.textContent === button.dataset.open;
    section.querySelectorAll("[data-row]").forEach((row) => setOpen(row, open));
    button.textContent = open ? button.dataset.close : button.dataset.open;
  };

  const showChosen = (picker) => {
    const chosen = picker.querySelector("[data-chosen]");
    const old = new Map([...chosen.children].map((chip) => [chip.dataset.chip, chip]));
    const chips = [...picker.querySelectorAll(".desk-catalogue input:checked")].map((box) => {
      if (old.has(box.value)) return old.get(box.value);
      const chip = document.createElement("span");
      chip.className = "desk-chip";
      chip.dataset.chip = box.value;
      chip.textContent = box.nextElementSibling.textContent;
      return chip;
    });
    chosen.replaceChildren(...chips);
  };

  const openTarget = (id) => {
    const row = document.getElementById(id);
    if (row && row.matches("[data-row]")) setOpen(row, true);
  };

  const rows = () => {
    document.querySelectorAll(".desk-rows").forEach((section) => {
      number(section);
      section.addEventListener("desk:sorted", () => changed(section));
    });
    document.addEventListener("click", (event) => {
      const target = event.target.closest(
        ".desk-toggle, [data-move], [data-add-row], [data-toggle-all], [data-open-row]",
      );
      if (!target) return;
      if (target.matches(".desk-toggle"))
        setOpen(target.closest("[data-row]"), target.getAttribute("aria-expanded") !== "true");
      else if (target.matches("[data-move]")) move(target);
      else if (target.matches("[data-add-row]")) addRow(target.closest(".desk-rows"));
      else if (target.matches("[data-toggle-all]")) toggleAll(target);
      else openTarget(target.dataset.openRow);
    });
    document.addEventListener("change", (event) => {
      const picker = event.target.closest("[data-picker]");
      if (picker) showChosen(picker);
    });
    document.addEventListener("input", (event) => {
      if (!/-(headline|title)$/.test(event.target.name || "")) return;
      const row = event.target.closest("[data-row]");
      if (row) row.querySelector("[data-row-title]").textContent = event.target.value;
    });
    if (location.hash) openTarget(location.hash.slice(1));
  };

  /* Preview --------------------------------------------------------------------------- */

  const preview = () => {
    const pane = document.querySelector(".desk-preview");
    const form = document.getElementById("issue_form");
    if (!pane || !form) return;
    const look = pane.querySelector(".desk-look");
    const frame = pane.querySelector(".desk-frame");
    let latest = 0;

    const data = () => {
      const all = new FormData(form);
      for (const [name, value] of new FormData(look)) all.append(name, value);
      return all;
    };

    const showMail = (values, turn) => {
      // A new frame each time: going back must leave the page, not an older preview. The old
      // one stays until the new one is there, so that nothing flickers.
      const next = frame.querySelector("iframe").cloneNode();
      next.removeAttribute("src");
      next.name = `desk-mail-${turn}`;
      next.style.visibility = "hidden";
      frame.append(next);
      const carrier = document.createElement("form");
      carrier.method = "post";
      carrier.action = pane.dataset.mailUrl;
      carrier.target = next.name;
      carrier.hidden = true;
      for (const [name, value] of values) {
        if (typeof value !== "string") continue;
        const input = document.createElement("textarea");
        input.name = name;
        input.value = value;
        carrier.append(input);
      }
      document.body.append(carrier);
      next.addEventListener("load", () => {
        next.style.visibility = "";
        frame.querySelectorAll("iframe").forEach((old) => {
          if (old !== next && Number(old.name.slice(10) || 0) < turn) old.remove();
        });
      });
      HTMLFormElement.prototype.submit.call(carrier);
      carrier.remove();
    };

    const showFacts = (facts) => {
      pane.querySelectorAll("[data-fact]").forEach((place) => {
        const text = facts[place.dataset.fact] || "";
        if (place.textContent !== text) place.textContent = text;
      });
    };

    const refresh = async () => {
      const turn = ++latest;
      const values = data();
      showMail(values, turn);
      try {
        const answer = await fetch(pane.dataset.factsUrl, { method: "POST", body: values });
        if (!answer.ok) throw new Error(String(answer.status));
        const facts = await answer.json();
        if (turn === latest) showFacts(facts);
      } catch (error) {
        if (turn === latest) showFacts({ error: pane.dataset.failed });
      }
    };

    const arrange = () => {
      const values = new FormData(look);
      frame.dataset.frame = values.get("frame");
      look.querySelectorAll("[data-for]").forEach((part) => {
        part.hidden = part.dataset.for !== values.get("view_as");
      });
    };

    const soon = after(TYPING_MS, refresh);
    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
    look.addEventListener("change", () => {
      arrange();
      refresh();
    });
    look.addEventListener("submit", (event) => {
      event.preventDefault();
      refresh();
    });
    const reader = look.querySelector("[name=reader]");
    const offer = after(TYPING_MS / 3, async () => {
      const answer = await fetch(`${pane.dataset.readersUrl}?q=${encodeURIComponent(reader.value)}`);
      if (!answer.ok) return;
      const options = (await answer.json()).readers.map((address) => {
        const option = document.createElement("option");
        option.value = address;
        return option;
      });
      look.querySelector("datalist").replaceChildren(...options);
    });
    if (reader) reader.addEventListener("input", offer);
    document.documentElement.classList.add("desk-scripted");
    arrange();
  };

  const start = () => {
    rows();
    preview();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
