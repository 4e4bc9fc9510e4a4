// What goes on beside a call, or after its client lost interest: cancellation, and changes on the server.

import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

import { equal, ok } from './report.mjs';

const WATCHED = 'test://watched-resource';
const PATIENCE_MS = 5_000;
const POLL_MS = 20;

export async function beside(client, report) {
  await report.check('a cancelled call ends at once, here and on the server', () => cancelled(client));
  await report.check('changes of a watched resource and of the tools are told, each once', () => changes(client));
}

async function cancelled(client) {
  const name = randomUUID();
  const running = async () => textOf(await client.callTool('test_slow_is_running', { name })) === 'true';
  const controller = new AbortController();
  let ended;
  const began = new Promise(resolve => {
    const options = { signal: controller.signal, onprogress: () => resolve(true) };
    ended = client.callTool('test_slow', { name, seconds: 60 }, options).catch(error => error);
    ended.then(() => resolve(false));
  });
  ok(await began, 'the call told that it began, before it ended');
  ok(await running(), 'the server works on it');
  controller.abort();
  ok((await ended) instanceof Error, 'the call failed');
  await until(async () => !(await running()), 'the server stopped working on it');
}

async function changes(client) {
  const told = name => client.changed.filter(changed => changed === name).length;
  const listed = async () => (await client.listTools()).some(tool => tool.name === 'test_extra');
  const before = await listed();
  await client.watch(WATCHED);
  client.changed.length = 0;
  await client.callTool('test_trigger_resource_change', {});
  await until(() => told(WATCHED) > 0, 'the change of the resource was told');
  await client.callTool('test_trigger_tool_change', {});
  await until(() => told('tools') > 0, 'the change of the tools was told');
  equal(await listed(), !before, 'the tool is listed');
  await client.unwatch(WATCHED);
  await client.callTool('test_trigger_resource_change', {});
  await client.callTool('test_trigger_tool_change', {});
  equal(await listed(), before, 'the tool is listed, again');
  equal(told(WATCHED), 1, 'times the change of the resource was told');
}

/** Waits for what the server tells in its own time. */
async function until(condition, what) {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    ok(performance.now() < deadline, `${what}: not within ${PATIENCE_MS} ms`);
    await wait(POLL_MS);
  }
}

function textOf(result) {
  return result.content[0].text;
}
