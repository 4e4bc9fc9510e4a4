// Reads an OpenAPI document with a parser that is not ours, and says which operations and
// parameters it declares.

import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
// OpenAPI says of these header parameters that they shall be ignored.
const IGNORED_HEADERS = ['accept', 'content-type', 'authorization'];

export async function operationsOf(path) {
  const document = load(await readFile(path, 'utf8'));
  const operations = [];
  for (const [template, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS.filter(name => item[name])) {
      const declared = [...(item.parameters ?? []), ...(item[method].parameters ?? [])];
      operations.push({
        name: item[method].operationId ?? `${method} ${template}`,
        method: method.toUpperCase(),
        // OpenAPI has no query in a path; who writes one means it to be sent.
        path: pathPattern(template.split('?')[0]),
        parameters: declared.map(parameter => resolve(document, parameter)).filter(sent),
      });
    }
  }
  return operations;
}

// A body has no name of its own, and what is in a form of Swagger 2.0 is judged by the upstream.
function sent(parameter) {
  if (['body', 'formData'].includes(parameter.in)) return false;
  return !(parameter.in === 'header' && IGNORED_HEADERS.includes(parameter.name.toLowerCase()));
}

function pathPattern(template) {
  const escaped = template.split(/\{[^}]+\}/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('[^/]+')}$`);
}

function resolve(document, value) {
  if (!value.$ref) return value;
  return value.$ref.split('/').slice(1).reduce((at, step) => at[step.replaceAll('~1', '/')], document);
}
