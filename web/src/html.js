// SPDX-License-Identifier: Apache-2.0
// HTML from templates. What is put in is text and is escaped, unless it comes from html`` itself:
// names come from devices, and from whoever plugs one in.

class Markup {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const put = value => {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(put).join('');
  if (value == null || value === false) return '';
  return String(value).replace(/[&<>"']/g, c => escapes[c]);
};

export const html = (strings, ...values) =>
  new Markup(strings.reduce((text, part, i) => text + put(values[i - 1]) + part));

export const icon = (name, more = '') =>
  html`<svg class="i ${more}" aria-hidden="true"><use href="#i-${name}"/></svg>`;
