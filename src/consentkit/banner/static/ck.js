// Improves what works without it: choices are answered in place, settings open in a dialog, a page older than the choice
// goes. The page's own element with data-consentkit-open opens settings, too. No markup is made from strings.
(() => {
  "use strict";
  // Put in once more by what merges heads.
  if (window.consentkit) return;
  const { dataset } = document.currentScript, source = document.currentScript.getAttribute("src");
  const root = document.documentElement, opens = "opens" in dataset;
  const opener = "[data-consentkit-open]", inert = opener + ":not(a[href],button,input,summary)";
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const tell = (name, detail) => dispatchEvent(new CustomEvent(name, { detail }));
  const put = (parent, name, values) => parent.appendChild(Object.assign(document.createElement(name), values));
  // Before the page's own listeners, which may mean every form.
  const listen = (name, act) => addEventListener(name, act, true);
  let banner, link, form, dialog, answered, busy, later, word;

  const showLink = () => {
    answered = true;
    banner?.remove();
    form?.remove();
    if (link) link.hidden = "own" in link.dataset || (!("required" in link.dataset) && !!document.querySelector(opener));
  };
  // Read out is what comes into a region that is there already.
  const say = (text, className) => {
    if (!link || !text || text[0] === "#") return;
    const { lang, dir } = link, said = put(document.body, "div", { id: "consentkit-said", role: "status", lang, dir, className });
    setTimeout(() => (said.textContent = text), 99);
  };

  // --- What the page was made for, and what holds

  // The decision as the server tells it, too: without source, day and signature. Reading cookies throws in a sandbox.
  const now = () => {
    try {
      return String(document.cookie.match(/\bconsentkit=[^;.]*/g) || "").replace(/:\w+:(.):\d+/g, "$1");
    } catch {
      return "";
    }
  };
  let made = now();
  // Of several cookies the server makes one.
  if (!made.includes(",")) made = dataset.madeFor ?? made;
  const others = window.cookieStore || (window.BroadcastChannel && new BroadcastChannel("consentkit"));

  // What htmx keeps of earlier pages may be of another choice; other tabs may show such pages.
  const spread = () => {
    try {
      for (const kept of [localStorage, sessionStorage]) kept.removeItem("htmx-history-cache");
    } catch {}
    others?.postMessage?.(0);
  };
  const settle = () => {
    made = now();
    spread();
    showLink();
  };
  // Leaves a word for the page that comes next, and takes what was left for this one.
  const leave = (next) => {
    try {
      word = sessionStorage.consentkit;
      delete sessionStorage.consentkit;
      if (next) sessionStorage.consentkit = next;
      return true;
    } catch {}
  };
  // What came in answer to a form is not sent again. A worker has kept this page no more, so it asks the server.
  const again = async () => {
    busy = true;
    spread();
    stop();
    const any = { ignoreSearch: true, ignoreVary: true };
    try {
      if (navigator.onLine) for (const name of await caches.keys()) await (await caches.open(name)).delete(location, any);
    } catch {}
    if (dataset.again) location.assign(dataset.again);
    else location.reload();
  };
  // Once for each page and choice: a worker may give the same page for ever.
  const renew = () => {
    const key = "#" + now() + location.href;
    if (word !== key && leave(key)) return again();
    if (document.readyState === "loading") return;
    settle();
    say(link?.dataset.older);
  };
  // Where nothing is on, a refusal ends nothing. What is only added waits until it is seen.
  const check = () => {
    if (busy || dialog?.open || now() === made) return;
    if (!opens && /=1:[^*+]*$/.test(now())) settle();
    else if (opens || !document.hidden) renew();
  };

  const start = () => {
    // A foreign <base> may come later than our markup, or be made by a script: what is ours stays on this site.
    const own = (text) => {
      const url = new URL(text, location);
      return location.origin + url.pathname + url.search;
    };
    const base = own(source).replace(/[^/]*\/[^/]*$/, "");
    [banner, link, form] = ["banner", "link", "form"].map((id) => document.getElementById("consentkit-" + id));
    const way = link?.querySelector("a");
    const sheet = document.querySelector("link[href^='" + source.replace(/[^/]*$/, "ck.") + "']");
    const shell = window.frameElement?.closest("#consentkit-dialog");
    // Light or dark as the page is: what a style sheet alone says no selector tells, nor does any reach into a frame.
    if (shell) root.dataset.scheme = getComputedStyle(shell).getPropertyValue("--ck-scheme");
    const forms = [];
    each("[data-consentkit-form]", (one) => forms.push(one));
    const ours = () => (answered ? [link] : [form, link, banner]).filter((one) => one);

    // The page's own links past its beginning stay what Tab reaches first.
    const first = () => {
      const all = [...document.body.querySelectorAll("*")].filter((one) => one.tabIndex >= 0 && !ours().some((our) => our.contains(one)));
      const end = all.findIndex((one) => !one.hash || one.pathname !== location.pathname), top = all[end - 1]?.closest("body > *");
      return top && end < 4 && !top.contains(all[end]) ? top.nextSibling : document.body.firstChild;
    };
    // Where a framework compares the whole document with its own, ours wait at the end of the head until that is done.
    const place = (one, before) => {
      const { body } = document;
      if (body.moveBefore && one.isConnected) body.moveBefore(one, before);
      else body.insertBefore(one, before);
    };
    const behind = link?.parentNode === document.head;
    if (behind) addEventListener("load", () => (window.requestIdleCallback || setTimeout)(() => {
      const whole = Object.keys(document).some((key) => key.startsWith("__reactContainer"));
      ours().forEach((one) => place(one, whole ? null : first()));
      document.head.style.display = "";
    }));
    each("#consentkit-form, #consentkit-banner a:not([rel]), #consentkit-link a", (one) => {
      const name = one === form ? "action" : "href";
      one.setAttribute(name, own(one.getAttribute(name)));
    });

    // Room for what the page keeps at the bottom of the window.
    const measure = () => {
      const one = answered ? link : banner;
      if (!one) return;
      const { left, right, height } = one.getBoundingClientRect();
      // A filter of notices hides it, and nothing could be done about it any more.
      if (one.open && !height) return one.close();
      const below = [left + 9, right - 9].flatMap((x) => document.elementsFromPoint(x, innerHeight - 9));
      const room = Math.max(0, ...below.map((bar) => {
        const box = bar.getBoundingClientRect();
        return !ours().includes(bar) && /fixed|sticky/.test(getComputedStyle(bar).position) && box.height * 3 < innerHeight && innerHeight - box.top;
      }));
      // Where nothing is found, what the site says holds.
      root.style.setProperty("--consentkit-bottom", room ? room + "px" : "");
      if (!answered) root.style.setProperty("--consentkit-height", height + 24 + "px");
    };

    const open = () => {
      const url = way?.href || base + "?return_to=" + encodeURIComponent(location.pathname + location.search);
      // One that is closed goes with its event, which may still come.
      if (dialog?.open) return;
      const go = () => location.assign(url);
      if (!way || !window.HTMLDialogElement) return go();
      const title = way.textContent.trim();
      const { lang, dir } = link;
      dialog = put(document.body, "dialog", { id: "consentkit-dialog", lang, dir });
      dialog.dataset.scheme = link.dataset.scheme;
      dialog.setAttribute("aria-label", title);
      put(dialog, "b", { textContent: title });
      const close = put(dialog, "button", { textContent: "\u00d7" });
      close.setAttribute("aria-label", link.dataset.close);
      close.onclick = () => dialog.close();
      const frame = put(dialog, "iframe", { src: url + "&framed=1", title });
      const done = () => {
        dialog.remove();
        tell("consentkit-settings", { open: false });
        if (now() === made) return;
        leave(link.dataset.saved);
        again();
      };
      frame.onload = () => {
        if (!dialog.open) return done();
        try {
          const { search } = frame.contentWindow.location;
          // Where nothing was kept, the settings say so.
          if (/[?&]saved=/.test(search) && (now() || /[?&]erased=/.test(search))) dialog.close();
        } catch {
          // Something on the way forbids frames, or there is no way.
          if (navigator.onLine) go();
          else dialog.close();
        }
      };
      // A choice that is on its way arrives first.
      dialog.onclose = () => frame.contentDocument?.querySelector("[aria-busy]") || done();
      try {
        dialog.showModal();
      } catch {
        return go();
      }
      if (!dialog.offsetHeight) return go();
      tell("consentkit-settings", { open: true });
    };

    // What was chosen last goes when there is a way again.
    const wait = (where, target, submitter) => {
      const status = where.querySelector("[role=status]");
      status.textContent = status.dataset.offline;
      later = () => target.requestSubmit(submitter);
    };
    const send = async (button) => {
      const body = new URLSearchParams(new FormData(form));
      body.append(button.name, button.value);
      let answer;
      try {
        answer = await fetch(form.getAttribute("action"), {
          method: "POST",
          body,
          keepalive: true,
          headers: { Accept: "application/json" },
        });
      } catch {}
      const state = await answer?.json().catch(() => ({}));
      busy = 0;
      banner.removeAttribute("aria-busy");
      if (!answer) {
        if (!navigator.onLine) return wait(banner, form, button);
        put(form, "input", { type: "hidden", name: button.name, value: button.value });
        HTMLFormElement.prototype.submit.call(form);
      } else if (answer.ok && !now()) {
        showLink();
        say(link.dataset.blocked);
      } else if (state.reload || answer.status === 409) {
        // 409: what was asked is not what is asked now, or was answered since. A refusal holds all the same.
        leave(answer.ok ? link?.dataset.saved : state.error);
        again();
      } else if (!answer.ok) {
        const status = banner.querySelector("[role=status]");
        status.textContent = state.error || status.dataset.error;
      } else {
        // For whoever is told of choices without a new page: vendors' scripts, the page's own.
        tell("consentkit", state);
        settle();
        say(link.dataset.saved, "consentkit-quiet");
      }
    };

    listen("submit", (event) => {
      const { target, submitter } = event, mine = target === form, away = !mine && !navigator.onLine;
      if (!forms.includes(target) || !submitter?.name) return;
      event.stopImmediatePropagation();
      if (busy || mine || away) event.preventDefault();
      if (busy) return;
      later = 0;
      if (away) return wait(document, target, submitter);
      // A load that was stopped tells nobody.
      busy = setTimeout(() => (busy = 0), 5e3);
      (mine ? banner : target).setAttribute("aria-busy", "true");
      if (mine) send(submitter);
    });
    listen("online", () => later?.());

    document.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (!event.target.closest?.(opener + ",[data-consentkit-action=settings]")) return;
      event.preventDefault();
      open();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") shell?.close();
      if ((event.key !== "Enter" && event.key !== " ") || !event.target.matches?.(inert)) return;
      event.preventDefault();
      open();
    });
    each(inert, (element) => {
      element.tabIndex = 0;
      element.setAttribute("role", "button");
    });

    check();
    if (banner && !answered) {
      // Scripts that mean the page's first form mean none of ours.
      document.body.append(form);
      if (!behind) [link, banner].forEach((one) => place(one, first()));
      if (banner.open) {
        // Dismissed without a choice, it asks again on the next page: nothing was said.
        banner.open = false;
        banner.tabIndex = -1;
        banner.onclose = showLink;
        banner.showModal();
        banner.focus();
      }
      new ResizeObserver(measure).observe(banner);
    } else showLink();
    for (const name of ["load", "resize", "scrollend"]) listen(name, measure);
    measure();
    say(word);

    // Scripts that replace the page's head or body, or all of it, do not mean to take away the choice.
    let times = 99, { href } = location, { body } = document;
    const { lang } = root;
    const watch = new MutationObserver(() => {
      look();
      if (href !== location.href) times = 99;
      ({ href } = location);
      // What is brought back of an earlier page is not ours any more.
      each("#consentkit-form,#consentkit-banner,#consentkit-link,#consentkit-dialog", (one) => one === dialog || ours().includes(one) || one.remove());
      if (way && sheet && !sheet.isConnected && times--) document.head.prepend(sheet);
      for (const one of ours()) if (!one.isConnected && times--) place(one, behind ? null : first());
      // Another page in another language.
      if (body !== document.body && root.lang !== lang) renew();
      ({ body } = document);
    });
    const look = () => {
      const { head, body } = document;
      for (const one of [banner, link]) if (one && body) one.dataset.scheme = getComputedStyle(body).colorScheme;
      for (const one of [document, document.documentElement, head, body]) if (one) watch.observe(one, { childList: true, attributes: one !== head });
    };
    look();

    // Settings: vendors follow their purpose on screen; the boxes are meant as they stand.
    const was = document.querySelector("form[data-consentkit-form] input[name=was]");
    was?.form.addEventListener("change", ({ target }) => {
      was.value = was.value.replace(/(^| )\+/g, "$1=").replace(/(^| )-/g, "$1~");
      if (target.name !== "purpose") return;
      for (const box of was.form.elements) if (box.dataset.purpose === target.value) box.checked = target.checked;
    });
    window.consentkit = { open, state: () => fetch(base + "state").then((answer) => answer.json()) };
    tell("consentkit-ready");
  };

  leave();
  spread();
  // Caches, frameworks and other tabs bring pages back as they were.
  for (const name of ["pageshow", "popstate", "prerenderingchange", "visibilitychange"]) listen(name, check);
  // A client of the page's own that chooses loads it anew itself.
  for (const name of ["change", "message"]) others?.addEventListener(name, () => setTimeout(check, 500));
  if (opens) check();
  // In XHTML, deferred scripts run at once.
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
