// SPDX-License-Identifier: Apache-2.0
// The server as a child process, the browser, and what both are watched for.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok } from './check.mjs';

const packages = process.env.USBIP_BROWSER_PACKAGES;
const require = createRequire(join(packages, 'from-here.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(join(packages, 'axe-core/axe.min.js'), 'utf8');

export const TIMEOUT_MS = 8000;
export const sleep = ms => new Promise(done => setTimeout(done, ms));

// --- the server ----------------------------------------------------------------------------------

const servers = new Set();

const told = (child, pattern) => new Promise((done, failed) => {
  let text = '';
  child.stdout.on('data', part => {
    text += part;
    const match = pattern.exec(text);
    if (match) done(match);
  });
  child.on('exit', status => failed(new Error(`the server ended with ${status}: ${text}`)));
});

export const startServer = async ({ sim, port = 0, httpPort = 0, more = [] } = {}) => {
  const child = spawn(process.env.USBIP_SERVER, [...(sim ? ['--sim', sim] : []), '--no-mdns', '--port', port, '--http-port', httpPort, ...more], { stdio: ['ignore', 'pipe', 'ignore'] });
  servers.add(child);
  const usbip = await told(child, /usbip: listening on .*:(\d+)\n[^]*http: listening on .*:(\d+)\n/);
  const server = {
    port: Number(usbip[1]), httpPort: Number(usbip[2]), url: `http://127.0.0.1:${usbip[2]}`,
    pause: () => child.kill('SIGSTOP'), goOn: () => child.kill('SIGCONT'),
    // What somebody else does, meanwhile.
    ask: async (verb, path, body, headers = {}) => (await fetch(`http://127.0.0.1:${usbip[2]}${path}`, { method: verb, headers: { 'Content-Type': 'application/json', 'If-Match': '*', ...headers }, body: body && JSON.stringify(body) })).json(),
    stop: () => new Promise(done => { servers.delete(child); child.once('exit', done); child.kill('SIGCONT'); child.kill('SIGTERM'); }),
  };
  return server;
};

// --- the browser ---------------------------------------------------------------------------------

let browser = null;
export const seen = { foreign: [], csp: [], errors: [] };

// Whatever the page does is watched: requests to others, what the policy forbids, errors in scripts.
const watch = (page, origin) => {
  page.on('request', r => { if (!r.url().startsWith(origin) && !/^(blob|data):/.test(r.url())) seen.foreign.push(r.url()); });
  page.on('pageerror', e => seen.errors.push(e.stack));
  page.on('console', m => { if (/Content.Security.Policy/i.test(m.text())) seen.csp.push(m.text()); });
};

export const open = async (server, path = '/', { width = 1280, height = 900, ...more } = {}) => {
  browser ??= await chromium.launch({ executablePath: process.env.USBIP_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  const context = await browser.newContext({ viewport: { width, height }, timezoneId: 'Europe/Berlin', ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  watch(page, server.url);
  await page.exposeFunction('cspViolation', text => seen.csp.push(text));
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', e => window.cspViolation(`${e.violatedDirective} ${e.blockedURI}`)));
  await page.goto(server.url + path);
  return page;
};

export const live = page => page.waitForSelector('.live[data-link=live]');
export const close = page => page.context().close();
export const withPage = async (server, path, options, use) => {
  const page = await open(server, path, options);
  try { await use(page); } finally { await close(page); }
};

// only: the one rule that is looked at.
export const axeFinds = async (page, only = null) => {
  await page.evaluate(axe);
  const found = await page.evaluate(rule => window.axe.run(rule ? { runOnly: { type: 'rule', values: [rule] } } : {}), only);
  return found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 120)).join(' | ')}`);
};

export const noOverflow = async page => {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  ok(over <= 0, `${page.url()} is not ${over} px too wide`);
};

// The page itself gives up after 8 s: what it says then is worth more than that nothing came.
const TOAST_MS = 12000;
export const toastSays = async (page, ...parts) => {
  let toast = page.locator('.toast');
  for (const text of parts) toast = toast.filter({ hasText: text });
  await toast.first().waitFor({ timeout: TOAST_MS }).catch(async e => {
    throw new Error(`no toast says "${parts.join('", "')}" but: ${await page.locator('.toasts').innerText()}; ${await page.locator('.live').innerText()}\n${e.message}`);
  });
};

const focused = () => document.activeElement.id || document.activeElement.textContent.trim();
export const focus = page => page.evaluate(focused);

// Waits until what has that id, or that text, has the focus: it may come after a toast, when a dialog is gone.
export const focusIs = async (page, wanted, when = '') => {
  const is = text => (document.activeElement.id || document.activeElement.textContent.trim()) === text; // no text: that would be eval
  await page.waitForFunction(is, wanted, { timeout: TOAST_MS }).catch(async () => {
    throw new Error(`the focus is on "${await focus(page)}", not "${wanted}" ${when}`);
  });
};

export const endAll = async () => {
  await browser?.close();
  for (const child of servers) child.kill('SIGKILL');
};
