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
  let banner, link, form, dialog, answered, busy, later, word, tab, skip, whole;

  const showLink = () => {
    answered = true;
    banner?.remove();
    form?.remove();
    if (link) link.hidden = "own" in link.dataset || (!("required" in link.dataset) && !!document.querySelector(opener));
  };
  const status = () => document.querySelector(":is(#consentkit-banner,.consentkit-page) [role=status]");
  // Read out is what comes into a region that is there already. That a choice was saved is seen without words.
  const say = (text) => {
    if (!text || text[0] === "#") return;
    const { lang, dir } = link || root, className = text === link?.dataset.saved ? "consentkit-quiet" : "";
    const said = status() || put(document.body, "div", { id: "consentkit-said", role: "status", lang, dir, className });
    setTimeout(() => {
      said.textContent = text;
      said.scrollIntoView({ block: "nearest" });
    }, 99);
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
  // Nothing of this is an entry of the window's history.
  const again = async (said, to = dataset.again) => {
    // Who then rather stays, as the page's own `beforeunload` may ask, can choose again.
    made = now();
    leave(said);
    spread();
    stop();
    const any = { ignoreSearch: true, ignoreVary: true };
    try {
      if (navigator.onLine) for (const name of await caches.keys()) await (await caches.open(name)).delete(location, any);
    } catch {}
    if (to) location.replace(to);
    else location.reload();
  };
  // Once for each page and choice: a worker may give the same page for ever, and the page write its query anew.
  const renew = (lang = "") => {
    const key = "#" + now() + location.pathname + lang;
    if (word !== key && leave(key)) return again(key);
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
    const own = (text, base = location) => new URL(text, base).href;
    const base = own("..", own(source));
    [banner, link, form] = ["banner", "link", "form"].map((id) => document.getElementById("consentkit-" + id));
    const way = link?.querySelector("a");
    // The same name but for the hash.
    const sheet = document.querySelector("link[href^='" + source.slice(0, -15) + "']");
    const shell = window.frameElement?.closest("#consentkit-dialog");
    // Light or dark as the page is: what a style sheet alone says no selector tells, nor does any reach into a frame.
    if (shell) root.dataset.scheme = getComputedStyle(shell).getPropertyValue("--ck-scheme");
    const forms = [...document.querySelectorAll("[data-consentkit-form]")];
    const ours = () => (answered ? [link] : [form, link, banner]).filter((one) => one);

    // Where a framework compares the whole document with its own, ours wait at the end of the head until that is done.
    const behind = link?.parentNode === document.head;
    const place = (one) => {
      const { body } = document, before = one !== banner || whole ? null : body.firstChild;
      if (body.moveBefore && one.isConnected) body.moveBefore(one, before);
      else body.insertBefore(one, before);
    };
    if (behind) addEventListener("load", () => (window.requestIdleCallback || setTimeout)(() => {
      whole = /__reactC/.test(Object.keys(document));
      ours().forEach(place);
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
      // One that is closed waits for what is on its way.
      if (dialog?.isConnected) return dialog.open || dialog.showModal();
      const go = () => location.assign(url);
      if (!way) return go();
      const { lang, dir } = link, title = way.textContent.trim();
      dialog = put(document.body, "dialog", { id: "consentkit-dialog", lang, dir, ariaLabel: title });
      put(dialog, "b", { textContent: title });
      put(dialog, "button", { textContent: "\u00d7", ariaLabel: link.dataset.close, onclick: () => dialog.close() });
      const frame = put(dialog, "iframe", { src: url + "&framed=1", title });
      const done = () => {
        dialog.remove();
        tell("consentkit-settings", { open: false });
        if (now() === made) return;
        again(link.dataset.saved);
      };
      frame.onload = () => {
        if (!dialog.open) done();
        // Something on the way forbids frames, or there is no way.
        else if (!frame.contentDocument) navigator.onLine ? go() : dialog.close();
      };
      dialog.onclose = () => dialog.open || frame.contentDocument?.querySelector("[data-busy]") || done();
      try {
        dialog.showModal();
      } catch {}
      if (!dialog.offsetHeight) return go();
      tell("consentkit-settings", { open: true });
    };

    const send = async (target, button) => {
      const body = new URLSearchParams(new FormData(target)), { name, value } = button;
      body.append(name, value);
      busy = target.dataset.busy = true;
      later = null;
      let answer, state = {};
      try {
        answer = await fetch(target.getAttribute("action"), { method: "POST", body, keepalive: true, headers: { Accept: "application/json" } });
        state = await answer.json();
      } catch {}
      busy = false;
      if (!answer && !navigator.onLine) {
        // What was chosen last goes when there is a way again.
        later = () => send(target, button);
        return say(status().dataset.offline);
      }
      delete target.dataset.busy;
      if (!answer) {
        put(target, "input", { type: "hidden", name, value });
        HTMLFormElement.prototype.submit.call(target);
      } else if (answer.status === 409) {
        // What was asked is not what is asked now, or was answered since. A refusal holds all the same.
        again(state.error);
      } else if (state.reload == null) {
        // What stands in between may answer as well, and say that all is in order.
        say(state.error || status().dataset.error);
        if (shell && !shell.open) shell.showModal();
      } else if (target !== form) {
        // Where nothing was kept, or nothing ends, the settings say so.
        if (shell?.open && (now() !== made || (now() && value !== "erase"))) shell.close();
        else again("", target.return_to.value);
      } else if (!now()) {
        showLink();
        say(link.dataset.blocked);
      } else if (state.reload) {
        again(link.dataset.saved);
      } else {
        // For whoever is told of choices without a new page: vendors' scripts, the page's own.
        tell("consentkit", state);
        settle();
        say(link.dataset.saved);
      }
    };

    listen("submit", (event) => {
      const { target, submitter } = event;
      if (!forms.includes(target) || !submitter?.name) return;
      event.stopImmediatePropagation();
      event.preventDefault();
      if (!busy) send(target, submitter);
    });
    listen("online", () => later?.());

    const press = (event) => {
      const { key, target } = event;
      tab = key === "Tab" && !event.shiftKey;
      if (key === "Escape") shell?.close();
      if (event.ctrlKey || event.metaKey || event.shiftKey || (key && !/^(Enter| )$/.test(key))) return;
      const framed = !key && shell && target.closest("a:not([target])");
      if (!framed && !target.closest?.(key ? inert : opener + ",[data-consentkit-action=settings]")) return;
      event.preventDefault();
      if (framed) location.replace(framed.href);
      else open();
    };
    for (const name of ["click", "keydown"]) document.addEventListener(name, press);
    each(inert, (one) => Object.assign(one, { tabIndex: 0, role: "button" }));

    // The page's own link past its beginning stays what Tab reaches first, and the banner comes next.
    listen("focusin", ({ target, relatedTarget }) => {
      if (!tab || answered) return;
      if (skip && relatedTarget === skip) {
        skip = null;
        banner.querySelector("a,button").focus();
      } else if (!relatedTarget && banner.contains(target)) {
        const first = document.querySelector("body :is(a,button,input):not(#consentkit-banner *)");
        if (first?.hash && first.pathname === location.pathname) (skip = first).focus();
      }
    });

    check();
    if (banner && !answered) {
      // Scripts that mean the page's first form mean none of ours.
      place(form);
      if (banner.open) {
        // Dismissed without a choice, it asks again on the next page: nothing was said.
        banner.open = false;
        banner.tabIndex = -1;
        banner.onclose = showLink;
        banner.showModal();
        banner.focus();
      }
    } else showLink();
    if (link && !behind) place(link);
    say(word);

    // Scripts that replace the page's head or body, or all of it, do not mean to take away the choice.
    let times = 30, { body } = document;
    const { lang } = root;
    const look = () => {
      const { documentElement, head } = document;
      for (const one of [document, documentElement, head, document.body]) if (one) watch.observe(one, { childList: true, attributes: true });
      if (!document.body) return;
      for (const one of [banner, link, dialog]) if (one) one.dataset.scheme = getComputedStyle(document.body).colorScheme;
      // What is brought back of an earlier page is not ours any more.
      each("#consentkit-form,#consentkit-banner,#consentkit-link,#consentkit-dialog", (one) => one === dialog || ours().includes(one) || one.remove());
      if (way && sheet && !sheet.isConnected && times--) document.head.prepend(sheet);
      for (const one of ours()) if (!one.isConnected && times--) place(one);
      // Another page in another language.
      if (body !== document.body && root.lang !== lang) renew(root.lang);
      ({ body } = document);
    };
    const watch = new MutationObserver(look);
    // Bars come and go; what takes ours away again and again is met so often.
    setInterval(() => {
      times = 30;
      measure();
    }, 1e3);
    measure();
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
