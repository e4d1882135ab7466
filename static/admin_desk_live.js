/* The editors' desk: saving that survives the end of a session, books that keep up, and a paste
   box that is checked while one types. Needs no library. */
(() => {
  "use strict";
  const TYPING_MS = 600;
  const BOOKS_MS = 4000;

  const after = (wait, run) => {
    let timer;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(run, wait);
    };
  };

  /* Saving ---------------------------------------------------------------------------- */

  const session = () => {
    // Whoever is logged out would lose what they typed to the log-in page.
    const notice = document.querySelector("[data-here-url]");
    if (!notice) return;
    const form = notice.closest("form");
    const words = [...notice.childNodes];
    let asking = false;
    let here = false;
    form.addEventListener("submit", async (event) => {
      if (here) {
        here = false;
        return;
      }
      event.preventDefault();
      if (asking) return;
      asking = true;
      const answer = await fetch(notice.dataset.hereUrl, { cache: "no-store" }).catch(() => null);
      asking = false;
      notice.hidden = Boolean(answer && !answer.redirected);
      if (notice.hidden) {
        // Logging in anew gave the browser another token than this page has.
        const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
        if (token) form.elements.csrfmiddlewaretoken.value = token[1];
        here = true;
        form.requestSubmit(event.submitter);
      } else {
        notice.replaceChildren(...(answer ? words : [notice.dataset.away]));
        notice.scrollIntoView({ block: "center" });
      }
    });
  };

  /* Books ----------------------------------------------------------------------------- */

  const books = () => {
    const section = document.querySelector("[data-books-url]");
    if (!section) return;
    const ask = async () => {
      if (!document.hidden) {
        const answer = await fetch(section.dataset.booksUrl).catch(() => null);
        if (answer && answer.ok) {
          const found = await answer.json();
          section.querySelector("[data-books-panel]").innerHTML = found.panel;
          const heard = section.querySelector("[data-books-summary]");
          if (heard.textContent !== found.summary) heard.textContent = found.summary;
          if (!found.active) return;
        }
      }
      setTimeout(ask, BOOKS_MS);
    };
    setTimeout(ask, BOOKS_MS);
  };

  /* Paste ----------------------------------------------------------------------------- */

  const paste = () => {
    const form = document.querySelector("[data-paste]");
    if (!form) return;
    const text = form.querySelector("textarea");
    const reports = form.querySelector("[data-reports]");
    let latest = 0;
    const check = after(TYPING_MS, async () => {
      const turn = ++latest;
      if (!text.value.trim() && !form.querySelector("[type=file]").value) return;
      const answer = await fetch(form.action || location.href, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-Requested-With": "fetch" },
      }).catch(() => null);
      const found = answer && answer.ok && !answer.redirected ? await answer.text() : null;
      if (turn !== latest) return;
      if (found !== null) reports.innerHTML = found;
      else if (!answer) reports.textContent = form.dataset.away;
      else if (answer.redirected) reports.textContent = form.dataset.loggedOut;
      else reports.textContent = `${form.dataset.failed} (${answer.status}).`;
    });
    form.addEventListener("input", check);
    reports.addEventListener("click", (event) => {
      const button = event.target.closest("[data-line]");
      if (!button) return;
      const lines = text.value.split("\n");
      const line = Number(button.dataset.line);
      const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
      text.focus();
      text.setSelectionRange(start, start + (lines[line - 1] || "").length);
      text.scrollTop = (line - 3) * (text.scrollHeight / lines.length);
    });
  };

  const start = () => {
    session();
    books();
    paste();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
