// Looks at a document: its first layers, what can be pressed and ticked, what covers the content. Changes nothing.
// Takes a pattern of words of which one is in every first layer; returns what `consentkit.scanner.visit` reads.
(about) => {
  "use strict";
  const PRESSED =
    "button, a[href], a[onclick], a[role], summary, [role=button], [role=link], [onclick], [data-consentkit-action], " +
    "input:is([type=button], [type=submit], [type=reset], [type=image])";
  const TICKED = "input[type=checkbox], [role=checkbox], [role=switch]";
  const NAMED = /cookie|consent|gdpr|ccpa|privacy/i;
  const MOST = 600;
  const root = document.documentElement;
  const words = new RegExp(about, "i");

  const style = (element) => getComputedStyle(element);
  const visible = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  };

  // A selector by which the element is found again, and which people can read.
  const path = (element) => {
    const steps = [];
    for (let one = element; one; one = one.parentElement) {
      if (one.id && document.querySelectorAll("#" + CSS.escape(one.id)).length === 1) {
        steps.unshift("#" + CSS.escape(one.id));
        break;
      }
      const like = one.parentElement ? [...one.parentElement.children].filter((other) => other.localName === one.localName) : [one];
      const name = CSS.escape(one.localName);
      steps.unshift(like.length > 1 ? `${name}:nth-of-type(${like.indexOf(one) + 1})` : name);
    }
    return steps.join(" > ");
  };

  const said = (element) =>
    (element.innerText || element.value || element.getAttribute("aria-label") || element.title || "").trim().slice(0, 120);
  const name = (element) => {
    const ids = (element.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean);
    const labelled = ids.map((id) => document.getElementById(id)?.textContent).join(" ");
    const picture = [...element.querySelectorAll("img[alt], svg title")].map((one) => one.alt || one.textContent).join(" ");
    const labels = [...(element.labels || [])].map((label) => label.textContent).join(" ");
    const written = element.matches("input, select") ? labels || element.value : element.textContent;
    return (labelled || element.getAttribute("aria-label") || written || picture || element.title || "").trim();
  };

  // --- colours, as WCAG 2.2 counts them
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const colour = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = ([r, g, b, alpha], below) => [r, g, b].map((value, at) => value * alpha + below[at] * (1 - alpha));
  const behindAll = () => {
    const scheme = style(root).colorScheme;
    const dark = scheme.includes("dark") && (!scheme.includes("light") || matchMedia("(prefers-color-scheme: dark)").matches);
    return dark ? [18, 18, 18] : [255, 255, 255];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // Null where a picture or a gradient is behind: nobody can say what the eye sees there.
  const background = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const { backgroundImage, backgroundColor } = style(one);
      if (backgroundImage !== "none") return null;
      layers.push(colour(backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), behindAll());
  };
  const contrastOf = (element) => {
    const behind = background(element);
    if (!behind) return null;
    let opacity = 1;
    for (let one = element; one; one = one.parentElement) opacity *= parseFloat(style(one).opacity);
    const [r, g, b, alpha] = colour(style(element).color);
    const [light, dark] = [luminance(over([r, g, b, alpha * opacity], behind)), luminance(behind)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const contrast = (control) => {
    const texts = [control, ...control.querySelectorAll("*")].filter((one) =>
      [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()) && visible(one),
    );
    const found = (texts.length ? texts : [control]).map(contrastOf);
    return found.includes(null) ? null : Math.min(...found);
  };

  // --- what can be pressed and ticked
  const reachable = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const top = document.elementFromPoint(x + width / 2, y + height / 2);
    return !top || element.contains(top) || top.contains(element);
  };
  const inSentence = (element) =>
    style(element).display.startsWith("inline") &&
    [...(element.parentElement?.childNodes || [])].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const control = (element, full) => {
    const { width, height, left, right } = element.getBoundingClientRect();
    const { fontSize, fontWeight, fontFamily } = style(element);
    const button = element.matches("button, input, summary, [role=button]");
    return {
      path: path(element), hook: element.dataset.consentkitAction || "", text: said(element), name: name(element),
      tag: element.localName, href: element.matches("a[href]") ? element.href : "", button,
      inline: inSentence(element), opens: !!element.closest("#consentkit-link, [data-consentkit-open]"),
      reachable: reachable(element), width, height, left, right,
      font: `${fontSize} ${fontFamily}`, weight: fontWeight, contrast: full ? contrast(element) : null,
    };
  };
  const controls = (within, full) =>
    [...within.querySelectorAll(PRESSED)].filter((one) => visible(one) && !one.disabled && !one.querySelector(PRESSED))
      .slice(0, MOST).map((one) => control(one, full));
  const box = (element) => ({
    path: path(element), name: name(element) || element.closest("label")?.textContent.trim() || "",
    checked: element.checked ?? element.getAttribute("aria-checked") === "true",
    disabled: !!element.disabled || element.getAttribute("aria-disabled") === "true",
    purpose: element.name === "purpose" ? element.value : element.dataset.purpose || "",
  });
  const boxes = (within) => [...within.querySelectorAll(TICKED)].slice(0, MOST).map(box);

  // --- first layers
  const dialog = "dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]";
  const floats = (element) => /fixed|sticky/.test(style(element).position) || element.matches(dialog);
  const named = (element) => NAMED.test(element.id) || NAMED.test(element.getAttribute("class") || "");
  const layer = (element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const speaking = element.closest("[lang]");
    return {
      path: path(element), popup: floats(element), modal: element.matches("dialog:modal, [aria-modal=true]"),
      language: speaking?.lang || "", text: element.innerText.slice(0, 4000),
      controls: controls(element, true), boxes: boxes(element), left, right, top, bottom,
      overflows: element.scrollWidth > element.clientWidth + 1,
    };
  };
  const own = document.getElementById("consentkit-banner");
  const candidates = own && visible(own)
    ? [own]
    : [...document.body.querySelectorAll("*")].filter((one) =>
        (floats(one) || named(one)) && visible(one) && one.id !== "consentkit-link" && one.id !== "consentkit-dialog" &&
        words.test(one.innerText) && one.innerText.length < 8000 && one.querySelector(PRESSED),
      ).slice(0, 20);

  // --- what stands in the way of the content
  const content = document.querySelector("main, article, h1");
  const above = (element) => {
    for (let one = element; one && one !== root; one = one.parentElement)
      if (floats(one)) return !(content && one.contains(content));
    return false;
  };
  let covered = 0;
  const GRID = 6;
  for (let x = 0; x < GRID; x++)
    for (let y = 0; y < GRID; y++)
      covered += above(document.elementFromPoint(((x + 0.5) * innerWidth) / GRID, ((y + 0.5) * innerHeight) / GRID));
  const holds = (element) => /hidden|clip/.test(style(element).overflowY);
  const locked = root.scrollHeight > innerHeight + 50 && (holds(root) || holds(document.body));

  const top = [...document.querySelectorAll("dialog:modal, [aria-modal=true]")].filter(visible).at(-1);
  const within = top || document.body;
  return {
    language: root.lang, layers: candidates.map(layer), root: top ? path(top) : "body",
    controls: controls(within, false), boxes: boxes(within), text: within.innerText.slice(0, 20000),
    length: document.body.innerText.length, covered: covered / GRID ** 2, locked,
  };
};
