// Whoever sits at the client: answers what the server asks, and keeps what was asked.

const ROOTS = [{ uri: 'file:///home/ada', name: 'home' }];

export class Person {
  constructor() {
    this.asked = [];
    this.answers = [];
  }

  /** Gets ready for a call that will ask this often. */
  expect(answers) {
    this.asked = [];
    this.answers = [...answers];
  }

  /** `elicitation/create`: the next answer; `defaults` takes what the form proposes. */
  elicit(params) {
    if (params.mode === 'url') {
      const { message, url, elicitationId } = params;
      this.asked.push({ kind: 'url', message, url, id: typeof elicitationId === 'string' });
    } else {
      this.asked.push({ kind: 'form', message: params.message, schema: params.requestedSchema });
    }
    const answer = this.answers.shift();
    if (answer === undefined) throw new Error(`asked once too often: ${params.message}`);
    return answer === 'defaults' ? { action: 'accept', content: defaults(params.requestedSchema) } : answer;
  }

  /** `sampling/createMessage`. */
  sample({ messages, maxTokens }) {
    // From 2025-11-25 on, content may be a list of blocks.
    const [block] = [messages[0].content].flat();
    this.asked.push({ kind: 'sampling', prompt: block.text, maxTokens });
    return { role: 'assistant', model: 'interop', content: { type: 'text', text: 'Paris' } };
  }

  /** `roots/list`. */
  roots() {
    this.asked.push({ kind: 'roots' });
    return { roots: ROOTS };
  }
}

function defaults(schema) {
  const proposed = Object.entries(schema.properties).filter(([, field]) => 'default' in field);
  return Object.fromEntries(proposed.map(([name, field]) => [name, field.default]));
}
