// SPDX-License-Identifier: Apache-2.0
// Before the first paint, or the page would flash: the theme that was chosen here. None: the system's.
try {
  const theme = localStorage.getItem('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch { /* a private window keeps nothing */ }
