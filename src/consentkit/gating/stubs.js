// Stands in for globals whose vendor's script was made inert, and keeps inert what the page's own scripts make anew.
// Its element says what to define, data-consentkit-stubs="name:call name:queue name:form", and may bring the document
// that stands in a vendor's place.
(function (me) {
  "use strict";
  var own = "data-consentkit-", shown = me.getAttribute("srcdoc"), title = me.title, touched;
  me.remove();

  // A framework that takes over the whole document throws it away where it finds elements that it has not made, except
  // behind its own at the end of the head. There ours wait, until the banner's script brings them back.
  var base = me.getAttribute("src").replace(/[^/]*$/, "ck."), mine = [], lifted = [];
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
    ['link[href^="' + base + '"]', 'script[src^="' + base + '"]', "#consentkit-link", "#consentkit-banner"].forEach(function (selector, index) {
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

  function later(callback) {
    setTimeout(function () { try { callback(); } catch (error) { /* it counted on the vendor */ } }, 0);
  }
  function answer(values, deep) {
    Array.prototype.forEach.call(values, function (value) {
      if (typeof value === "function") return later(value);
      if (!value || typeof value !== "object") return;
      if (deep && typeof value.length === "number") return answer(value, false);
      Object.keys(value).forEach(function (key) {
        if (/callback$/i.test(key) && typeof value[key] === "function") later(value[key]);
      });
    });
  }
  // Says in a form, or where a script would have drawn, who is needed, and lets the visitor allow it.
  function ask(place) {
    if (!place || !shown || place.querySelector("[" + own + "fill]")) return;
    var frame = document.createElement("iframe");
    frame.setAttribute(own + "fill", "");
    frame.title = title;
    frame.width = "100%";
    frame.height = 200;
    frame.frameBorder = 0;
    frame.srcdoc = shown;
    place.appendChild(frame);
    return frame;
  }
  var make = {
    call: function () {
      var stub = new Proxy(function () { answer(arguments, true); return stub; }, {
        get: function (own, key) {
          if (typeof key !== "symbol" && key !== "then" && !(key in own)) own[key] = make.call();
          return own[key];
        }
      });
      return stub;
    },
    queue: function () {
      var list = [];
      list.stub = true;
      list.push = function () { answer(arguments, true); return 0; };
      return list;
    },
    form: function () {
      var stub = make.call();
      stub.enterprise = stub;
      stub.getResponse = function () { return ""; };
      stub.render = function (place) {
        ask(typeof place === "string" ? document.getElementById(place) : place);
        return 0;
      };
      // The form goes on only with an answer, which never comes.
      stub.execute = function () {
        var frame = ask(touched);
        if (frame) frame.focus();
        return new Promise(function () {});
      };
      ["submit", "click"].forEach(function (name) {
        addEventListener(name, function (event) {
          touched = event.target.closest && event.target.closest("form") || event.target.form;
        }, true);
      });
      return stub;
    }
  };
  me.getAttribute(own + "stubs").split(" ").forEach(function (entry) {
    var name = entry.split(":")[0];
    if (name && !(name in window)) window[name] = make[entry.split(":")[1]]();
  });

  // A framework that makes elements anew knows nothing of the gate: the same addresses are held in them, too.
  var set = Element.prototype.setAttribute, names = ["src", "srcset", "href", "imagesrcset", "data", "poster"], known = {};
  if (set[own]) return;
  function key(value) {
    try {
      var url = new URL(value, document.baseURI);
      return url.origin + url.pathname;
    } catch (error) { return ""; }
  }
  function learn(root) {
    names.forEach(function (name) {
      root.querySelectorAll("[" + own + name + "]").forEach(function (one) {
        var at = key(one.getAttribute(own + name));
        if (!known[at] || one.hasAttribute("srcdoc")) known[at] = one;
      });
    });
  }
  function held(value) { return known[key(value)]; }
  function fill(element, like) {
    if (like && element.localName === "iframe" && like.hasAttribute("srcdoc")) set.call(element, "srcdoc", like.getAttribute("srcdoc"));
  }
  function holds(element, name, value) {
    if (names.indexOf(name) < 0 || element.localName === "a" || element.localName === "base") return false;
    learn(document);
    var like = held(value);
    if (!like) return false;
    set.call(element, own + name, value);
    fill(element, like);
    // As for what a policy of the site forbids.
    later(function () { element.dispatchEvent(new Event("error")); });
    return true;
  }
  function clean(markup) {
    return markup.replace(/<(?!a\s|base\s)[a-z][^>]*>/gi, function (tag) {
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
    learn(document);
    var cleaned = clean(String(value));
    write.call(this, cleaned === String(value) ? value : cleaned);
  });
  // What comes in by other ways is taken back, though its request may have begun.
  document.addEventListener("DOMContentLoaded", function () {
    learn(document);
    new MutationObserver(function (changes) {
      changes.forEach(function (change) {
        change.addedNodes.forEach(function (node) {
          if (node.nodeType === 1) [node].concat(Array.from(node.querySelectorAll("iframe,img,script,link"))).forEach(function (one) {
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
