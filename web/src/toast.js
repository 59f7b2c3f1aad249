// SPDX-License-Identifier: Apache-2.0
// What came of it, in the corner. kind: 'good' leaves by itself, 'bad' stays.
import { html, icon } from './html.js';

const GOOD_MS = 6000;

export const toast = (kind, title, text = '') => {
  const node = document.createElement('div');
  node.className = `toast ${kind}`;
  node.innerHTML = html`${icon(kind === 'good' ? 'check' : 'cannot')}<div><strong>${title}</strong><p>${text}</p></div><button type="button" class="plain" data-dismiss aria-label="Dismiss">${icon('x')}</button>`;
  document.querySelector('.toasts').append(node);
  if (kind === 'good') setTimeout(() => node.remove(), GOOD_MS);
};
