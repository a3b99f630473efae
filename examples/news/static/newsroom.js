/* Newsroom statistics: one page view, reported to where this script came from. */
(function () {
  "use strict";
  var home = new URL(document.currentScript.src).origin;

  function visitor() {
    var known = document.cookie.match(/(?:^|; )_nr_id=([\w-]+)/);
    if (known) return known[1];
    var words = crypto.getRandomValues(new Uint32Array(2));
    var id = words[0].toString(36) + words[1].toString(36);
    document.cookie = "_nr_id=" + id + "; path=/; max-age=2592000; samesite=lax";
    return id;
  }

  var hit = JSON.stringify({ page: location.pathname, visitor: visitor() });
  navigator.sendBeacon(home + "/hit", hit);
})();
