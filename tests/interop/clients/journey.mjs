// Walks one TypeScript client through one server: `journey.mjs SERVER CLIENT VERSION URL [OTHER]`.
// SERVER is `everything` or `bookshop`; CLIENT is explained in connections.mjs; VERSION is the protocol
// revision the two must agree on; OTHER is another node of the same server.

import { bookshop } from './bookshop.mjs';
import { connection } from './connections.mjs';
import { everything } from './everything.mjs';
import { Report, equal, ok } from './report.mjs';

const SERVERS = { everything, bookshop };

const [serverName, clientName, version, url, other = url] = process.argv.slice(2);
const report = new Report(`${clientName} -> ${serverName}`);
const client = await connection(clientName, url, report);

const connected = await report.check('connect', async () => {
  await client.connect();
  return true;
});
if (connected) {
  await report.check(`negotiated ${version}`, async () => {
    equal(client.version(), version, 'version');
    ok(client.server()?.name, 'the server gave its name');
  });
  await SERVERS[serverName](client, report, reconnect);
  await close(client);
}
await report.finish();

/** Another connection of the same client, to be cut: that it is told so is no complaint. With a session it
 * goes on in that, on the other node if there is one. */
function reconnect(session) {
  const complain = text => /abort/i.test(text) || report.complain(text);
  return connection(clientName, session ? other : url, { complain }, session);
}

async function close(client) {
  const session = client.sessionId();
  if (client.hasSession) {
    await report.check('DELETE ends the session', async () => {
      ok(session, 'the server assigned a session');
      await client.terminate();
      equal(await statusOfPing(session), 404, 'status of a request in the ended session');
    });
  } else {
    await report.check('no session where there is none', async () => equal(session, undefined, 'session id'));
  }
  await report.check('close', async () => {
    report.closing = true;
    await client.close();
  });
}

/** Sends a ping in a session by hand: the SDKs do not send into a session they ended. */
async function statusOfPing(session) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-session-id': session,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  });
  await response.text();
  return response.status;
}
