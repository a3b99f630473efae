// Tells one vendor's scripts what the visitor allows, before the first of them runs. Whom, and what, stands in the
// attributes of the element that loads it. What goes wrong here is never the page's trouble.
// Old syntax: a browser that could not read this would run a vendor's script that nobody has told.
(function (me) {
  "use strict";
  function safely(act) {
    return function (value) { try { act(value); } catch (error) {} };
  }
  safely(function () {
    var says = JSON.parse(me.getAttribute("data-says")), name = says.global, takes = says.takes, waiting = [];
    var granted = [], denied = [], trusting = 1;
    // A default after the vendor's script has begun would undo the choice.
    if (document.querySelector('[data-calls="' + me.getAttribute("data-calls") + '"]') !== me) return;

    function when(owner, key, then) {
      Object.defineProperty(owner, key, { configurable: true, set: function (value) {
        Object.defineProperty(owner, key, { value: value, configurable: true, enumerable: true, writable: true });
        safely(then)(value);
      } });
    }
    function send(call) {
      var there = window[name];
      // What stands in for a gated snippet forgets what it is told.
      if (!there || there.stub) {
        if (takes === "late") {
          if (waiting.push(call) < 2) when(window, name, function (made) {
            when(made, "queue", function () { waiting.forEach(send); });
          });
          return;
        }
        there = window[name] = takes === "call" ? function () { (there.q = there.q || []).push(arguments); } : [];
      }
      if (takes === "array") there.push(call);
      else if (takes === "spread") there.push.apply(there, call);
      else (takes === "arguments" ? function () { there.push(arguments); } : there).apply(there, call);
    }
    function update(words) {
      JSON.parse(JSON.stringify(says.update), function (key, value) {
        var part = /^(\w+)\?(\w+):(\w*)$/.exec(value);
        return part ? part[words.indexOf(part[1]) < 0 ? 3 : 2] : value;
      }).forEach(safely(send));
    }
    function holds(word) {
      return says.asks[word].every(function (who) {
        return granted.indexOf(who[0]) >= 0 || (trusting || granted.indexOf(who[1]) >= 0) &&
          denied.indexOf(who[0]) < 0 && denied.indexOf(who[1]) < 0;
      });
    }

    says.calls.forEach(safely(send));

    // The cookie can only take away: that its grants are genuine and still count, the server alone can tell.
    safely(function () {
      document.cookie.replace(/(?:^|; )(?:__(?:Host|Secure)-)?consentkit=([^;.]*)/g, function (all, value) {
        if (value.slice(0, 2) !== "1:") trusting = 0;
        value.replace(/:([a-z0-9-]+)([*!])/g, function (all, name, mark) {
          (mark === "*" ? granted : denied).push(name);
        });
      });
    })();
    if (!trusting) granted = [];
    var words = says.now || says.before, held = words.filter(holds);
    if (says.now || held.length < words.length) update(held);

    addEventListener("consentkit", safely(function (event) {
      granted = event.detail.granted;
      denied = event.detail.denied;
      trusting = 0;
      update(Object.keys(says.asks).filter(holds));
    }));
  })();
})(document.currentScript);
