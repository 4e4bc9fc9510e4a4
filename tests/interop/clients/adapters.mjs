// One face for the TypeScript clients: each adapter maps the journey's calls to its SDK's own.
// The SDKs are loaded by name, so that several versions of one package stand side by side.

import { Person } from './person.mjs';

const LOG_LEVEL_KEY = 'io.modelcontextprotocol/logLevel';
const CLIENT_INFO = { name: 'spanway-interop', version: '1.0.0' };

/** The v1 line, `@modelcontextprotocol/sdk`: handshake revisions only. */
export async function sdkV1(packageName, transport, report, cannot) {
  const { Client } = await import(`${packageName}/client/index.js`);
  const types = await import(`${packageName}/types.js`);
  // The types tell what a release knows: forms since 2025-06-18, URLs since 2025-11-25.
  const knows = {
    sampling: true,
    roots: true,
    form: 'ElicitRequestSchema' in types,
    url: 'ElicitationCompleteNotificationSchema' in types,
  };
  const can = Object.keys(knows).filter(kind => knows[kind] && !cannot.includes(kind));
  const client = new Client(CLIENT_INFO, { capabilities: capabilities(can) });
  const version = watchVersion(transport);
  const heard = hear((name, handler) => client.setNotificationHandler(types[name], handler), {
    log: 'LoggingMessageNotificationSchema',
    tools: 'ToolListChangedNotificationSchema',
    resource: 'ResourceUpdatedNotificationSchema',
  });
  const person = answerFor((name, handler) => types[name] && client.setRequestHandler(types[name], handler), {
    form: 'ElicitRequestSchema',
    sampling: 'CreateMessageRequestSchema',
    roots: 'ListRootsRequestSchema',
  });
  return {
    ...shared(client, transport, report),
    ...heard,
    person,
    can,
    era: 'legacy',
    resourceNotFound: -32002,
    version,
    ...legacyWatch(client),
    // Releases that know 2025-11-25 have something for its tasks.
    tasks: client.experimental?.tasks,
    callTool: (name, args, options) =>
      client.callTool({ name, ...(args && { arguments: args }) }, undefined, options),
  };
}

/** The v2 line, `@modelcontextprotocol/client`: both eras. */
export async function clientV2(mode, transport, report) {
  const { Client } = await import('@modelcontextprotocol/client');
  const negotiation = mode === 'legacy' || mode === 'auto' ? mode : { pin: mode };
  const can = ['sampling', 'roots', 'form', 'url'];
  const client = new Client(CLIENT_INFO, {
    capabilities: capabilities(can),
    versionNegotiation: { mode: negotiation },
  });
  const heard = hear((method, handler) => client.setNotificationHandler(method, handler), {
    log: 'notifications/message',
    tools: 'notifications/tools/list_changed',
    resource: 'notifications/resources/updated',
  });
  const person = answerFor((method, handler) => client.setRequestHandler(method, handler), {
    form: 'elicitation/create',
    sampling: 'sampling/createMessage',
    roots: 'roots/list',
  });
  return {
    ...shared(client, transport, report),
    ...heard,
    ...(mode === 'legacy' ? legacyWatch(client) : modernWatch(client)),
    person,
    can,
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

function shared(client, transport, report) {
  client.onerror = error => report.complain(`onerror: ${error.message}`);
  return {
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

function capabilities(can) {
  const modes = { ...(can.includes('form') && { form: {} }), ...(can.includes('url') && { url: {} }) };
  return { sampling: {}, roots: {}, ...(can.includes('form') && { elicitation: modes }) };
}

/** Keeps log messages, and the names of what changed: `tools`, or the URI of a resource. */
function hear(register, names) {
  const logs = [];
  const changed = [];
  register(names.log, message => void logs.push(message.params));
  register(names.tools, () => void changed.push('tools'));
  register(names.resource, message => void changed.push(message.params.uri));
  return { logs, changed };
}

function answerFor(register, names) {
  const person = new Person();
  register(names.form, request => person.elicit(request.params));
  register(names.sampling, request => person.sample(request.params));
  register(names.roots, () => person.roots());
  return person;
}

function legacyWatch(client) {
  return {
    watch: uri => client.subscribeResource({ uri }),
    unwatch: uri => client.unsubscribeResource({ uri }),
  };
}

function modernWatch(client) {
  let subscription;
  return {
    watch: async uri => {
      subscription = await client.listen({ toolsListChanged: true, resourceSubscriptions: [uri] });
    },
    unwatch: () => subscription.close(),
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
