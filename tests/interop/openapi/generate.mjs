// Makes arguments for a tool from its inputSchema, and from nothing else: what the schema
// promises must be enough to call the tool. Seeded, so that a failure can be run again.

const FORMATS = {
  'date-time': '2026-07-28T12:00:00Z',
  date: '2026-07-28',
  time: '12:00:00Z',
  duration: 'P1D',
  email: 'reader@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/a?b=c',
  url: 'https://example.com/a?b=c',
  uuid: '3be6453c-03eb-4357-ae5a-984a0e574a54',
  byte: 'c3BhbndheQ==',
  binary: 'c3BhbndheQ==',
};
const PATTERN_SAMPLES = ['a', 'A1', 'abc', '1', '12', '123', '09:30', 'a-b', 'a_b', '#a1b2c3', '2026-07-28', 'AB12CD'];
const DEPTH_MAX = 6;

/** `which` is `required` (only what must be there) or `all` (every property, also nested). */
export function argumentsFor(inputSchema, which, seed) {
  const maker = new Maker(inputSchema, which, seed);
  return maker.object(maker.resolve(inputSchema), 0);
}

class Maker {
  constructor(root, which, seed) {
    this.root = root;
    this.which = which;
    this.state = seed >>> 0 || 1;
  }

  value(raw, depth) {
    const schema = this.resolve(raw);
    if ('const' in schema) return schema.const;
    if (schema.enum) return this.pick(schema.enum.filter(item => item !== null));
    const type = typeOf(schema);
    if (type === 'object') return this.object(schema, depth);
    if (type === 'array') return this.array(schema, depth);
    if (type === 'string') return this.string(schema);
    if (type === 'integer' || type === 'number') return this.number(schema, type);
    if (type === 'boolean') return this.below(2) === 1;
    if (type === 'null') return null;
    return 'any';
  }

  object(schema, depth) {
    const required = new Set(schema.required ?? []);
    const made = {};
    const unwanted = rivals(schema, required);
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const wanted = required.has(name) || (this.which === 'all' && depth < DEPTH_MAX);
      if (wanted && property !== false && !unwanted.has(name)) made[name] = this.value(property, depth + 1);
    }
    for (const name of required) made[name] ??= this.value(schema.additionalProperties ?? {}, depth + 1);
    return made;
  }

  array(schema, depth) {
    const wanted = this.which === 'all' && depth < DEPTH_MAX ? 2 : 0;
    const count = Math.min(Math.max(schema.minItems ?? 0, wanted), schema.maxItems ?? Infinity);
    const items = [];
    for (let tries = 0; items.length < count && tries < count + 20; tries += 1) {
      const item = this.value(schema.prefixItems?.[items.length] ?? schema.items ?? {}, depth + 1);
      const seen = items.some(other => JSON.stringify(other) === JSON.stringify(item));
      if (!schema.uniqueItems || !seen) items.push(item);
    }
    return items;
  }

  string(schema) {
    if (schema.pattern) return this.matching(schema);
    if (schema.contentEncoding === 'base64') return FORMATS.byte;
    if (schema.format in FORMATS) return FORMATS[schema.format];
    // Characters that a URL or a form must escape are in every free string.
    const text = this.pick(['a b&c=d', 'ünï/ço?de#x', '50% + 50%', 'plain']);
    const long = text.padEnd(schema.minLength ?? 0, 'x');
    return schema.maxLength === undefined ? long : long.slice(0, schema.maxLength);
  }

  matching(schema) {
    const pattern = new RegExp(schema.pattern, 'u');
    // `id_[a-z]{8}`: the first letter of the class, so many times.
    const spelled = schema.pattern.replace(/\[([^\]^])[^\]]*\]\{(\d+)[^}]*\}/g, (_, letter, count) => letter.repeat(count)).replace(/^\^|\$$/g, '');
    const samples = [spelled, schema.example, ...(schema.examples ?? []), schema.default, ...PATTERN_SAMPLES];
    const found = samples.find(sample => typeof sample === 'string' && pattern.test(sample));
    if (found === undefined) throw new Error(`no sample string for pattern ${schema.pattern}`);
    return found;
  }

  number(schema, type) {
    const step = schema.multipleOf ?? (type === 'integer' ? 1 : 0.5);
    const low = bound(schema.minimum, schema.exclusiveMinimum, step);
    const high = bound(schema.maximum, schema.exclusiveMaximum, -step);
    const from = low ?? Math.min(1, high ?? 1);
    const first = Math.ceil(from / step) * step;
    const last = Math.min(high ?? first + 9 * step, first + 9 * step);
    return first + this.below(Math.floor((last - first) / step) + 1) * step;
  }

  /** Follows local references, takes one branch of a choice and merges `allOf`. */
  resolve(raw) {
    let schema = raw === true ? {} : raw;
    for (let hops = 0; schema.$ref !== undefined; hops += 1) {
      if (hops > 50) throw new Error(`reference loop at ${schema.$ref}`);
      const { $ref, ...beside } = schema;
      schema = { ...this.lookUp($ref), ...beside };
    }
    const choice = schema.oneOf ?? schema.anyOf;
    if (choice) {
      const { oneOf, anyOf, ...rest } = schema;
      const branches = choice.filter(branch => branch.type !== 'null');
      const taken = this.resolve(this.pick(branches));
      // Exactly one may hold: what only the others demand stays away.
      const others = oneOf ? branches.filter(branch => branch.required && !branch.properties).flatMap(branch => branch.required) : [];
      schema = merge(rest, taken);
      schema.rivals = [...(schema.rivals ?? []), ...others.filter(name => !taken.required?.includes(name))];
    }
    if (schema.allOf) {
      const { allOf, ...rest } = schema;
      schema = allOf.map(part => this.resolve(part)).reduce(merge, rest);
    }
    return schema;
  }

  lookUp(pointer) {
    if (!pointer.startsWith('#')) throw new Error(`reference out of the schema: ${pointer}`);
    const steps = decodeURIComponent(pointer.slice(1)).split('/').slice(1);
    const found = steps.reduce((at, step) => at?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], this.root);
    if (found === undefined) throw new Error(`reference to nothing: ${pointer}`);
    return found;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** A linear congruential step: small, the same everywhere. */
  below(count) {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * count);
  }
}

/** Properties that must not stand beside the others: of `not: {required: [a, b]}` the last, and what `oneOf` rules out. */
function rivals(schema, required) {
  const together = schema.not?.required?.filter(name => !required.has(name)).slice(-1) ?? [];
  return new Set([...together, ...(schema.rivals ?? [])]);
}

function typeOf(schema) {
  if (Array.isArray(schema.type)) return schema.type.find(type => type !== 'null') ?? 'null';
  if (schema.type) return schema.type;
  if (schema.properties || schema.required) return 'object';
  if (schema.items) return 'array';
  return schema.format || schema.pattern ? 'string' : undefined;
}

/** Both spellings of an exclusive bound: a number (2020-12) and a flag beside the limit (3.0). */
function bound(limit, exclusive, step) {
  if (typeof exclusive === 'number') return exclusive + step;
  if (limit === undefined) return undefined;
  return exclusive === true ? limit + step : limit;
}

function merge(one, other) {
  return {
    ...one,
    ...other,
    ...((one.properties || other.properties) && { properties: { ...one.properties, ...other.properties } }),
    ...((one.required || other.required) && { required: [...(one.required ?? []), ...(other.required ?? [])] }),
  };
}
