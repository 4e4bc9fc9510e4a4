// From the name of a client to its SDK and its way to the server: `PACKAGE` of the v1 line or `client:MODE`
// of the v2 line, and after a `+` what it goes over if not Streamable HTTP: `sse`, the pair of 2024-11-05, or
// mcp-remote as a proxy on stdio, `remote`, `remote-auto` (which speaks the modern era) and `remote-sse`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { clientV2, sdkV1 } from './adapters.mjs';

const V2_MODULES = { http: '@modelcontextprotocol/client', sse: '@modelcontextprotocol/client' };
const REMOTE_ARGUMENTS = {
  remote: ['--transport', 'http-only'],
  'remote-auto': ['--transport', 'http-only', '--protocol', 'auto'],
  'remote-sse': ['--transport', 'sse-only'],
};
// The one revision whose servers may close a stream before its end.
const POLLING_REVISION = '2025-11-25';
// What mcp-remote does not carry over from the modern era: URLs to open, tasks, the end of a call nobody waits
// for any more, and changes that happen while it opens its stream anew.
const BRIDGED = {
  speaks: '2026-07-28',
  cannot: ['url'],
  resourceNotFound: -32602,
  hasBeside: false,
  tasks: undefined,
};

/** A client that is not connected yet; with a session it will go on in that. */
export async function connection(name, url, report, session) {
  const [sdk, way = 'http'] = name.split('+');
  const bridged = way === 'remote-auto' ? BRIDGED : { cannot: [] };
  const mode = sdk.startsWith('client:') ? sdk.slice('client:'.length) : undefined;
  const resumed = { count: 0 };
  const options = { ...(session && { sessionId: session }), fetch: counting(resumed) };
  const transport = await transportOf(mode ? V2_MODULES : v1Modules(sdk), way, url, report, options);
  const client = mode
    ? await clientV2(mode, transport, report)
    : await sdkV1(sdk, transport, report, bridged.cannot);
  const hasSession = way === 'http' && client.era === 'legacy';
  return {
    hasSession,
    hasBeside: true,
    canPoll: () => hasSession && client.version() === POLLING_REVISION,
    resumptions: () => resumed.count,
    ...client,
    ...bridged,
  };
}

function v1Modules(packageName) {
  return {
    http: `${packageName}/client/streamableHttp.js`,
    sse: `${packageName}/client/sse.js`,
    stdio: `${packageName}/client/stdio.js`,
  };
}

/** Counts the streams that are taken up again. */
function counting(resumed) {
  return (url, init) => {
    if (new Headers(init?.headers).has('last-event-id')) resumed.count += 1;
    return fetch(url, init);
  };
}

async function transportOf(modules, way, url, report, options) {
  if (way === 'http') {
    const { StreamableHTTPClientTransport } = await import(modules.http);
    return new StreamableHTTPClientTransport(new URL(url), options);
  }
  if (way === 'sse') {
    const { SSEClientTransport } = await import(modules.sse);
    return new SSEClientTransport(sseEndpoint(url));
  }
  const { StdioClientTransport } = await import(modules.stdio);
  const endpoint = way === 'remote-sse' ? sseEndpoint(url).href : url;
  const proxy = fileURLToPath(import.meta.resolve('mcp-remote/dist/proxy.js'));
  const settings = mkdtempSync(join(tmpdir(), 'spanway-mcp-remote-'));
  process.on('exit', () => rmSync(settings, { recursive: true, force: true }));
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [proxy, endpoint, ...REMOTE_ARGUMENTS[way]],
    env: { MCP_REMOTE_CONFIG_DIR: settings },
    stderr: 'pipe',
  });
  transport.stderr.on('data', text => overhear(String(text), report));
  return transport;
}

/** The old pair stands beside the endpoint. */
function sseEndpoint(url) {
  return new URL('sse', url);
}

/** The proxy tells on stderr all it does; only what went wrong is a complaint. */
function overhear(text, report) {
  for (const line of text.split('\n')) {
    if (/error|warn|fail/i.test(line)) report.complain(`mcp-remote: ${line}`);
  }
}
