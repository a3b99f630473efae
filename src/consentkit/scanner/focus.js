// What the keyboard meets: whether focus shows on the controls of the first layer, and whether the layer hides it
// elsewhere on the page (WCAG 2.2, 2.4.7 and 2.4.11). Takes the layer's selector.
(path) => {
  "use strict";
  const FOCUSED = "a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex]:not([tabindex^='-'])";
  const MOST = 60;
  const layer = document.querySelector(path);
  document.documentElement.style.scrollBehavior = "auto";
  const usable = (one) => !one.disabled && one.checkVisibility({ checkVisibilityCSS: true }) && one.getClientRects().length > 0;
  const all = [...document.querySelectorAll(FOCUSED)].filter(usable);
  const finish = (one) => one.getAnimations({ subtree: true }).forEach((move) => { try { move.finish(); } catch {} });
  const looks = (one) => {
    finish(one);
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, borderWidth, backgroundColor, color, textDecorationLine } =
      getComputedStyle(one);
    const outline = outlineStyle === "none" || outlineWidth === "0px" ? "" : outlineStyle + outlineWidth + outlineColor;
    return [outline, boxShadow, borderColor, borderWidth, backgroundColor, color, textDecorationLine].join();
  };

  const unseen = all.filter((one) => layer.contains(one)).filter((one) => {
    document.activeElement?.blur();
    const before = looks(one);
    one.focus();
    return document.activeElement === one && looks(one) === before;
  });

  const hides = (one) => {
    one.focus();
    if (document.activeElement !== one) return false;
    const { left, right, top, bottom } = one.getBoundingClientRect();
    const points = [0.1, 0.5, 0.9].flatMap((h) => [0.1, 0.5, 0.9].map((v) => [left + h * (right - left), top + v * (bottom - top)]));
    const hits = points.map(([x, y]) => document.elementFromPoint(x, y)).filter(Boolean);
    return hits.length > 0 && hits.every((hit) => layer.contains(hit));
  };
  const others = all.filter((one) => !layer.contains(one));
  const step = Math.max(1, Math.floor(others.length / MOST));
  const sample = others.filter((_, at) => at % step === 0 || at >= others.length - 10);
  const modal = layer.matches("dialog:modal, [aria-modal=true]");
  const hidden = modal ? [] : sample.filter(hides);

  const name = (one) => (one.id ? "#" + CSS.escape(one.id) : `${one.localName} "${(one.innerText || one.title || "").trim().slice(0, 40)}"`);
  return { unseen: unseen.map(name), hidden: hidden.map(name) };
};
