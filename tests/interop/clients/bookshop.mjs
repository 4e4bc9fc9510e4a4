// The journey of a client through the bookshop demo: an HTTP API that became tools.

import { equal, ok, refused } from './report.mjs';

const TOOLS = [
  'add_review',
  'cancel_order',
  'delivery_times',
  'get_book',
  'get_order',
  'list_genres',
  'place_order',
  'sales_report',
  'search_books',
];
const INVALID_PARAMS = -32602;
const ANNOTATED_SINCE = '2025-03-26';
// The revisions before this one have neither outputSchema nor structuredContent.
const STRUCTURED_SINCE = '2025-06-18';

export async function bookshop(client, report) {
  const structured = client.version() >= STRUCTURED_SINCE;
  await report.check('tools/list, all pages', () => listed(client, structured));
  await report.check('a call answers with the JSON of the API', async () => {
    const found = await answer(client, structured, 'search_books', { limit: 3 });
    equal(found.books.length, 3, 'number of books');
    const book = await answer(client, structured, 'get_book', { book_id: found.books[1].id });
    equal(book.title, found.books[1].title, 'title');
  });
  await report.check('an order is placed, read and cancelled', () => order(client, structured));
  await report.check('arguments that break the schema are told to the model', async () => {
    const wrong = await failed(client, 'search_books', { limit: 'three' });
    ok(wrong.includes('/limit'), `the text points at the argument: ${wrong}`);
    const missing = await failed(client, 'get_book', {});
    ok(missing.includes('book_id'), `the text names what is missing: ${missing}`);
  });
  await report.check('a refusal of the API is a result with isError and the status', async () => {
    const missing = await failed(client, 'get_book', { book_id: 'no-such-book' });
    ok(missing.includes('404'), missing);
    const down = await failed(client, 'delivery_times', {});
    ok(down.includes('503'), down);
  });
  await report.check('an unknown tool is -32602', () =>
    refused(client.callTool('no_such_tool', {}), INVALID_PARAMS, 'no_such_tool'));
  await report.check('a slow call holds up no other', async () => {
    let slowIsDone = false;
    const slow = answer(client, structured, 'sales_report', { seconds: 1 }).then(() => (slowIsDone = true));
    await answer(client, structured, 'search_books', { query: 'a' });
    ok(!slowIsDone, 'the search ended first');
    await slow;
  });
  await report.check('a cancelled call ends at once and the connection goes on', async () => {
    const controller = new AbortController();
    const began = performance.now();
    const call = client.callTool('sales_report', { seconds: 20 }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    await call.then(
      () => Promise.reject(new Error('the call was answered')),
      () => ok(performance.now() - began < 5_000, 'it ended at once'),
    );
    await answer(client, structured, 'list_genres', {});
  });
}

async function listed(client, structured) {
  const tools = await client.listTools();
  equal(tools.map(tool => tool.name).sort(), TOOLS, 'names');
  for (const tool of tools) {
    ok(tool.description, `${tool.name} has a description`);
    equal(tool.inputSchema.type, 'object', `${tool.name}: root of inputSchema`);
  }
  const byName = Object.fromEntries(tools.map(tool => [tool.name, tool]));
  if (client.version() >= ANNOTATED_SINCE) {
    equal(byName.search_books.annotations.readOnlyHint, true, 'search_books only reads');
    equal(byName.cancel_order.annotations.destructiveHint, true, 'cancel_order destroys');
  }
  equal('outputSchema' in byName.search_books, structured, 'search_books has an outputSchema');
}

async function order(client, structured) {
  const { books } = await answer(client, structured, 'search_books', { limit: 50 });
  const inStock = books.find(book => book.in_stock !== false && book.stock !== 0);
  const placed = await answer(client, structured, 'place_order', {
    lines: [{ book_id: inStock.id, quantity: 1 }],
    customer_email: 'reader@example.com',
  });
  const read = await answer(client, structured, 'get_order', { order_id: placed.id });
  equal(read, placed, 'the order');
  const cancelled = await answer(client, structured, 'cancel_order', { order_id: placed.id });
  ok(cancelled.status !== placed.status, `status after cancelling: ${cancelled.status}`);
}

/** The value a call answers with; text and structured content must say the same. */
async function answer(client, structured, name, args) {
  const result = await client.callTool(name, args);
  ok(!result.isError, `${name} failed: ${result.content[0]?.text}`);
  const value = JSON.parse(result.content.find(block => block.type === 'text').text);
  if (structured) equal(result.structuredContent, value, 'structured content beside the text');
  else ok(!('structuredContent' in result), 'no structured content in this revision');
  return value;
}

/** The text of a call that must fail as a result. */
async function failed(client, name, args) {
  const result = await client.callTool(name, args);
  equal(result.isError, true, `isError of ${name}`);
  return result.content[0].text;
}
