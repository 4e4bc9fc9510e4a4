// One face for the TypeScript clients: each adapter maps the journey's calls to its SDK's own.
// The SDKs are loaded by name, so that several versions of one package stand side by side.

const LOG_LEVEL_KEY = 'io.modelcontextprotocol/logLevel';
const CLIENT_INFO = { name: 'spanway-interop', version: '1.0.0' };

/** The v1 line, `@modelcontextprotocol/sdk`: handshake revisions only. */
export async function sdkV1(packageName, url, report) {
  const { Client } = await import(`${packageName}/client/index.js`);
  const { StreamableHTTPClientTransport } = await import(`${packageName}/client/streamableHttp.js`);
  const { LoggingMessageNotificationSchema } = await import(`${packageName}/types.js`);
  const client = new Client(CLIENT_INFO, { capabilities: {} });
  const transport = new StreamableHTTPClientTransport(new URL(url));
  const version = watchVersion(transport);
  const logs = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, message => logs.push(message.params));
  return {
    ...shared(client, transport, report, logs),
    era: 'legacy',
    resourceNotFound: -32002,
    version,
    callTool: (name, args, options) =>
      client.callTool({ name, ...(args && { arguments: args }) }, undefined, options),
  };
}

/** The v2 line, `@modelcontextprotocol/client`: both eras. */
export async function clientV2(mode, url, report) {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const negotiation = mode === 'legacy' || mode === 'auto' ? mode : { pin: mode };
  const client = new Client(CLIENT_INFO, { capabilities: {}, versionNegotiation: { mode: negotiation } });
  const transport = new StreamableHTTPClientTransport(new URL(url));
  const logs = [];
  client.setNotificationHandler('notifications/message', message => logs.push(message.params));
  return {
    ...shared(client, transport, report, logs),
    era: mode === 'legacy' ? 'legacy' : 'modern',
    // This SDK shows the legacy -32002 as the modern code, whatever came over the wire.
    resourceNotFound: -32602,
    version: () => client.getNegotiatedProtocolVersion(),
    discover: () => client.discover(),
    callTool: (name, args, options = {}) => {
      const { logLevel, ...rest } = options;
      const meta = logLevel && { _meta: { [LOG_LEVEL_KEY]: logLevel } };
      return client.callTool({ name, ...(args && { arguments: args }), ...meta }, rest);
    },
  };
}

function shared(client, transport, report, logs) {
  client.onerror = error => report.complain(`onerror: ${error.message}`);
  return {
    logs,
    connect: () => client.connect(transport),
    server: () => client.getServerVersion(),
    capabilities: () => client.getServerCapabilities(),
    listTools: () => pages(cursor => client.listTools(cursor && { cursor }), 'tools'),
    listResources: () => pages(cursor => client.listResources(cursor && { cursor }), 'resources'),
    listTemplates: () =>
      pages(cursor => client.listResourceTemplates(cursor && { cursor }), 'resourceTemplates'),
    listPrompts: () => pages(cursor => client.listPrompts(cursor && { cursor }), 'prompts'),
    readResource: uri => client.readResource({ uri }),
    getPrompt: (name, args) => client.getPrompt({ name, ...(args && { arguments: args }) }),
    complete: params => client.complete(params),
    ping: () => client.ping(),
    setLogLevel: level => client.setLoggingLevel(level),
    sessionId: () => transport.sessionId,
    terminate: () => transport.terminateSession(),
    close: () => client.close(),
  };
}

/** Reads the revision off the wire: SDKs before 1.17 do not keep what was negotiated. */
function watchVersion(transport) {
  let version;
  let handler;
  Object.defineProperty(transport, 'onmessage', {
    get: () => handler,
    set: inner => {
      handler = (message, extra) => {
        version ??= message.result?.protocolVersion;
        inner(message, extra);
      };
    },
  });
  return () => version;
}

/** Follows `nextCursor` to the end; a list that never ends is cut and fails. */
async function pages(list, field) {
  const items = [];
  let cursor;
  for (let page = 0; page < 100; page += 1) {
    const result = await list(cursor);
    items.push(...result[field]);
    cursor = result.nextCursor;
    if (cursor === undefined) return items;
  }
  throw new Error(`${field}: more than 100 pages`);
}
