// Stands in for globals whose vendor's inline snippet was made inert. It does nothing but call callbacks, so
// that handlers on the page go on. Which globals: its own data-consentkit-stubs="name:call name:queue".
(function (me) {
  "use strict";
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
    }
  };
  me.getAttribute("data-consentkit-stubs").split(" ").forEach(function (entry) {
    var name = entry.split(":")[0];
    if (!(name in window)) window[name] = make[entry.split(":")[1]]();
  });
})(document.currentScript);
