/* Fetches the drawing every second. */
(function () {
  "use strict";
  var drawing = document.getElementById("drawing");

  function draw() {
    if (document.hidden) return;
    fetch("/live", { cache: "no-store" })
      .then(function (answer) {
        if (!answer.ok) throw new Error(answer.status);
        return answer.text();
      })
      .then(function (html) {
        drawing.innerHTML = html;
        drawing.classList.remove("away");
      })
      .catch(function () {
        drawing.classList.add("away");
      });
  }

  setInterval(draw, 1000);
  document.addEventListener("visibilitychange", draw);
})();
