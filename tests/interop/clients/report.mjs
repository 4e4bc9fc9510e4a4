// Reports checks, one line each, and collects every complaint a client makes.
// A complaint is an onerror call, a console warning or a Node warning: a client
// that had to complain met something it did not like, so it fails the run.

import { isDeepStrictEqual } from 'node:util';

const CHECK_DEADLINE_MS = 30_000;

export class Report {
  constructor(client) {
    this.client = client;
    this.passed = 0;
    this.failed = 0;
    this.complaints = [];
    this.closing = false;
    for (const level of ['warn', 'error']) {
      console[level] = (...parts) => this.complain(`console.${level}: ${parts.map(show).join(' ')}`);
    }
    process.on('warning', warning => this.complain(`node warning: ${warning.message}`));
    process.on('unhandledRejection', reason => this.complain(`unhandled rejection: ${show(reason)}`));
  }

  /** Notes what the client complained about. Tearing a connection down ourselves is not the server's doing. */
  complain(text) {
    if (this.closing && /abort/i.test(text)) return;
    this.complaints.push(text);
  }

  /** Runs one named check; a failure is printed and the next check goes on. */
  async check(name, body) {
    try {
      const value = await withDeadline(body());
      this.passed += 1;
      console.log(`ok    ${this.client}: ${name}`);
      return value;
    } catch (error) {
      this.failed += 1;
      console.log(`FAIL  ${this.client}: ${name}: ${describe(error)}`);
      return undefined;
    }
  }

  /** Prints the verdict and sets the exit code. */
  async finish() {
    await this.check('no client-side complaint', async () => {
      if (this.complaints.length > 0) throw new Error(this.complaints.join(' | '));
    });
    console.log(`${this.client}: ${this.passed} passed, ${this.failed} failed`);
    process.exitCode = this.failed === 0 ? 0 : 1;
    // A client that keeps a socket open must not keep the test command waiting.
    setTimeout(() => process.exit(), 2_000).unref();
  }
}

export function equal(actual, expected, what) {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`);
  }
}

export function ok(condition, what) {
  if (!condition) throw new Error(what);
}

/** Expects the promise to be refused with this JSON-RPC error code. */
export async function refused(promise, code, what) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    equal(error.code, code, `${what}: error code (${describe(error)})`);
    return error;
  }
  throw new Error(`${what}: expected error ${code}, got ${show(value)}`);
}

function withDeadline(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_DEADLINE_MS} ms`)), CHECK_DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function describe(error) {
  const cause = error?.cause ? ` (${error.cause.message ?? error.cause})` : '';
  return `${error?.message ?? show(error)}${cause}`.replaceAll('\n', ' ').slice(0, 600);
}

function show(value) {
  if (value instanceof Error) return describe(value);
  if (typeof value === 'string') return value;
  return JSON.stringify(value)?.slice(0, 400) ?? String(value);
}
