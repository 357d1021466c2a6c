// For browsers too old for the page's modules, and for modules that did not come: says so instead of nothing at all.
// Old JavaScript on purpose; main.js sets data-state once it runs.
setTimeout(function () {
  if (document.body.getAttribute("data-state")) { return; }
  document.getElementById("line").textContent = "这个页面打不开";
  var todo = document.getElementById("todo");
  todo.textContent = "请刷新一次；还不行，请换用新一点的浏览器（如 Chrome、Edge、Safari），或者直接拨打热线电话。";
  todo.hidden = false;
}, 12000);
