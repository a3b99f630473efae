// Improves what works without it: the banner answers in place, settings open in a dialog, a restored page is never
// stale. The page's own element with data-consentkit-open opens settings, too. No markup is made from strings.
(() => {
  "use strict";
  const source = document.currentScript.getAttribute("src");
  const sheet = document.querySelector("link[href^='" + source.replace(/[^/]*$/, "ck.") + "']");
  const start = () => {
    // A foreign <base> may come later than our markup, or be made by a script: what is ours stays on this site.
    const own = (text) => {
      const url = new URL(text, location);
      return location.origin + url.pathname + url.search;
    };
    const base = own(source).replace(/[^/]*\/[^/]*$/, "");
    const [banner, link, form] = ["banner", "link", "form"].map((id) => document.getElementById("consentkit-" + id));
    const way = link?.querySelector("a");
    const opener = "[data-consentkit-open]";
    const inert = opener + ":not(a[href],button,input,summary)";
    const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
    const tell = (name, detail) => dispatchEvent(new CustomEvent(name, { detail }));
    const put = (parent, name, values) => parent.appendChild(Object.assign(document.createElement(name), values));
    // What came in answer to a form is not sent again.
    const again = () => (link?.dataset.again ? location.assign(link.dataset.again) : location.reload());
    // Light or dark as the page is: what a style sheet alone says no selector tells, nor does any reach into a frame.
    const around = frameElement?.closest("#consentkit-dialog");
    if (around) document.documentElement.dataset.scheme = getComputedStyle(around).getPropertyValue("--ck-scheme");
    const forms = [];
    each("[data-consentkit-form]", (one) => forms.push(one));
    let busy, answered;
    const ours = () => (answered ? [link] : [form, link, banner]).filter((one) => one);

    // Where a framework compares the whole document with its own, ours wait at the end of the head until that is done.
    const place = (one, first) => {
      const { body } = document, before = first ? body.firstChild : null;
      if (body.moveBefore && one.isConnected) body.moveBefore(one, before);
      else body.insertBefore(one, before);
    };
    const behind = link?.parentNode === document.head;
    if (behind) addEventListener("load", () => (window.requestIdleCallback || setTimeout)(() => {
      const whole = Object.keys(document).some((key) => key.startsWith("__reactContainer"));
      ours().forEach((one) => place(one, !whole));
      document.head.style.display = "";
    }));
    each("#consentkit-form, #consentkit-banner a:not([rel]), #consentkit-link a", (one) => {
      const name = one === form ? "action" : "href";
      one.setAttribute(name, own(one.getAttribute(name)));
    });

    // Reading cookies throws where the page is sandboxed.
    const cookie = () => {
      try {
        return /(?:^|; )(?:__(?:Host|Secure)-)?consentkit=([^;]*)/.exec(document.cookie)?.[1];
      } catch {}
    };
    let known = cookie();

    const open = () => {
      const url = way?.href || base + "?return_to=" + encodeURIComponent(location.pathname + location.search);
      // One that is closed goes with its event, which may still come.
      if (document.getElementById("consentkit-dialog")?.open) return;
      const go = () => location.assign(url);
      if (!way || !window.HTMLDialogElement) return go();
      const title = way.textContent.trim();
      const { lang, dir } = link;
      const dialog = put(document.body, "dialog", { id: "consentkit-dialog", lang, dir });
      dialog.dataset.scheme = link.dataset.scheme;
      dialog.setAttribute("aria-label", title);
      put(dialog, "b", { textContent: title });
      const close = put(dialog, "button", { textContent: "\u00d7" });
      close.setAttribute("aria-label", link.dataset.close);
      close.onclick = () => dialog.close();
      const frame = put(dialog, "iframe", { src: url + "&framed=1", title });
      frame.onload = () => {
        try {
          if (/[?&]saved=/.test(frame.contentWindow.location.search)) dialog.close();
        } catch {
          // Something on the way forbids frames.
          go();
        }
      };
      const done = () => {
        dialog.remove();
        tell("consentkit-settings", { open: false });
        if (cookie() !== known) again();
      };
      // A choice that is on its way arrives first.
      dialog.onclose = () => {
        if (frame.contentDocument?.querySelector("[aria-busy]")) frame.onload = done;
        else done();
      };
      try {
        dialog.showModal();
      } catch {
        return go();
      }
      tell("consentkit-settings", { open: true });
    };
    const showLink = () => {
      answered = true;
      banner?.remove();
      form?.remove();
      document.documentElement.style.removeProperty("--consentkit-height");
      if (link) link.hidden = "own" in link.dataset || (!("required" in link.dataset) && !!document.querySelector(opener));
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
      } catch {
        put(form, "input", { type: "hidden", name: button.name, value: button.value });
        return HTMLFormElement.prototype.submit.call(form);
      }
      const state = await answer.json().catch(() => ({}));
      known = cookie();
      busy = 0;
      banner.removeAttribute("aria-busy");
      if (state.reload || answer.status === 409) {
        // 409: what was asked is not what is asked now, and a refusal holds all the same.
        again();
      } else if (!answer.ok) {
        const status = banner.querySelector("[role=status]");
        status.textContent = state.error || status.dataset.error;
      } else {
        // For whoever is told of choices without a new page: vendors' scripts, the page's own.
        tell("consentkit", state);
        showLink();
      }
    };

    // Before the page's own listeners, which may mean every form.
    const listen = (name, act) => addEventListener(name, act, true);
    listen("submit", (event) => {
      const { target, submitter } = event;
      if (!forms.includes(target) || !submitter?.name) return;
      event.stopImmediatePropagation();
      const mine = target === form;
      if (busy || mine) event.preventDefault();
      if (busy) return;
      // A load that was stopped tells nobody.
      busy = setTimeout(() => (busy = 0), 5e3);
      (mine ? banner : target).setAttribute("aria-busy", "true");
      if (mine) send(submitter);
    });

    document.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (!event.target.closest?.(opener + ",[data-consentkit-action=settings]")) return;
      event.preventDefault();
      open();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") around?.close();
      if ((event.key !== "Enter" && event.key !== " ") || !event.target.matches?.(inert)) return;
      event.preventDefault();
      open();
    });
    each(inert, (element) => {
      element.tabIndex = 0;
      element.setAttribute("role", "button");
    });

    // The back/forward cache brings pages back as they were: consent may have changed meanwhile.
    addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      busy = 0;
      if (cookie() !== known) again();
    });

    if (banner) {
      // Scripts that mean the page's first form mean none of ours.
      document.body.append(form);
      if (banner.open) {
        // Dismissed without a choice, it asks again on the next page: nothing was said.
        banner.open = false;
        banner.tabIndex = -1;
        banner.onclose = showLink;
        banner.showModal();
        banner.focus();
      }
      new ResizeObserver(() => {
        const { style } = document.documentElement;
        if (banner.isConnected) style.setProperty("--consentkit-height", banner.offsetHeight + 24 + "px");
      }).observe(banner);
    } else showLink();

    // Scripts that replace the page's body, or all of it, do not mean to take away the choice.
    let times = 99;
    const watch = new MutationObserver(() => {
      look();
      if (way && sheet && !sheet.isConnected && times--) document.head.append(sheet);
      for (const one of ours()) if (!one.isConnected && times--) place(one, !behind);
    });
    const look = () => {
      const { body } = document;
      for (const one of [banner, link]) if (one && body) one.dataset.scheme = getComputedStyle(body).colorScheme;
      for (const one of [document, document.documentElement, body]) if (one) watch.observe(one, { childList: true, attributes: true });
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
  // In XHTML, deferred scripts run at once.
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
