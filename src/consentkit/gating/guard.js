// Lives with frameworks that compare a page with what they would have made: ours is out of their way meanwhile, and
// what they make anew stays inert where the server had made it so.
(function (me) {
  "use strict";
  var own = "data-consentkit-", set = Element.prototype.setAttribute;
  me.remove();

  // A framework that takes over the whole document throws it away where it finds elements that it has not made, except
  // behind its own at the end of the head. There ours wait, until the banner's script brings them back.
  var base = (me.getAttribute("src") || "").replace(/[^/]*$/, "ck."), mine = [], lifted = [];
  function lift() {
    document.querySelectorAll("iframe[" + own + "fill]").forEach(function (one) {
      lifted.push([one.parentNode, one]);
      one.remove();
    });
  }
  addEventListener("load", function () {
    (window.requestIdleCallback || setTimeout)(function () {
      lifted.forEach(function (pair) { pair[0].prepend(pair[1]); });
    });
  });
  function tuck() {
    var head = document.head, at = head && head.lastChild;
    ['link[href^="' + base + '"]', 'script[src^="' + base + '"]', "script[data-gpp]", "#consentkit-link", "#consentkit-banner"].forEach(function (selector, index) {
      mine[index] = mine[index] || document.querySelector(selector);
    });
    lift();
    var found = mine.filter(Boolean);
    if (!head || found.slice().reverse().every(function (one) {
      var last = at;
      at = at && at.previousSibling;
      return one === last;
    })) return;
    found.forEach(function (one) {
      if (head.moveBefore && one.isConnected) head.moveBefore(one, null);
      else head.appendChild(one);
    });
    head.style.display = "contents";
  }
  if (me.hasAttribute(own + "whole")) {
    tuck();
    var watch = new MutationObserver(tuck);
    watch.observe(document, { childList: true, subtree: true });
    document.addEventListener("DOMContentLoaded", function () { watch.disconnect(); });
  }
  // Other frameworks mark with short comments where their elements are; their scripts run once all has been read.
  document.addEventListener("readystatechange", function () {
    var marks = document.createNodeIterator(document, NodeFilter.SHOW_COMMENT), mark;
    while ((mark = marks.nextNode()) && mark.length > 2);
    if (mark && document.readyState === "interactive") lift();
  });

  // A framework that makes elements anew knows nothing of the gate: the same addresses are held in them, too.
  var names = ["src", "srcset", "href", "imagesrcset", "data", "poster"], known = {}, reading = true;
  if (set[own]) return;

  // A sandbox keeps a placeholder from leading the page that it stands in: the page goes there itself.
  document.addEventListener("load", function (event) {
    try {
      var inner = event.target.contentDocument, page = window;
      if (inner.body.className !== "consentkit-embed") return;
      while (page.location.href === "about:srcdoc") page = page.parent;
      inner.addEventListener("submit", function (event) {
        var form = page.document.importNode(event.target, true);
        event.preventDefault();
        form.target = "_self";
        form.hidden = true;
        page.document.body.appendChild(form);
        HTMLFormElement.prototype.submit.call(form);
      });
    } catch (error) { /* not ours, or not within reach */ }
  }, true);

  // The query may hold what differs from one view to the next; in "id" tags say which they are.
  function key(value) {
    try {
      if (!value || /^(?:data|blob):/i.test(value)) return "";
      var url = new URL(value, document.baseURI);
      return url.origin + url.pathname + " " + url.searchParams.get("id");
    } catch (error) { return ""; }
  }
  function learn(root) {
    root.querySelectorAll("[" + own + names.join("],[" + own) + "]").forEach(function (one) {
      names.forEach(function (name) {
        // Of a frame it is the site's own picture, which nothing holds.
        if (name === "poster" && one.localName === "iframe") return;
        var at = key(one.getAttribute(own + name));
        if (at && (!known[at] || one.hasAttribute("srcdoc"))) known[at] = one;
      });
    });
  }
  function held(value) {
    if (reading) learn(document);
    return known[key(value)];
  }
  function fill(element, like) {
    try {
      if (like && element.localName === "iframe" && like.hasAttribute("srcdoc")) set.call(element, "srcdoc", like.getAttribute("srcdoc"));
    } catch (error) { /* the site wants such strings to be vouched for */ }
  }
  function holds(element, name, value) {
    if (names.indexOf(name) < 0 || /^(?:a|area|base)$/.test(element.localName)) return false;
    var like = held(String(value));
    if (!like) return false;
    set.call(element, own + name, value);
    fill(element, like);
    // As for what a policy of the site forbids.
    setTimeout(function () { element.dispatchEvent(new Event("error")); }, 0);
    return true;
  }
  function clean(markup) {
    return markup.replace(/<(?!(?:a|area|base)\s)[a-z][^>]*>/gi, function (tag) {
      return tag.replace(/(\s)(src|srcset|href|data|poster)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))/gi, function (all, gap, name, rest, a, b, c) {
        return held((a || b || c || "").replace(/&amp;/g, "&")) ? gap + own + name + rest : all;
      });
    });
  }
  function replace(type, name, write) {
    var prototype = window[type].prototype, was = Object.getOwnPropertyDescriptor(prototype, name);
    Object.defineProperty(prototype, name, { configurable: true, enumerable: true, get: was.get, set: function (value) {
      write.call(this, value, was.set);
    } });
  }
  Element.prototype.setAttribute = function (name, value) {
    if (!holds(this, String(name).toLowerCase(), value)) set.call(this, name, value);
  };
  Element.prototype.setAttribute[own] = true;
  "IFrame src,Script src,Image src,Image srcset,Link href,Link imageSrcset,Media src,Video poster,Source src,Source srcset,Embed src,Object data".split(",").forEach(function (pair) {
    var name = pair.split(" ")[1];
    replace("HTML" + pair.split(" ")[0] + "Element", name, function (value, write) {
      if (!holds(this, name.toLowerCase(), value)) write.call(this, value);
    });
  });
  replace("Element", "innerHTML", function (value, write) {
    var cleaned = clean(String(value));
    write.call(this, cleaned === String(value) ? value : cleaned);
  });
  // What comes in by other ways is taken back, though its request may have begun.
  document.addEventListener("DOMContentLoaded", function () {
    learn(document);
    reading = false;
    new MutationObserver(function (changes) {
      changes.forEach(function (change) {
        change.addedNodes.forEach(function (node) {
          if (node.nodeType !== 1) return;
          learn(node);
          [node].concat(Array.from(node.querySelectorAll("iframe,img,script,link"))).forEach(function (one) {
            names.forEach(function (name) {
              var value = one.getAttribute(name);
              if (value && holds(one, name, value)) one.removeAttribute(name);
            });
            if (!one.hasAttribute("srcdoc")) fill(one, held(one.getAttribute(own + "src")));
          });
        });
      });
    }).observe(document, { childList: true, subtree: true });
  });
})(document.currentScript);
