// `spanway tools DOCUMENT --json` against every document in a folder: as many tools as another
// parser counts operations, names that are legal and unique, and within the time limit.
// `listing.mjs SPANWAY FOLDER`

import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Report, equal, ok } from '../clients/report.mjs';
import { operationsOf } from './document.mjs';

const TIME_LIMIT_MS = 2_000;
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
const LEGAL_NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const run = promisify(execFile);

const [spanway, folder] = process.argv.slice(2);
const report = new Report('spanway tools');
const documents = (await readdir(folder)).filter(name => name.endsWith('.yaml')).sort();
for (const name of documents) {
  await report.check(`${name}: lists every operation`, () => listsAll(name, join(folder, name)));
}
await report.finish();

async function listsAll(name, path) {
  const operations = await operationsOf(path);
  const began = performance.now();
  const { stdout } = await run(spanway, ['tools', path, '--json'], { maxBuffer: OUTPUT_BYTES_MAX });
  const took = Math.round(performance.now() - began);
  const printed = JSON.parse(stdout);
  const names = (printed.tools ?? printed).map(tool => tool.name);
  equal(names.length, operations.length, 'number of tools');
  equal(new Set(names).size, names.length, 'unique names');
  equal(names.filter(tool => !LEGAL_NAME.test(tool)), [], 'illegal names');
  ok(took < TIME_LIMIT_MS, `took ${took} ms, the limit is ${TIME_LIMIT_MS} ms`);
  console.log(`      ${name}: ${names.length} tools in ${took} ms`);
}
