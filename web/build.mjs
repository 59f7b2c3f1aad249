// SPDX-License-Identifier: Apache-2.0
// node build.mjs OUT MODULES: makes OUT/web_assets.c of src/, and the same files plain in OUT/plain, for the
// tests. MODULES: the node_modules that npm has filled from package-lock.json.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

// Scripts that come when their page is opened (src/late.js); index.html has their names in data-*. What they
// share with app.js they import from 'dashboard', which is app.js (src/shared.js).
const LATE = ['settings.js'];

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, '../build/web'));
const modules = resolve(process.argv[3] ?? join(here, 'node_modules'));
const esbuild = createRequire(join(modules, 'from-here.js'))('esbuild');
const source = name => join(here, 'src', name);
const text = name => readFileSync(source(name), 'utf8');

const bundle = (name, more = {}) => esbuild.buildSync({
  entryPoints: [source(name)], bundle: true, minify: true, write: false, format: 'iife', target: 'es2022',
  nodePaths: [modules], legalComments: 'none', logLevel: 'warning', external: ['dashboard'], ...more,
}).outputFiles[0].text;

const hashed = (name, type, body) => {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 10);
  return { name, type, body, path: `/assets/${name.replace('.', `-${hash}.`)}`, hash, immutable: true };
};

const script = 'text/javascript; charset=utf-8';
const late = (name, app) => hashed(name, script, bundle(name, { format: 'esm' }).replaceAll('"dashboard"', `"${app.path}"`));

const page = files => {
  let body = text('index.html').replace(/<!--.*?-->\n/g, m => m.includes('icons') ? text('icons.svg').replace(/<!--.*?-->\n/, '').replace(/\n/g, '') + '\n' : '');
  for (const f of files) body = body.replace(`"${f.name}"`, `"${f.path}"`);
  return { ...hashed('page.html', 'text/html; charset=utf-8', body), path: '/', immutable: false };
};

const files = () => {
  const app = hashed('app.js', script, bundle('app.js', { format: 'esm' }));
  const parts = [
    hashed('theme.js', script, bundle('theme.js')),
    hashed('style.css', 'text/css; charset=utf-8', bundle('style.css')),
    app,
    hashed('icon.svg', 'image/svg+xml', text('icon.svg').replace(/<!--.*?-->\n/, '')),
    ...LATE.map(name => late(name, app)),
  ];
  return [page(parts), ...parts];
};

const bytes = body => [...body].map(b => b.toString()).join(',').replace(/(.{1,96},)/g, '$1\n');

const table = list => `// Made by web/build.mjs.
#include "web/web_assets.h"

${list.map((f, i) => `static const unsigned char body_${i}[] = {\n${bytes(f.packed)}};\n`).join('')}
static const struct api_asset list[] = {
${list.map((f, i) => `    {"${f.path}", "${f.type}", "\\"${f.hash}\\"", body_${i}, sizeof body_${i}, ${f.immutable}},\n`).join('')}};

const struct api_assets web_assets = {list, sizeof list / sizeof list[0]};
`;

const list = files().map(f => ({ ...f, packed: gzipSync(f.body, { level: 9 }) }));
rmSync(join(out, 'plain'), { recursive: true, force: true });
mkdirSync(join(out, 'plain/assets'), { recursive: true });
for (const f of list) writeFileSync(join(out, 'plain', f.path === '/' ? 'index.html' : f.path), f.body);
writeFileSync(join(out, 'web_assets.c'), table(list));
for (const f of list) console.log(`${f.packed.length.toString().padStart(7)} ${f.path}`);
console.log(`${list.reduce((n, f) => n + f.packed.length, 0).toString().padStart(7)} bytes compressed, in ${list.length} files`);
