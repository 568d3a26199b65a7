"use strict";
(function () {
  var form = document.getElementById("filters");
  var rows = Array.prototype.slice.call(document.querySelectorAll("#list > li"));
  var count = document.getElementById("count");
  var search = document.getElementById("search");
  var selects = Array.prototype.slice.call(form.querySelectorAll("select"));
  function show() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    rows.forEach(function (row) {
      var good = words.every(function (w) { return row.dataset.text.indexOf(w) >= 0; }) &&
        selects.every(function (s) { return !s.value || row.dataset[s.name] === s.value; });
      row.hidden = !good;
      shown += good ? 1 : 0;
    });
    count.textContent = shown + " of " + rows.length;
  }
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("reset", function () { setTimeout(show, 0); });
  form.addEventListener("submit", function (e) { e.preventDefault(); });
  show();
})();
