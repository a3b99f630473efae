// Tells one vendor's scripts what the visitor allows, before the first of them runs. Whom, and what, stands in the
// attributes of the element that loads it. What goes wrong here is never the page's trouble.
// Old syntax: a browser that could not read this would run a vendor's script that nobody has told.
(function (me) {
  "use strict";
  function safely(act) {
    return function (value) { try { act(value); } catch (error) {} };
  }
  safely(function () {
    var says = JSON.parse(me.getAttribute("data-says")), name = says.global, takes = says.takes, waiting = [], telling;
    var granted = [], denied = [], trusting = 1, sent = [], once = "consentkit-" + me.getAttribute("data-calls");
    // Frameworks compare what is in the page with what they would have made.
    me.parentNode.removeChild(me);
    // A default after the vendor's script has begun would undo the choice.
    if (window[once]) return;
    Object.defineProperty(window, once, { value: 1 });

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
      if (takes === "call" || takes === "late") return there.apply(there, call);
      var items = takes === "spread" ? call : [call];
      if (takes === "arguments") items = [(function () { return arguments; }).apply(null, call)];
      sent.push.apply(sent, items);
      telling = 1;
      there.push.apply(there, items);
      telling = 0;
    }
    // Of two defaults the later one counts, and that is ours.
    function last(queue) {
      var push = queue.push;
      Object.defineProperty(queue, "push", { configurable: true, writable: true, value: function (item) {
        var length = push.apply(queue, arguments), said = takes === "spread" ? arguments : item;
        if (!telling && said && said[0] === "consent" && said[1] === "default") safely(tell)();
        return length;
      } });
      return queue;
    }
    // A page that puts another queue in the place of this one has what was said at its beginning.
    function keep(queue) {
      if (!Array.isArray(queue)) return;
      last(queue);
      Object.defineProperty(window, name, { configurable: true, enumerable: true, get: function () { return queue; }, set: function (value) {
        if (Array.isArray(value) && value !== queue && !value.stub) {
          value.unshift.apply(value, sent);
          last(value);
        }
        queue = value;
      } });
    }
    function tell() {
      says.calls.forEach(safely(send));
      if (says.now || held.length < words.length) update(held);
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
    tell();
    keep(window[name]);

    addEventListener("consentkit", safely(function (event) {
      granted = event.detail.granted;
      denied = event.detail.denied;
      trusting = 0;
      words = says.now = held = Object.keys(says.asks).filter(holds);
      update(held);
    }));
  })();
})(document.currentScript);
