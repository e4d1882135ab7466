// Proof of work before a form with data-proof-bits is sent: finds the number for which
// SHA-256 over "stamp:email:number" begins with that many zero bits, and puts it into the
// field "solution". The same sum stands in subscribers/admission/work.py. Without this
// script the form works too, and waits half a minute instead.
"use strict";

(() => {
  // FIPS 180-4 §4.2.2. The browser's own SHA-256 answers by promise, which is many times
  // slower for so short a text, and is missing on pages without https.
  const K = new Int32Array([
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  ]);
  const START = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ];
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

  // Return a function that tells of a number whether it solves the text. What comes before
  // the number is taken in only once, as far as it fills blocks.
  function solver(text, bits) {
    const bytes = new TextEncoder().encode(text);
    const begun = Int32Array.from(START);
    const whole = bytes.length - (bytes.length % BLOCK);
    for (let at = 0; at < whole; at += BLOCK) take(begun, bytes, at);
    const rest = bytes.length - whole;
    const tail = new Uint8Array(2 * BLOCK);
    const state = new Int32Array(8);
    return (number) => {
      const digits = String(number);
      let end = rest;
      tail.fill(0);
      tail.set(bytes.subarray(whole));
      for (const digit of digits) tail[end++] = digit.charCodeAt(0);
      tail[end] = 0x80;
      const length = end + 9 > BLOCK ? 2 * BLOCK : BLOCK;
      new DataView(tail.buffer).setUint32(length - 4, (bytes.length + digits.length) * 8);
      state.set(begun);
      for (let at = 0; at < length; at += BLOCK) take(state, tail, at);
      return state[0] >>> (32 - bits) === 0; // 32 bits or more are never asked for
    };
  }

  // As the server folds it: only what is ASCII, so that both come to the same bytes.
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
    slice();
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
