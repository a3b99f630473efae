// Lists the links of the page outside of an element: where each leads, and what it says.
// Takes the element's selector, or null.
(path) => {
  const layer = path && document.querySelector(path);
  const links = [...document.links].filter((link) => !layer?.contains(link));
  return links.map((link) => [link.href, link.textContent || link.getAttribute("aria-label") || ""]);
};
