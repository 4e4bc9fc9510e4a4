// Calls that become tasks, by what a client has for the tasks of 2025-11-25.

import { equal, ok } from './report.mjs';

const TTL_MS = 60_000;

export async function tasks(client, report) {
  await report.check('a task is made, looked at, and its result taken', () => watched(client));
  await report.check('a task asks its client', () => asks(client));
  await report.check('a task is listed, and cancelled for good', () => cancelled(client));
}

async function watched(client) {
  const messages = [];
  for await (const message of called(client, 'slow_compute', { seconds: 2, label: 'interop' })) messages.push(message);
  const [created] = messages;
  equal([created.type, created.task.status, created.task.ttl], ['taskCreated', 'working', TTL_MS], 'the new task');
  const said = messages.filter(({ type }) => type === 'taskStatus').map(({ task }) => task.statusMessage);
  ok(said.some(message => /^\d of 2 seconds$/.test(message)), `the handler says where it is: ${said}`);
  equal(textOf(messages.at(-1)), 'interop: computed for 2 seconds', 'result');
}

async function asks(client) {
  client.person.expect([{ action: 'accept', content: { confirm: true } }]);
  let last;
  for await (const message of called(client, 'confirm_delete', { filename: 'a.txt' })) last = message;
  equal(textOf(last), 'a.txt would be deleted', 'result');
  equal(client.person.asked.map(({ kind, message }) => [kind, message]), [['form', 'Delete a.txt?']], 'asked');
}

async function cancelled(client) {
  const running = called(client, 'slow_compute', { seconds: 60 });
  const { taskId } = (await running.next()).value.task;
  const listed = await client.tasks.listTasks();
  ok(listed.tasks.some(task => task.taskId === taskId), 'it is listed');
  equal((await client.tasks.cancelTask(taskId)).status, 'cancelled', 'the answer');
  equal((await client.tasks.getTask(taskId)).status, 'cancelled', 'what is found afterwards');
  await running.return();
}

function called(client, name, args) {
  return client.tasks.callToolStream({ name, arguments: args }, undefined, { task: { ttl: TTL_MS } });
}

function textOf(message) {
  equal(message.type, 'result', `the last message, ${JSON.stringify(message)}`);
  return message.result.content[0].text;
}
