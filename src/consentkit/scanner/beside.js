// Finds a point of the window that belongs neither to the first layer nor to anything that does something of its own.
// Takes the layer's selector; returns the two coordinates, or null.
(layer) => {
  const own = ":is(a, button, input, select, textarea, label, summary, iframe, [onclick], [tabindex])";
  const asks = document.querySelector(layer), steps = [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98];
  const box = asks.getBoundingClientRect();
  const within = (x, y) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
  for (const v of steps) for (const h of steps) {
    const x = h * innerWidth, y = v * innerHeight, hit = document.elementFromPoint(x, y);
    const beside = hit && !within(x, y) && (hit === asks || !(asks.contains(hit) || hit.closest(own)));
    if (beside) return [x, y];
  }
  return null;
};
