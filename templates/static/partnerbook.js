/* Everything here is a convenience: each page works without it. */
(() => {
  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const say = (words, n) => words.replace("{n}", n);

  all("[data-focus]", e => e.focus());
  all(".summary a", a => a.addEventListener("click", event => {
    const to = document.getElementById(a.hash.slice(1));
    if (!to) return;
    event.preventDefault();
    to.focus({ preventScroll: true });
    (to.closest(".field") || to).scrollIntoView();
  }));

  all("[data-limit]", e => {
    const out = document.getElementById(e.id + "-count"), limit = +e.dataset.limit;
    const tell = () => {
      const left = limit - [...e.value.trim()].length;
      out.textContent = left < 0 ? say(out.dataset.over, -left) : say(out.dataset.left, left);
      out.className = left < 0 ? "error" : "hint";
    };
    e.addEventListener("input", tell);
    if (e.value) tell();
  });

  // 12,345.6 万元 -> 123,456,000.00 元, on digits, never floats
  all("[data-money]", e => {
    const out = document.getElementById(e.dataset.money), shift = e.dataset.unit.length - 1;
    const tell = () => {
      const found = /^([+-]?)(\d{1,13})(?:\.(\d*))?$/.exec(e.value.normalize("NFKC").replace(/[,\s]/g, ""));
      if (!found || (found[3] || "").length > shift + 2) { out.textContent = ""; return; }
      const digits = (found[3] || "").padEnd(shift + 2, "0");
      const whole = (found[2] + digits.slice(0, shift)).replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, ",");
      out.textContent = say(out.dataset.words, (found[1] === "-" ? "-" : "") + whole + "." + digits.slice(shift));
    };
    e.addEventListener("input", tell);
    if (e.value) tell();
  });

  all("[data-tidy]", e => e.addEventListener("change", () => {
    e.value = e.value.normalize("NFKC").replace(/\s/g, "").toUpperCase();
  }));

  if (navigator.clipboard) all("[data-copy]", b => {
    b.hidden = false;
    b.addEventListener("click", async () => {
      await navigator.clipboard.writeText(b.dataset.copy);
      const was = b.textContent;
      b.textContent = b.dataset.done;
      setTimeout(() => { b.textContent = was; }, 2000);
    });
  });
  all("[data-print]", b => { b.hidden = false; b.addEventListener("click", () => print()); });

  const relabel = (button, words) => {          // returns how to undo it
    const was = [...button.childNodes];
    button.textContent = words;
    return () => button.replaceChildren(...was);
  };

  all("form[data-once]", form => {
    let changed = false, leaving = false;
    form.addEventListener("input", () => { changed = true; });
    form.addEventListener("saved", () => { changed = false; });
    addEventListener("beforeunload", event => { if (changed && !leaving) event.preventDefault(); });

    // One press, one submission. The server holds the id; this only spares the sender a second press.
    form.addEventListener("submit", event => {
      const b = event.submitter || form.querySelector("button:not([name])"), waits = form.querySelector("[data-pending] button");
      if (leaving || waits) {
        event.preventDefault();
        if (!leaving) { setTimeout(relabel(b, form.dataset.wait), 3000); waits.focus(); }
        return;
      }
      leaving = true;
      const undo = b.name ? () => {} : relabel(b, form.dataset.once);
      b.setAttribute("aria-disabled", "true");
      const free = () => { leaving = false; undo(); b.removeAttribute("aria-disabled"); };
      setTimeout(free, 20000);
      addEventListener("pageshow", page => { if (page.persisted) free(); }, { once: true });
    });

    // Files go up one after the other, with progress; without script they travel with the form.
    let queue = Promise.resolve();
    form.querySelectorAll("[data-upload]").forEach(box => {
      const input = box.querySelector("input[type=file]"), blank = box.querySelector("template");
      const list = () => box.querySelector(".files");

      const send = (file, row, again) => new Promise(done => {
        const [name, bar, note, stop] = row.children, request = new XMLHttpRequest();
        const body = new FormData(form);
        for (const [key, value] of [...body]) if (value instanceof File) body.delete(key);
        list().querySelectorAll("input[type=hidden]").forEach(kept => body.append(input.name, kept.value));
        body.append(input.name, file);
        body.append("send", input.name);
        const fail = (words, press, act) => {
          bar.hidden = true; note.className = "error"; note.textContent = words;
          stop.textContent = press; stop.onclick = act; done();
        };
        const failed = () => fail(box.dataset.failed, box.dataset.retry, again);
        name.textContent = file.name; bar.hidden = false; bar.value = 0;
        note.className = "soft"; note.textContent = box.dataset.sending; stop.textContent = box.dataset.stop;
        stop.onclick = () => { request.abort(); row.remove(); done(); };
        if (file.size > box.dataset.max * 1e6) return fail(box.dataset.big, box.dataset.remove, () => row.remove());
        request.open("POST", form.action);
        request.responseType = "document";
        request.timeout = 180000;
        request.upload.onprogress = sent => { bar.value = 100 * sent.loaded / sent.total; };
        request.onerror = request.ontimeout = failed;
        request.onload = () => {
          const fresh = request.response && request.response.getElementById(list().id);
          if (request.status !== 200 || !fresh) return failed();
          const pending = [...list().querySelectorAll("li[data-pending]")].filter(li => li !== row);
          fresh.append(...list().querySelectorAll(".refused"), ...pending);
          list().replaceWith(fresh);
          fresh.hidden = !fresh.children.length;
          done();
        };
        request.send(body);
      });

      input.addEventListener("change", () => {
        for (const file of input.files) {
          const row = blank.content.firstElementChild.cloneNode(true);
          row.dataset.pending = "1";
          row.children[0].textContent = file.name;
          list().append(row);
          list().hidden = false;
          const queued = () => { queue = queue.then(() => row.isConnected && send(file, row, queued)); };
          row.children[3].onclick = () => row.remove();
          queued();
        }
        input.value = "";
      });
    });
  });

  // A score sheet saves itself; what could not be saved is tried again and never thrown away.
  all("[data-autosave]", form => {
    const out = form.querySelector("[data-saved]"), number = form.elements.number;
    let timer, busy = false, again = false, newer = false;
    const save = async () => {
      if (busy) { again = true; return; }
      busy = true; again = newer = false;
      try {
        const answer = await fetch(form.dataset.autosave, { method: "POST", body: new FormData(form) });
        const told = await answer.json();
        if (told.ok) number.value = told.number;
        if (told.ok && !newer) form.dispatchEvent(new Event("saved"));
        if (told.csrf_token) form.elements.csrf_token.value = told.csrf_token;
        out.textContent = told.message;
        out.className = told.ok ? "saved soft" : "saved error";
        if (told.csrf_token || told.again) later(8000);
      } catch {
        out.textContent = form.dataset.failed;
        out.className = "saved error";
        later(8000);
      }
      busy = false;
      if (again) later(300);
    };
    const later = ms => { clearTimeout(timer); timer = setTimeout(save, ms); };
    form.addEventListener("input", () => { newer = true; later(900); });
    form.addEventListener("submit", event => {
      clearTimeout(timer);
      if (busy) { event.preventDefault(); event.stopImmediatePropagation(); setTimeout(() => form.requestSubmit(event.submitter), 200); }
    }, true);
  });
})();
