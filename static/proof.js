// Proof of work before a form with data-proof-bits is sent: finds the number for which
// SHA-256 over "stamp:email:number" begins with that many zero bits, as work.py has it, and
// puts it into the field "solution". Without this script the form waits half a minute.
"use strict";

(() => {
  // FIPS 180-4 §4.2.2. The browser's own SHA-256 answers by promise, which is slow for short
  // texts, and is missing on pages without https.
  const words = (text) => Int32Array.from(text.trim().split(/\s+/), (word) => parseInt(word, 16));
  const K = words(`
    428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5
    d807aa98 12835b01 243185be 550c7dc3 72be5d74 80deb1fe 9bdc06a7 c19bf174
    e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da
    983e5152 a831c66d b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967
    27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e 92722c85
    a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070
    19a4c116 1e376c08 2748774c 34b0bcb5 391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3
    748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2
  `);
  const START = words(`
    6a09e667 bb67ae85 3c6ef372 a54ff53a 510e527f 9b05688c 1f83d9ab 5be0cd19
  `);
  const W = new Int32Array(64);
  const BLOCK = 64;
  // Of a frame's 16 ms; the rest is for whoever scrolls or types.
  const SLICE_MS = 10;
  const TRIES_PER_LOOK = 200;
  const turn = (x, n) => (x >>> n) | (x << (32 - n));

  // Take one block of bytes into the state (FIPS 180-4 §6.2.2).
  function take(state, bytes, at) {
    for (let i = 0; i < 16; i++, at += 4) {
      W[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }
    for (let i = 16; i < 64; i++) {
      const x = W[i - 15];
      const y = W[i - 2];
      const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
      const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
      W[i] = W[i - 16] + s0 + W[i - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const t1 =
        h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i];
      const t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => {
      state[i] += word;
    });
  }

  // Return what tells of a number whether it solves the text. What comes before the number
  // is taken in only once, as far as it fills blocks.
  function solver(text, bits) {
    const bytes = new TextEncoder().encode(text);
    const begun = START.slice();
    const whole = bytes.length - (bytes.length % BLOCK);
    for (let at = 0; at < whole; at += BLOCK) take(begun, bytes, at);
    const rest = bytes.length - whole;
    const tail = new Uint8Array(2 * BLOCK);
    const view = new DataView(tail.buffer);
    const state = new Int32Array(8);
    return (number) => {
      const digits = String(number);
      let end = rest;
      tail.fill(0);
      tail.set(bytes.subarray(whole));
      for (const digit of digits) tail[end++] = digit.charCodeAt(0);
      tail[end] = 0x80;
      const length = end + 9 > BLOCK ? 2 * BLOCK : BLOCK;
      view.setUint32(length - 4, (bytes.length + digits.length) * 8);
      state.set(begun);
      for (let at = 0; at < length; at += BLOCK) take(state, tail, at);
      return state[0] >>> (32 - bits) === 0; // 32 bits or more are never asked for
    };
  }

  // Only what is ASCII, as the server does, so that both come to the same bytes.
  const folded = (email) =>
    email
      .replace(/^[ \t\n\r\v\f]+|[ \t\n\r\v\f]+$/g, "")
      .replace(/[A-Z]/g, (letter) => letter.toLowerCase());

  const textOf = ({ elements }) => `${elements.stamp.value}:${folded(elements.email.value)}:`;

  function solve(form, done) {
    const text = textOf(form);
    const solves = solver(text, Number(form.dataset.proofBits));
    let number = 0;
    const slice = () => {
      const until = performance.now() + SLICE_MS;
      while (performance.now() < until) {
        for (let tries = 0; tries < TRIES_PER_LOOK; tries++, number++) {
          if (!solves(number)) continue;
          // Somebody may have mended the address meanwhile.
          return textOf(form) === text ? done(String(number)) : solve(form, done);
        }
      }
      setTimeout(slice);
    };
    // Not before this submit is over: a form cannot be sent while it is being sent.
    setTimeout(slice);
  }

  // Browsers before 2022 cannot send a form with its button; they wait instead.
  if (!HTMLFormElement.prototype.requestSubmit) return;
  for (const form of document.querySelectorAll("form[data-proof-bits]")) {
    const { solution } = form.elements;
    const status = document.createElement("p");
    status.className = "proof";
    status.setAttribute("role", "status");
    form.append(status);
    let busy = false;
    let solved = false;

    form.addEventListener("submit", (event) => {
      const button = event.submitter;
      // A button that leads elsewhere, or asks for no valid form, signs nobody up.
      const aside = button && (button.formNoValidate || button.hasAttribute("formaction"));
      if (solved || aside || event.defaultPrevented) return;
      event.preventDefault();
      if (busy) return;
      busy = true;
      form.setAttribute("aria-busy", "true");
      status.textContent = form.dataset.proofText;
      solve(form, (found) => {
        solution.value = found;
        solved = true;
        // With the button, whose name and value go along.
        form.requestSubmit(button);
        solved = busy = false;
      });
    });

    // Back shows the page as it was left.
    addEventListener("pageshow", () => {
      form.removeAttribute("aria-busy");
      status.textContent = "";
    });
  }
})();
