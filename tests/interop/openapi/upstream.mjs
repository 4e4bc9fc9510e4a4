// The upstream under a real document: prism validates every request against the document, and a
// recorder in front of it keeps what was sent and what prism said of it. Prism puts its findings
// into a header that no MCP client sees, so they are read here.

import { spawn } from 'node:child_process';
import { createServer, request as httpRequest } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const START_DEADLINE_MS = 150_000;
const PRISM_ERRORS = 'https://stoplight.io/prism/errors#';
const children = new Set();
process.on('exit', () => children.forEach(child => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Starts a program and resolves with the first match of `pattern` in what it prints. */
export function start(command, args, pattern) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const printed = [];
  const found = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${command} did not start: ${printed.join('\n')}`)), START_DEADLINE_MS);
    const settle = act => value => (clearTimeout(late), act(value));
    child.on('error', settle(reject));
    child.on('exit', code => settle(reject)(new Error(`${command} ended with ${code}: ${printed.join('\n')}`)));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => {
        printed.push(line);
        const match = pattern.exec(line);
        if (match) settle(resolve)(match);
      });
    }
  });
  return found.then(match => ({ match, child, printed }));
}

/** Prism for one document with the recorder in front; `records` grows by one entry a request. */
export async function mock(document) {
  const prism = createRequire(import.meta.url).resolve('@stoplight/prism-cli/dist/index.js');
  const port = await freePort();
  const args = [prism, 'mock', '--errors', '--host', '127.0.0.1', '--port', String(port), document];
  await start(process.execPath, args, /Prism is listening on/);
  const records = [];
  const recorder = createServer((incoming, outgoing) => relay(port, incoming, outgoing, records));
  await new Promise(resolve => recorder.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${recorder.address().port}`, records };
}

function relay(port, incoming, outgoing, records) {
  const chunks = [];
  incoming.on('data', chunk => chunks.push(chunk));
  incoming.on('end', () => {
    const body = Buffer.concat(chunks);
    const record = { method: incoming.method, url: incoming.url, headers: incoming.headers, body: body.toString() };
    records.push(record);
    const options = { host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers: incoming.headers };
    const forwarded = httpRequest(options, answer => copy(answer, outgoing, record));
    forwarded.on('error', error => {
      Object.assign(record, { status: 502, complaints: [], broken: error.message });
      outgoing.writeHead(502).end(error.message);
    });
    forwarded.end(body);
  });
}

function copy(answer, outgoing, record) {
  const chunks = [];
  answer.on('data', chunk => chunks.push(chunk));
  answer.on('end', () => {
    const body = Buffer.concat(chunks);
    record.status = answer.statusCode;
    record.complaints = complaints(answer, body.toString());
    // What prism made up as an answer may break the document; then it says so with a 500 of its own.
    const own = answer.statusCode === 500 && body.includes(`${PRISM_ERRORS}VIOLATIONS`);
    if (own && record.complaints.length === 0) record.broken = 'its own answer does not conform';
    outgoing.writeHead(answer.statusCode, answer.headers).end(body);
  });
}

/** What prism held against the request; what it holds against its own answer is not ours. */
function complaints(answer, body) {
  const said = answer.headers['sl-violations'] ?? '[]';
  const found = body.includes(PRISM_ERRORS) ? (JSON.parse(body).validation ?? [{ location: ['request'], message: body }]) : [];
  // Prism cuts the header off when it is long, and is no longer JSON then.
  if (!said.startsWith('[')) return said.includes('"location":["request"') ? [said] : ofRequest(found);
  return ofRequest([...JSON.parse(said), ...found]);
}

function ofRequest(violations) {
  const ours = violations.filter(violation => violation.location?.[0] !== 'response');
  return ours.map(violation => `${violation.location.join('.')}: ${violation.message}`);
}

async function freePort() {
  const probe = createServer();
  await new Promise(resolve => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise(resolve => probe.close(resolve));
  return port;
}
