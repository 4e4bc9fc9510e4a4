// Calls every operation of a real document through Spanway with a real client, and fails if the
// upstream, which validates against the document, found anything wrong with a request.
// `drive.mjs SPANWAY DOCUMENT [CREDENTIAL…]`: what the document's security schemes ask for, as `SCHEME=SOURCE`
// or as a static header, `NAME: VALUE`.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { basename } from 'node:path';
import { Report, equal, ok } from '../clients/report.mjs';
import { operationsOf } from './document.mjs';
import { argumentsFor } from './generate.mjs';
import { mock, start } from './upstream.mjs';

/** Of a large document each operation is called with one set of arguments less often, so that it ends in minutes. */
const LARGE = 100;
const ATTEMPTS = 4;

const [spanway, document, ...credentials] = process.argv.slice(2);
const report = new Report(basename(document));
const operations = await operationsOf(document);
const SEEDS = operations.length > LARGE ? [1] : [1, 2, 3];
// A format of the document's own: the client's validator says that it does not know it.
const complain = report.complain.bind(report);
report.complain = text => void (/unknown format "[^"]*" ignored/.test(text) || complain(text));
const figures = { calls: 0, accepted: 0, broken: 0, explained: 0, unfit: 0 };
/** Calls that the upstream must refuse, and why. */
const EXPLAINED = {
  'createVectorStoreFileBatch: required': 'its body wants one of two properties, which a schema that every client takes cannot say',
  'createFile: all': 'prism reads the JSON part of a multipart body as text',
  'createTranscription: all': 'prism reads the parts of one name, and the JSON part, of a multipart body as one text',
};
const upstream = await mock(document);
const flags = ['serve', document, '--search', 'off', '--listen', '127.0.0.1:0', '--upstream', upstream.url];
const server = await start(spanway, [...flags, ...credentials.flatMap(it => [it.includes('=command:') ? '--credential' : '--header', it])], /http:\/\/127\.0\.0\.1:\d+\/mcp/);

const client = new Client({ name: 'spanway-interop', version: '1.0.0' });
client.onerror = error => report.complain(`onerror: ${error.message}`);
await client.connect(new StreamableHTTPClientTransport(new URL(server.match[0])));

const tools = await report.check(`lists ${operations.length} operations`, async () => {
  const tools = [];
  let cursor;
  do {
    const page = await client.listTools(cursor ? { cursor } : {});
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor);
  equal(tools.length, operations.length, 'number of tools');
  return tools;
});
for (const tool of tools ?? []) {
  await report.check(`${tool.name}: required arguments only`, () => callAndJudge(tool, 'required', SEEDS[0]));
  for (const seed of SEEDS) {
    await report.check(`${tool.name}: all arguments, seed ${seed}`, () => callAndJudge(tool, 'all', seed));
  }
}
await report.check('every operation reached the upstream', async () => {
  const missed = operations.filter(operation => !upstream.records.some(record => matches(operation, record)));
  equal(missed.map(operation => operation.name), [], 'operations never called');
});
for (const operation of operations) {
  if (operation.parameters.length > 0) {
    await report.check(`${operation.name}: every declared parameter arrived`, () => parametersArrived(operation));
  }
}
await report.check('close', async () => {
  report.closing = true;
  await client.close();
});
await report.check('no panic in the server', async () => {
  equal(server.printed.filter(line => line.includes('panicked')), [], 'panics');
});
console.log(`figures: ${basename(document)}: ${operations.length} operations, ${tools?.length} exposed, ${figures.calls} calls, ${figures.accepted} accepted, ${figures.explained} refused as explained, ${figures.broken} without a verdict; ${figures.unfit} more sets of arguments broke their schema`);
await report.finish();
process.exit();

/** Some schemas rule out what the generator makes; a refusal that says so counts, and other arguments are made. */
async function callAndJudge(tool, which, seed) {
  for (let attempt = 0; ; attempt += 1) {
    const args = argumentsFor(tool.inputSchema, which, seed + 100 * attempt);
    const before = upstream.records.length;
    const result = await client.callTool({ name: tool.name, arguments: args });
    const unfit = result.isError && result.content[0]?.text?.startsWith('the arguments are not valid');
    if (!unfit || attempt === ATTEMPTS - 1) return judge(tool, which, args, result, before);
    figures.unfit += 1;
  }
}

function judge(tool, which, args, result, before) {
  const shown = `answer ${JSON.stringify(result).slice(0, 300)}, arguments ${JSON.stringify(args)}`;
  figures.calls += 1;
  const records = upstream.records.slice(before);
  equal(records.length, 1, `requests sent for one call (${shown})`);
  const [record] = records;
  const sent = `${record.method} ${record.url} ${record.headers['content-type'] ?? ''} ${record.body}`;
  if (EXPLAINED[`${tool.name}: ${which}`]) {
    equal(record.status, 422, 'status of a call that is refused with reason');
    ok(result.isError, 'the refusal is an error');
    console.log(`      refused: ${record.complaints.join('; ')}: ${EXPLAINED[`${tool.name}: ${which}`]}`);
    figures.explained += 1;
    return;
  }
  equal(record.complaints, [], `the upstream found the request malformed (${sent.slice(0, 2000)})`);
  if (record.broken) {
    figures.broken += 1;
    return;
  }
  ok(record.status < 400, `the upstream answered ${record.status} to ${sent}`);
  figures.accepted += 1;
  ok(!result.isError, `the call failed although the upstream answered ${record.status}: ${shown}`);
}

async function parametersArrived(operation) {
  const records = upstream.records.filter(record => matches(operation, record));
  const missing = operation.parameters.filter(parameter => !records.some(record => carries(record, parameter)));
  equal(missing.map(parameter => `${parameter.in} ${parameter.name}`), [], 'never sent');
}

function matches(operation, record) {
  return operation.method === record.method && operation.path.test(record.url.split('?')[0]);
}

function carries(record, parameter) {
  if (parameter.in === 'header') return parameter.name.toLowerCase() in record.headers;
  if (parameter.in === 'cookie') return record.headers.cookie?.includes(`${parameter.name}=`);
  if (parameter.in === 'path') return true;
  // The properties of an exploded object are parameters of their own, and a free one may have none.
  const isObject = parameter.schema?.type === 'object' || parameter.schema?.properties || parameter.schema?.$ref || parameter.schema?.anyOf;
  if (isObject && !parameter.schema.properties) return true;
  if (isObject && (parameter.style ?? 'form') === 'form' && parameter.explode !== false) return true;
  const query = new URL(record.url, 'http://upstream').searchParams;
  return [...query.keys()].some(key => key === parameter.name || key.startsWith(`${parameter.name}[`));
}
