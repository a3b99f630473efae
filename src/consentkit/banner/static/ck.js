// Improves what works without it: the banner answers in place, settings open in a dialog, a restored page is never
// stale. The page's own element with data-consentkit-open opens settings, too. No markup is made from strings.
(() => {
  "use strict";
  // A foreign <base> may come later than our markup, or be made by a script: what is ours stays on this site.
  const own = (text) => {
    const url = new URL(text, location);
    return location.origin + url.pathname + url.search;
  };
  const base = own(document.currentScript.getAttribute("src")).replace(/[^/]*\/[^/]*$/, "");
  const root = document.documentElement;
  const banner = document.getElementById("consentkit-banner");
  const link = document.getElementById("consentkit-link");
  const opener = "[data-consentkit-open]";
  const inert = opener + ":not(a[href],button,input,summary)";
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const tell = (name, detail) => dispatchEvent(new CustomEvent(name, { detail }));
  let busy = false;
  each("#consentkit-banner :is(form,a), #consentkit-link a", (one) => {
    const name = one.matches("form") ? "action" : "href";
    one.setAttribute(name, own(one.getAttribute(name)));
  });

  // Reading cookies throws where the page is sandboxed.
  const cookie = () => {
    try {
      return /(?:^|; )(?:__(?:Host|Secure)-)?consentkit=([^;]*)/.exec(document.cookie)?.[1];
    } catch {}
  };
  let known = cookie();

  const put = (parent, name, values) => parent.appendChild(Object.assign(document.createElement(name), values));
  const open = () => {
    const way = link?.querySelector("a");
    const url = way?.href || base + "?return_to=" + encodeURIComponent(location.pathname + location.search);
    if (!way || !window.HTMLDialogElement) return location.assign(url);
    const dialog = put(document.body, "dialog", { id: "consentkit-dialog" });
    const { lang, dir } = link;
    Object.assign(dialog, { lang, dir }).setAttribute("aria-label", way.textContent.trim());
    put(dialog, "button", { className: "consentkit-button", textContent: link.dataset.close }).onclick = () => dialog.close();
    const frame = put(dialog, "iframe", { src: url + "&framed=1", title: way.textContent.trim() });
    frame.onload = () => {
      try {
        if (/[?&]saved=/.test(frame.contentWindow.location.search)) dialog.close();
      } catch {
        // Something on the way forbids frames.
        location.assign(url);
      }
    };
    dialog.onclose = () => {
      dialog.remove();
      tell("consentkit-settings", { open: false });
      if (cookie() !== known) location.reload();
    };
    dialog.showModal();
    tell("consentkit-settings", { open: true });
  };
  const showLink = () => {
    banner?.remove();
    root.style.removeProperty("--consentkit-height");
    if (link) link.hidden = "own" in link.dataset || (!("required" in link.dataset) && !!document.querySelector(opener));
  };

  // form.action and form.submit may be hidden by fields of that name.
  const submitPlainly = (form, button) => {
    put(form, "input", { type: "hidden", name: button.name, value: button.value });
    HTMLFormElement.prototype.submit.call(form);
  };

  const send = async (form, button) => {
    const body = new URLSearchParams(new FormData(form));
    body.append(button.name, button.value);
    const headers = { Accept: "application/json" };
    let answer, state;
    try {
      answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers });
      state = await answer.json();
    } catch {
      return submitPlainly(form, button);
    }
    known = cookie();
    busy = false;
    form.removeAttribute("aria-busy");
    if (state.reload || answer.status === 409) {
      // 409: what was asked is not what is asked now, and a refusal holds all the same.
      location.reload();
    } else if (!answer.ok) {
      const status = form.querySelector("[role=status]");
      status.textContent = state.error || status.dataset.error;
    } else {
      // For whoever is told of choices without a new page: vendors' scripts, the page's own.
      tell("consentkit", state);
      showLink();
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-consentkit-form]")) return;
    if (busy) return event.preventDefault();
    busy = true;
    if (!banner?.contains(form) || !event.submitter) return;
    event.preventDefault();
    form.setAttribute("aria-busy", "true");
    send(form, event.submitter);
  });

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!event.target.closest?.(opener + ",[data-consentkit-action=settings]")) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") frameElement?.closest("#consentkit-dialog")?.close();
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
    busy = false;
    if (cookie() !== known) location.reload();
  });

  if (banner) {
    if (banner.open) {
      // Dismissed without a choice, it asks again on the next page: nothing was said.
      banner.open = false;
      banner.tabIndex = -1;
      banner.onclose = showLink;
      banner.showModal();
      banner.focus();
    }
    new ResizeObserver(() => {
      if (banner.isConnected) root.style.setProperty("--consentkit-height", banner.offsetHeight + 24 + "px");
    }).observe(banner);
  } else showLink();

  // Settings: vendors follow their purpose on screen, and "=" says that the boxes are meant as they stand.
  const was = document.querySelector("form[data-consentkit-form] input[name=was]");
  was?.form.addEventListener("change", ({ target }) => {
    was.value = was.value.replace(/(^| )[+-]/g, "$1=");
    if (target.name !== "purpose") return;
    for (const box of was.form.elements) if (box.dataset.purpose === target.value) box.checked = target.checked;
  });
  each("time.consentkit-day", (time) => {
    time.textContent = new Date(time.dateTime).toLocaleDateString(root.lang, { dateStyle: "long", timeZone: "UTC" });
  });
  each("[data-span*=' ']", (span) => {
    const [count, unit] = span.dataset.span.toLowerCase().split(/s?\s+|s$/);
    span.textContent = (+count).toLocaleString(root.lang, { style: "unit", unit, unitDisplay: "long" });
  });

  window.consentkit = { open, state: () => fetch(base + "state").then((answer) => answer.json()) };
  tell("consentkit-ready");
})();
