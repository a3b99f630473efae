// Improves what works without it: the banner answers in place, a restored page is never stale, and the page's
// own element with data-consentkit-open reopens settings. No dependency, no eval, no markup from strings.
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
  let busy = false;
  for (const one of document.querySelectorAll("#consentkit-banner :is(form,a), #consentkit-link a")) {
    const name = one.matches("form") ? "action" : "href";
    one.setAttribute(name, own(one.getAttribute(name)));
  }

  // Reading cookies throws where the page is sandboxed.
  const cookie = () => {
    try {
      return /(?:^|; )(?:__(?:Host|Secure)-)?consentkit=([^;]*)/.exec(document.cookie)?.[1];
    } catch {}
  };
  let known = cookie();

  const open = () => {
    location.assign(base + "?return_to=" + encodeURIComponent(location.pathname + location.search));
  };
  const showLink = () => {
    if (link) link.hidden = !!document.querySelector(opener);
  };

  // form.action and form.submit may be hidden by fields of that name.
  const submitPlainly = (form, button) => {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = button.name;
    field.value = button.value;
    form.append(field);
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
    if (answer.status === 409) {
      // What was asked is not what is asked now, and a refusal holds all the same: show the page as it is now.
      location.reload();
    } else if (!answer.ok) {
      const status = form.querySelector("[role=status]");
      status.textContent = state.error || status.dataset.error;
    } else if (state.reload) {
      location.reload();
    } else {
      // For whoever is told of choices without a new page: vendors' scripts, the page's own.
      dispatchEvent(new CustomEvent("consentkit", { detail: state }));
      banner.remove();
      root.style.removeProperty("--consentkit-height");
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
    if (event.ctrlKey || event.metaKey || event.shiftKey || !event.target.closest?.(opener)) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.key !== "Enter" && event.key !== " ") || !event.target.matches?.(inert)) return;
    event.preventDefault();
    open();
  });
  for (const element of document.querySelectorAll(inert)) {
    element.tabIndex = 0;
    element.setAttribute("role", "button");
  }

  // The back/forward cache brings pages back as they were: consent may have changed meanwhile.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    busy = false;
    if (cookie() !== known) location.reload();
  });

  if (banner) {
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
  for (const time of document.querySelectorAll("time.consentkit-day"))
    time.textContent = new Date(time.dateTime).toLocaleDateString(root.lang, { dateStyle: "long", timeZone: "UTC" });

  window.consentkit = { open, state: () => fetch(base + "state").then((answer) => answer.json()) };
})();
