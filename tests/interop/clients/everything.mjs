// The journey of a client through the `everything` server: the official suite's fixtures,
// with their contents compared, which the suite itself does not do.

import { asking } from './asking.mjs';
import { beside } from './beside.mjs';
import { equal, ok, refused } from './report.mjs';
import { resuming } from './resuming.mjs';
import { tasks } from './tasks.mjs';

const FIXTURE_TOOLS = [
  'test_simple_text',
  'test_image_content',
  'test_audio_content',
  'test_embedded_resource',
  'test_multiple_content_types',
  'test_tool_with_logging',
  'test_error_handling',
  'test_tool_with_progress',
  'json_schema_2020_12_tool',
];
const INVALID_PARAMS = -32602;
const SOUND_SINCE = '2025-03-26';
const TASKS_IN = '2025-11-25';

export async function everything(client, report, reconnect) {
  await tools(client, report);
  await resources(client, report);
  await prompts(client, report);
  await asking(client, report);
  if (client.hasBeside) await beside(client, report);
  if (client.tasks && client.version() === TASKS_IN) await tasks(client, report);
  await resuming(client, report, reconnect);
  if (client.era === 'legacy') {
    await report.check('ping', () => client.ping());
    await legacyLogging(client, report);
  } else {
    await modernLogging(client, report);
  }
  await report.check('eight calls at once, each its own answer', async () => {
    const uris = Array.from({ length: 8 }, (_, index) => `test://template/${index}/data`);
    const answers = await Promise.all(uris.map(uri => client.readResource(uri)));
    answers.forEach((answer, index) => equal(JSON.parse(answer.contents[0].text).id, String(index), uris[index]));
  });
}

async function tools(client, report) {
  await report.check('tools/list, all pages', async () => {
    const tools = await client.listTools();
    const names = tools.map(tool => tool.name);
    equal(new Set(names).size, names.length, 'unique names');
    for (const name of FIXTURE_TOOLS) ok(names.includes(name), `${name} is listed`);
    for (const tool of tools) {
      equal(tool.inputSchema.type, 'object', `${tool.name}: root of inputSchema`);
      ok(tool.description, `${tool.name} has a description`);
    }
  });
  await report.check('tools/call: text, without arguments', async () => {
    const { content, isError } = await client.callTool('test_simple_text');
    ok(!isError, 'is no error');
    equal(content.length, 1, 'one block');
    equal(content[0].text, 'This is a simple text response for testing.', 'text');
  });
  await report.check('tools/call: image, audio, embedded resource, mixed', async () => {
    const [image] = (await client.callTool('test_image_content', {})).content;
    equal([image.type, image.mimeType], ['image', 'image/png'], 'image');
    const [audio] = (await client.callTool('test_audio_content', {})).content;
    if (client.version() >= SOUND_SINCE) equal([audio.type, audio.mimeType], ['audio', 'audio/wav'], 'audio');
    else equal(audio.type, 'text', 'what stands for the sound');
    const [embedded] = (await client.callTool('test_embedded_resource', {})).content;
    equal(embedded.resource.uri, 'test://embedded-resource', 'embedded uri');
    const mixed = (await client.callTool('test_multiple_content_types', {})).content;
    equal(mixed.map(block => block.type), ['text', 'image', 'resource'], 'mixed blocks');
  });
  await report.check('tools/call: progress callback', async () => {
    const seen = [];
    await client.callTool('test_tool_with_progress', {}, { onprogress: progress => seen.push(progress) });
    equal(seen.map(progress => progress.progress), [0, 50, 100], 'progress values');
    equal(seen.at(-1).total, 100, 'total');
  });
  await report.check('tools/call: a failing tool is a result with isError', async () => {
    const result = await client.callTool('test_error_handling', {});
    equal(result.isError, true, 'isError');
    ok(result.content[0].text.includes('intentionally returns an error'), result.content[0].text);
  });
  await report.check('tools/call: an unknown tool is -32602', () =>
    refused(client.callTool('no_such_tool', {}), INVALID_PARAMS, 'no_such_tool'));
  await report.check('tools/call: arguments that break the schema are told to the model', async () => {
    const result = await client.callTool('json_schema_2020_12_tool', { name: 7, contactMethod: 'phone' });
    equal(result.isError, true, 'isError');
  });
}

