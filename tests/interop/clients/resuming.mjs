// Streams that end before their answer: closed by the server half-way, or lost with the connection. Only
// 2025-11-25 over Streamable HTTP knows the first; to all others the call is answered where it was asked.

import { randomUUID } from 'node:crypto';

import { equal, ok } from './report.mjs';

const PATIENCE_MS = 5_000;

/** `reconnect` gives another connection of the same client, in the session that it is given. */
export async function resuming(client, report, reconnect) {
  await report.check('a call is answered whose stream the server may close half-way', async () => {
    const before = client.resumptions();
    const { isError, content } = await client.callTool('test_reconnection', {});
    ok(!isError && content[0].text, `it is answered: ${JSON.stringify(content)}`);
    equal(client.resumptions() > before, client.canPoll(), 'whether the client asked for the rest of the stream');
  });
  if (client.canPoll()) {
    await report.check('a call lost with its connection is answered to who resumes it', () => lost(reconnect));
  }
}

async function lost(reconnect) {
  const args = { name: randomUUID(), seconds: 1 };
  const first = await reconnect();
  await first.connect();
  const token = await new Promise((resolve, reject) => {
    let token;
    const options = {
      onresumptiontoken: seen => (token = seen),
      onprogress: () => token && resolve(token),
    };
    // Its connection is closed under it; whatever that does to it here.
    first.callTool('test_slow', args, options).catch(() => {});
    setTimeout(() => reject(new Error(`no event id before the first progress: ${token}`)), PATIENCE_MS).unref();
  });
  const session = first.sessionId();
  await first.close();
  const second = await reconnect(session);
  await second.connect();
  const { content } = await second.callTool('test_slow', args, { resumptionToken: token });
  equal(content[0].text, 'It took its time.', 'the answer');
  await second.terminate();
  await second.close();
}
