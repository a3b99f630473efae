// Stands in for globals whose vendor's script was made inert. Which globals: its own
// data-consentkit-stubs="name:call name:queue name:form". For a form it brings the document that asks for consent.
(function (me) {
  "use strict";
  var own = "data-consentkit-", shown = me.getAttribute("srcdoc"), title = me.title, touched;
  me.remove();

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
})(document.currentScript);
