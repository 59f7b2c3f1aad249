// SPDX-License-Identifier: Apache-2.0
// Addresses and blocks of them, as the server reads them: an IPv4 address is the IPv6 address that
// stands for it, a zone says nothing. Pure functions.
const MAPPED = 0xffffn << 32n;

const v4 = text => {
  const parts = text.split('.').map(Number);
  return parts.length === 4 && parts.every(n => n >= 0 && n < 256) ? parts.reduce((n, b) => n << 8n | BigInt(b), 0n) : null;
};

// The words of one side of "::"; an IPv4 address at its end is two.
const words = side => side ? side.split(':').flatMap(w => {
  const n = w.includes('.') ? v4(w) : null;
  return n === null ? [BigInt(`0x${w || 'x'}`)] : [n >> 16n, n & 0xffffn];
}) : [];

const v6 = text => {
  const [left, right, ...more] = text.split('::'), a = words(left), b = words(right);
  const gap = 8 - a.length - b.length;
  if (more.length || (right === undefined ? gap !== 0 : gap < 1)) return null;
  return [...a, ...Array(gap).fill(0n), ...b].reduce((n, w) => n << 16n | w, 0n);
};

// A number of 128 bits, or null if it is none.
export const address = text => {
  const plain = text.trim().replace(/%.*$/, '');
  try {
    if (plain.includes(':')) return v6(plain);
    const n = v4(plain);
    return n === null ? null : MAPPED | n;
  } catch { return null; }
};

export const contains = (block, text) => {
  const [start, length] = block.split('/'), from = address(start), n = address(text);
  if (from === null || n === null) return false;
  const bits = length === undefined ? 128n : BigInt(length) + (start.includes(':') ? 0n : 96n);
  return from >> (128n - bits) === n >> (128n - bits);
};