async function resources(client, report) {
  await report.check('resources/list and templates/list', async () => {
    const uris = (await client.listResources()).map(resource => resource.uri);
    for (const uri of ['test://static-text', 'test://static-binary']) ok(uris.includes(uri), `${uri} is listed`);
    const templates = (await client.listTemplates()).map(template => template.uriTemplate);
    ok(templates.includes('test://template/{id}/data'), `template is listed: ${templates}`);
  });
  await report.check('resources/read: text, binary, template', async () => {
    const [text] = (await client.readResource('test://static-text')).contents;
    equal(text.text, 'This is the content of the static text resource.', 'text');
    equal(text.mimeType, 'text/plain', 'mimeType');
    const [binary] = (await client.readResource('test://static-binary')).contents;
    equal(binary.mimeType, 'image/png', 'mimeType');
    equal(Buffer.from(binary.blob, 'base64').subarray(1, 4).toString(), 'PNG', 'the blob is a PNG');
    const [made] = (await client.readResource('test://template/123/data')).contents;
    equal(JSON.parse(made.text).id, '123', 'id from the template');
  });
  await report.check('resources/read: an unknown resource', () =>
    refused(client.readResource('test://no-such-resource'), client.resourceNotFound, 'unknown uri'));
}

async function prompts(client, report) {
  await report.check('prompts/list', async () => {
    const prompts = await client.listPrompts();
    ok(prompts.every(prompt => prompt.description), 'every prompt has a description');
    const named = prompts.find(prompt => prompt.name === 'test_prompt_with_arguments');
    equal(named.arguments.map(argument => argument.name), ['arg1', 'arg2'], 'argument names');
  });
  await report.check('prompts/get: plain, with arguments, image', async () => {
    const plain = await client.getPrompt('test_simple_prompt');
    equal(plain.messages[0].content.text, 'This is a simple prompt for testing.', 'text');
    const filled = await client.getPrompt('test_prompt_with_arguments', { arg1: 'one', arg2: 'two' });
    ok(/one.*two/.test(filled.messages[0].content.text), filled.messages[0].content.text);
    const image = await client.getPrompt('test_prompt_with_image');
    ok(image.messages.some(message => message.content.type === 'image'), 'an image message');
  });
  await report.check('prompts/get: an unknown prompt is -32602', () =>
    refused(client.getPrompt('no_such_prompt'), INVALID_PARAMS, 'no_such_prompt'));
  await report.check('prompts/get: a missing required argument is -32602', () =>
    refused(client.getPrompt('test_prompt_with_arguments', { arg1: 'one' }), INVALID_PARAMS, 'arg2 missing'));
  await report.check('completion/complete', async () => {
    const ref = { type: 'ref/prompt', name: 'test_prompt_with_arguments' };
    const { completion } = await client.complete({ ref, argument: { name: 'arg1', value: 't' } });
    ok(Array.isArray(completion.values) && completion.values.length <= 100, 'at most 100 values');
  });
}

async function legacyLogging(client, report) {
  await report.check('logging/setLevel, then the logs of a call', async () => {
    await client.setLogLevel('info');
    client.logs.length = 0;
    await client.callTool('test_tool_with_logging', {});
    equal(client.logs.length, 3, 'logs at info');
    equal(client.logs[0].level, 'info', 'level');
    await client.setLogLevel('error');
    client.logs.length = 0;
    await client.callTool('test_tool_with_logging', {});
    equal(client.logs.length, 0, 'info logs at level error');
  });
}

async function modernLogging(client, report) {
  await report.check('logs come only to a request that asks for them', async () => {
    client.logs.length = 0;
    await client.callTool('test_tool_with_logging', {});
    equal(client.logs.length, 0, 'logs without a level');
    await client.callTool('test_tool_with_logging', {}, { logLevel: 'info' });
    equal(client.logs.length, 3, 'logs at info');
  });
}
