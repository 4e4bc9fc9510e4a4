// Questions of the server to its client, from the table that the Python clients use too: the same handlers
// must ask and answer the same through every client, whatever its revision.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { equal, ok } from './report.mjs';

const CASES = JSON.parse(readFileSync(new URL('asking.json', import.meta.url), 'utf8'));
const AT_ONCE_MS = 2_000;
const CANNOT_BE_ASKED = /cannot be asked|not declare/;

export async function asking(client, report) {
  for (const entry of CASES) {
    const expected = { ...entry, ...entry[client.speaks ?? client.version()] };
    const able = entry.needs.every(kind => client.can.includes(kind));
    const name = able ? entry.name : `${entry.name}: not by this client, which is told at once`;
    await report.check(name, () => (able ? answered(client, expected) : refusedAtOnce(client, expected)));
  }
}

async function answered(client, { call, answers, asked, text, failure }) {
  client.person.expect(answers);
  const outcome = await outcomeOf(client, call);
  if (failure) ok(outcome.failure?.includes(failure), `a failure that says ${failure}: ${JSON.stringify(outcome)}`);
  else equal(outcome, { text }, 'outcome');
  equal(seen(client.person.asked, asked), asked, 'asked');
  equal(client.person.answers, [], 'answers that nobody wanted');
}

async function refusedAtOnce(client, { call }) {
  client.person.expect([]);
  const began = performance.now();
  const outcome = await outcomeOf(client, call);
  ok(performance.now() - began < AT_ONCE_MS, 'it is told at once');
  ok(CANNOT_BE_ASKED.test(outcome.failure), `a failure that says why: ${JSON.stringify(outcome)}`);
  equal(client.person.asked, [], 'asked');
}

/** The text a call ended with, or what it failed with: a result that is an error, or an error. */
async function outcomeOf(client, { tool, prompt, resource, arguments: given = {} }) {
  const args = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value === 'UNIQUE' ? randomUUID() : value]),
  );
  try {
    if (prompt) return { text: (await client.getPrompt(prompt)).messages[0].content.text };
    if (resource) return { text: (await client.readResource(resource)).contents[0].text };
    const { content, isError } = await client.callTool(tool, args);
    return isError ? { failure: content[0].text } : { text: content[0].text };
  } catch (error) {
    return { failure: error.message };
  }
}

/** Of each question what the table says of it; those that were asked at once may come in any order. */
function seen(asked, expected) {
  const inOrder = [...asked].sort((one, other) => one.kind.localeCompare(other.kind));
  return inOrder.map((question, index) => {
    const wanted = Object.keys(expected[index] ?? question);
    return Object.fromEntries(wanted.map(key => [key, question[key]]));
  });
}
