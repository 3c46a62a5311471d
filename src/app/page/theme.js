// The colour scheme, before anything is drawn: what was chosen here, else what the system says.
'use strict';
(function () {
  let chosen = 'auto';
  try {
    chosen = localStorage.getItem('parshall-theme') || 'auto';
  } catch {
    // Storage may be forbidden; then the choice lasts as long as the page.
  }
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
