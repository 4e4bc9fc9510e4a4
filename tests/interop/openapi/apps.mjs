// Apps nobody here wrote the framework of, served through the documents they generate, and driven by a real client.
// `apps.mjs SPANWAY PYTHON APP`

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { fileURLToPath } from 'node:url';
import { Report, equal, ok } from '../clients/report.mjs';
import { argumentsFor } from './generate.mjs';
import { start } from './upstream.mjs';

const [spanway, python, name] = process.argv.slice(2);
/** Where each app has its document, and what its server is started with. */
const APPS = {
  fastapi: { document: '/openapi.json', flags: ['--credential', 'APIKeyHeader=command:echo letmein'], journey: fastapi },
  litestar: { document: '/schema/openapi.json', flags: [], journey: litestar },
  httpbin: { document: '/spec.json', flags: [], journey: httpbin },
};
const report = new Report(name);
const script = fileURLToPath(new URL('apps/serve.py', import.meta.url));
const app = await start(python, ['-B', '-u', script, name], /http:\/\/127\.0\.0\.1:\d+/);
const url = app.match[0];
const flags = ['serve', `${url}${APPS[name].document}`, '--upstream', url, '--listen', '127.0.0.1:0', ...APPS[name].flags];
const server = await start(spanway, flags, /http:\/\/127\.0\.0\.1:\d+\/mcp/);
const client = new Client({ name: 'spanway-interop', version: '1.0.0' });
client.onerror = error => report.complain(`onerror: ${error.message}`);
await client.connect(new StreamableHTTPClientTransport(new URL(server.match[0])));
const { tools } = await client.listTools();
await APPS[name].journey();
await report.check('no panic in the server', async () => {
  equal(server.printed.filter(line => line.includes('panicked')), [], 'panics');
});
console.log(`figures: ${name}: ${tools.length} tools`);
report.closing = true;
await client.close();
await report.finish();
process.exit();

async function call(tool, args) {
  const result = await client.callTool({ name: tool, arguments: args });
  const text = result.content.map(part => part.text).join('');
  return { isError: result.isError === true, text, value: result.structuredContent };
}

async function answers(tool, args, expected) {
  const { isError, text } = await call(tool, args);
  ok(!isError, `${tool} failed: ${text}`);
  equal(JSON.parse(text), expected, tool);
}

async function fails(tool, args, part) {
  const { isError, text } = await call(tool, args);
  ok(isError && text.includes(part), `${tool} said ${text}`);
}

async function fastapi() {
  const map = { title: 'A & B', kind: 'map', pages: 3, tags: ['x y', 'z'] };
  await report.check('every operation is a tool', async () => {
    equal(tools.map(tool => tool.name).sort(), ['add_cover', 'add_item', 'echo', 'get_item', 'list_items'], 'tools');
  });
  await report.check('a model goes there and back, with the key', () => answers('add_item', map, { ...map, id: 1 }));
  await report.check('a list in the query', () => answers('list_items', { kind: 'map', tag: ['x y', 'z'] }, [{ ...map, id: 1 }]));
  await report.check('an answer is structured', async () => {
    equal((await call('get_item', { item_id: 1 })).value, { ...map, id: 1 }, 'structured content');
  });
  await report.check("the app's own error", () => fails('get_item', { item_id: 9 }, 'no such item'));
  await report.check('arguments are checked before the app is asked', () => fails('add_item', { title: '' }, '/title'));
  await report.check('a file and a form', () => answers('add_cover', { file: 'c3BhbndheQ==', title: 'é' }, { é: 7 }));
  await report.check('a path with odd letters and a header', () => answers('echo', { text: 'a b?ü', 'x-trace': 't' }, { text: 'a b?ü', trace: 't' }));
}

async function litestar() {
  const note = { text: 'a "b" é', stars: 2, tags: ['x'] };
  await report.check('every operation is a tool', async () => {
    equal(tools.map(tool => tool.name).sort(), ['add_note', 'get_note', 'list_notes'], 'tools');
  });
  await report.check('a body goes there and back', () => answers('add_note', note, note));
  await report.check('a query', () => answers('list_notes', { tag: 'x' }, [note]));
  await report.check('a query that finds nothing', () => answers('list_notes', { tag: 'y' }, []));
  await report.check('a path', () => answers('get_note', { number: 1 }, note));
  await report.check("the app's own error", () => fails('get_note', { number: 7 }, 'no such note'));
}

/** Every operation with arguments that it can do something with; its document gives most of them no type. */
async function httpbin() {
  const given = {
    n: 3, offset: 0, numbytes: 64, codes: 200, delay: 0, duration: 0, url: '/get', status_code: 200, value: 7,
        user: 'u', passwd: 'p', qop: 'auth', algorithm: 'MD5', stale_after: 'never', name: 'n', anything: 'a b ü',
  };
  // Without credentials, and without a type of image asked for; the last read from the query what their document has
  // in a form, or nowhere.
  const refuses = {
    'get_basic-auth_user_passwd': 401, get_bearer: 401, 'get_digest-auth_qop_user_passwd': 401,
    'get_digest-auth_qop_user_passwd_algorithm': 401, 'get_digest-auth_qop_user_passwd_algorithm_stale_after': 401,
    'get_hidden-basic-auth_user_passwd': 404, get_image: 406,
    'put_redirect-to': 404, 'post_redirect-to': 404, 'patch_redirect-to': 404, 'delete_redirect-to': 404, 'trace_redirect-to': 404,
  };
  await report.check('every operation is a tool', async () => equal(tools.length, 78, 'tools'));
  for (const tool of tools) {
    await report.check(`${tool.name} answers`, async () => {
      const properties = tool.inputSchema.properties ?? {};
      const fit = it => (properties[it].type === 'string' ? String(given[it]) : given[it]);
      const names = Object.keys(properties);
      const known = Object.fromEntries(names.filter(it => it in given).map(it => [it, fit(it)]));
      const { isError, text } = await call(tool.name, { ...argumentsFor(tool.inputSchema, 'required', 1), ...known });
      equal(isError, tool.name in refuses, `${JSON.stringify(known)} fails: ${text.slice(0, 200)}`);
      if (isError) ok(text.startsWith(`HTTP ${refuses[tool.name]}`), text);
      if ('anything' in known) ok(decodeURI(JSON.parse(text).url).endsWith('/anything/a b ü'), text);
    });
  }
}
