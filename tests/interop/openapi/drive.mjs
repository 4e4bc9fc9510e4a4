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

const SEEDS = [1, 2, 3];

const [spanway, document, ...credentials] = process.argv.slice(2);
const report = new Report(basename(document));
const operations = await operationsOf(document);
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
await report.finish();
process.exit();

async function callAndJudge(tool, which, seed) {
  const args = argumentsFor(tool.inputSchema, which, seed);
  const before = upstream.records.length;
  const result = await client.callTool({ name: tool.name, arguments: args });
  const shown = `arguments ${JSON.stringify(args)}, answer ${JSON.stringify(result).slice(0, 300)}`;
  const records = upstream.records.slice(before);
  equal(records.length, 1, `requests sent for one call (${shown})`);
  const [record] = records;
  const sent = `${record.method} ${record.url} ${record.headers['content-type'] ?? ''} ${record.body}`;
  equal(record.complaints, [], `the upstream found the request malformed (${sent})`);
  ok(record.status < 400, `the upstream answered ${record.status} to ${sent}`);
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
  const query = new URL(record.url, 'http://upstream').searchParams;
  return [...query.keys()].some(key => key === parameter.name || key.startsWith(`${parameter.name}[`));
}
