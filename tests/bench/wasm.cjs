// html-rewriter-wasm: rewrites pages with decisions that were taken before, and reports its processor time.
// Standard input: one line of JSON, then numbers of pages; standard output: seconds, and lines of a report.
"use strict";
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { createInterface } = require("node:readline");

const { HTMLRewriter } = createRequire(process.argv[2] + "/")("html-rewriter-wasm");
const encoder = new TextEncoder();
const HTML = { html: true };
let tags, texts, selectors, chunk, pages;
let gated = 0, unknown = 0;

function begin(line) {
  const given = JSON.parse(line);
  tags = new Map(given.tags);
  texts = new Map(given.texts);
  ({ selectors, chunk } = given);
  pages = given.pages.map((path) => {
    const body = readFileSync(path);
    const parts = [];
    for (let at = 0; at < body.length; at += chunk) parts.push(new Uint8Array(body.subarray(at, at + chunk)));
    return parts;
  });
}

function handlers() {
  let reads = false, parts = [];
  return {
    element(element) {
      let key = element.tagName;
      for (const [name, value] of element.attributes) key += "\0" + name + "\0" + value;
      const decided = tags.get(key);
      if (decided === undefined) { unknown++; reads = false; return; }
      reads = decided[1];
      if (decided[0].length) gated++;
      for (const [name, value] of decided[0]) {
        if (value === null) element.removeAttribute(name); else element.setAttribute(name, value);
      }
    },
    text(piece) {
      if (!reads) return;
      parts.push(piece.text);
      if (!piece.lastInTextNode) { piece.remove(); return; }
      const text = parts.join("");
      parts = [];
      const held = texts.get(text);
      if (held === undefined) unknown++;
      if (held) gated++; else piece.replace(text, HTML);
    },
  };
}

async function rewrite(page) {
  const rewriter = new HTMLRewriter(() => {});
  const both = handlers();
  rewriter.on("script", both).on(selectors, { element: both.element });
  try {
    for (const part of page) await rewriter.write(part);
    await rewriter.end();
  } finally {
    rewriter.free();
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    if (pages === undefined) { begin(line); continue; }
    if (line === "report") { console.log(JSON.stringify({ gated, unknown })); continue; }
    const before = process.cpuUsage();
    await rewrite(pages[Number(line)]);
    const used = process.cpuUsage(before);
    console.log((used.user + used.system) / 1e6);
  }
}

main();
