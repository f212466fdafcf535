(function () {
  "use strict";
  var still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  var data = JSON.parse(document.getElementById("gallery-data").textContent);
  var byId = function (id) { return document.getElementById(id); };
  var box = byId("compare"), split = byId("split"), group = byId("group"), system = byId("system");
  var frame = byId("frame"), play = byId("play"), timer = null;

  function current() {
    var entry = data.groups[group.selectedIndex];
    var source = entry.sources[Math.min(system.selectedIndex, entry.sources.length - 1)];
    var truth = system.selectedIndex >= entry.sources.length;
    return { entry: entry, source: source, truth: truth, number: Number(frame.value) };
  }
  function show() {
    var now = current(), index = now.number - 1, last = now.entry.truth.length;
    var name = now.truth ? "Truth" : now.source.label;
    byId("blurry").src = now.source.blurry;
    byId("sharp").src = (now.truth ? now.entry.truth : now.source.frames)[index];
    byId("sharp").alt = name + ", frame " + now.number + " of " + last;
    byId("sharp-tag").textContent = name + ", frame " + now.number;
    byId("frame-value").textContent = now.number + " of " + last;
    frame.setAttribute("aria-valuetext", "frame " + now.number + " of " + last);
    box.classList.toggle("small", now.entry.width < 320);
    byId("readout").textContent = now.entry.caption + ". " + (now.truth ? "The true frame." :
      "Frame " + now.number + " as predicted: " + now.source.psnr[index].toFixed(2) + " dB.");
  }
  function moveSplit() {
    box.style.setProperty("--split", split.value + "%");
    split.setAttribute("aria-valuetext", split.value + " percent blurry");
  }
  function stop() { clearInterval(timer); timer = null; play.textContent = "Play the frames"; }
  function start() {
    play.textContent = "Pause";
    timer = setInterval(function () {
      frame.value = Number(frame.value) % Number(frame.max) + 1;
      show();
    }, 1000 / data.rate);
  }
  if (data.groups.length) {
    [group, system].forEach(function (each) { each.addEventListener("change", show); });
    frame.addEventListener("input", function () { stop(); show(); });
    split.addEventListener("input", moveSplit);
    play.addEventListener("click", function () { if (timer) { stop(); } else { start(); } });
    data.groups.forEach(function (entry) {
      entry.sources.forEach(function (source) {
        source.frames.forEach(function (path) { (new Image()).src = path; });
      });
    });
    moveSplit();
    show();
  }
  if ("IntersectionObserver" in window && !still) {
    var watcher = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (entry.isIntersecting) { entry.target.play().catch(function () {}); } else { entry.target.pause(); }
      });
    }, { threshold: 0.25 });
    document.querySelectorAll("video").forEach(function (video) { watcher.observe(video); });
  }
})();
