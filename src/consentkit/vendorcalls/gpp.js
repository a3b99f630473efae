// Answers __gpp, by the CMP API 1.1 of the IAB's Global Privacy Platform. What to answer stands in the attribute of
// the element that loads it. What goes wrong in a caller is the caller's, and never the page's trouble.
// Old syntax: scripts that ask may be older than the browser.
(function (me) {
  "use strict";
  function safely(act) {
    return function () { try { act.apply(null, arguments); } catch (error) {} };
  }
  function copy(value) { return JSON.parse(JSON.stringify(value)); }
  safely(function () {
    if (document.querySelector("script[data-gpp]") !== me) return;
    var says = JSON.parse(me.getAttribute("data-gpp")), there = window.__gpp, queue = [], listeners = [], last = 0;
    var display = !says.sections.length ? "disabled" : says.prompting ? "visible" : "hidden", signal = "ready";
    // What waits, a stub gives to whoever calls it without arguments. Anything else is another consent tool: it stays.
    if (there) {
      queue = there();
      if (!Array.isArray(queue)) return;
      listeners = there.events || [];
      last = there.lastId || 0;
    }

    function ping() {
      return copy({
        gppVersion: "1.1", cmpStatus: "loaded", cmpDisplayStatus: display, signalStatus: signal, cmpId: 1,
        supportedAPIs: says.apis, sectionList: says.sections, gppString: says.string, parsedSections: says.parsed,
        applicableSections: says.sections.length ? says.sections : [-1]
      });
    }
    function told(name, data, id) { return { eventName: name, listenerId: id, data: data, pingData: ping() }; }
    function tell(name, data) {
      listeners.slice().forEach(safely(function (one) { one.callback(told(name, data, one.id), true); }));
    }
    function section(name) { return says.parsed.hasOwnProperty(name) ? copy(says.parsed[name]) : null; }
    var commands = {
      ping: ping,
      addEventListener: function (unused, callback) {
        listeners.push({ id: ++last, callback: callback });
        return told("listenerRegistered", true, last);
      },
      removeEventListener: function (id) {
        var before = listeners.length;
        listeners = listeners.filter(function (one) { return one.id !== id; });
        return listeners.length < before;
      },
      hasSection: function (name) { return section(name) !== null; },
      getSection: section,
      getField: function (path) {
        var names = String(path).split("."), found = null;
        (section(names[0]) || []).forEach(function (part) { if (part.hasOwnProperty(names[1])) found = part[names[1]]; });
        return found;
      }
    };
    window.__gpp = safely(function (command, callback, parameter) {
      var known = commands.hasOwnProperty(command), data = known ? commands[command](parameter, callback) : null;
      callback(data, data !== null);
    });

    // Frames ask by message. A stub that listens already goes on, and calls what is there now.
    function locate() {
      if (frames.__gppLocator) return;
      if (!document.body) return setTimeout(locate, 10);
      var frame = document.createElement("iframe");
      frame.style.display = "none";
      frame.name = "__gppLocator";
      document.body.appendChild(frame);
    }
    if (!frames.__gppLocator) {
      addEventListener("message", safely(function (event) {
        var text = typeof event.data === "string", call = (text ? JSON.parse(event.data) : event.data).__gppCall;
        window.__gpp(call.command, function (value, success) {
          var answer = { __gppReturn: { returnValue: value, success: success, callId: call.callId } };
          event.source.postMessage(text ? JSON.stringify(answer) : answer, "*");
        }, call.parameter);
      }));
      locate();
    }

    tell("cmpStatus", "loaded");
    if (display === "visible") tell("cmpDisplayStatus", display);
    tell("signalStatus", signal);
    queue.forEach(function (call) { window.__gpp.apply(null, call); });

    // A choice without a new page.
    addEventListener("consentkit", safely(function (event) {
      var next = event.detail.gpp, was = says.parsed;
      if (!next) return;
      tell("signalStatus", signal = "not ready");
      if (display === "visible") tell("cmpDisplayStatus", display = "hidden");
      says.string = next.string;
      says.sections = next.sections;
      says.parsed = next.parsed;
      Object.keys(was).concat(Object.keys(next.parsed)).forEach(function (name, at, all) {
        var changed = JSON.stringify(was[name]) !== JSON.stringify(next.parsed[name]);
        if (changed && all.indexOf(name) === at) tell("sectionChange", name);
      });
      tell("signalStatus", signal = "ready");
    }));
  })();
})(document.currentScript);
