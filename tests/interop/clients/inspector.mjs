// Runs the MCP Inspector as a command against one server: `inspector.mjs SERVER ERA VERSION URL`. It is told
// the era and prints no revision, so VERSION is for the eye.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Report, equal, ok } from './report.mjs';

const RUN_DEADLINE_MS = 25_000;
const LAUNCHER = '@modelcontextprotocol/inspector/clients/launcher/build/index.js';
// That a tool failed is in the result, and told once more; that a schema could be simpler is no error.
const EXPECTED = /"tool_is_error"|Schema portability: 0 errors/;

const SERVERS = {
  everything: {
    tool: 'add',
    args: ['a=2', 'b=3'],
    check: result => equal(result.structuredContent, { sum: 5 }, 'the sum'),
    failing: ['test_error_handling', /intentionally returns an error/],
    resource: 'test://static-text',
    prompt: 'test_simple_prompt',
  },
  bookshop: {
    tool: 'search_books',
    args: ['limit=2'],
    check: result => equal(result.structuredContent.books.length, 2, 'number of books'),
    failing: ['delivery_times', /503/],
  },
};

const [serverName, era, , url] = process.argv.slice(2);
const report = new Report(`inspector ${era} -> ${serverName}`);
// The Inspector keeps files in the home folder of whoever runs it.
const home = mkdtempSync(join(tmpdir(), 'spanway-inspector-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

await walk(SERVERS[serverName]);
await report.finish();

async function walk({ tool, args, check, failing, resource, prompt }) {
  await report.check('tools/list', async () => {
    const { tools } = await inspect('tools/list');
    ok(tools.some(({ name }) => name === tool), `${tool} is listed`);
  });
  await report.check(`tools/call ${tool}`, async () => {
    check(await inspect('tools/call', '--tool-name', tool, '--tool-arg', ...args));
  });
  await report.check('tools/call: a failing tool', async () => {
    const [name, text] = failing;
    const result = await inspect('tools/call', '--tool-name', name);
    equal(result.isError, true, 'isError');
    ok(text.test(result.content[0].text), result.content[0].text);
  });
  if (resource) {
    await report.check('resources/read', async () => {
      const { contents } = await inspect('resources/read', '--uri', resource);
      equal(contents[0].uri, resource, 'uri');
    });
  }
  if (prompt) {
    await report.check('prompts/get', async () => {
      const { messages } = await inspect('prompts/get', '--prompt-name', prompt);
      equal(messages[0].role, 'user', 'role');
    });
  }
}

/** What one run of the command printed, as JSON. */
async function inspect(method, ...more) {
  const launcher = fileURLToPath(import.meta.resolve(LAUNCHER));
  const target = ['--cli', url, '--transport', 'http', '--protocol-era', era, '--format', 'json'];
  const options = { env: { ...process.env, HOME: home }, timeout: RUN_DEADLINE_MS };
  const run = promisify(execFile)(process.execPath, [launcher, ...target, '--method', method, ...more], options);
  const { stdout, stderr } = await run.catch(error => {
    if (error.stdout) return error;
    throw new Error(`${method}: ${error.stderr || error.message}`);
  });
  const complaints = stderr.split('\n').filter(line => line.trim() && !EXPECTED.test(line));
  complaints.forEach(line => report.complain(`inspector: ${line}`));
  const printed = JSON.parse(stdout);
  return printed.result ?? printed;
}
