// The OpenAPI document as a page to read: plain HTML without scripts or anything from elsewhere.
import type { ApiDocument, ApiOperation, ApiParameter, JsonObject } from './document.ts';

const style = `
:root { color-scheme: light dark; --edge: color-mix(in srgb, currentColor 25%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
section { border-top: 1px solid var(--edge); padding: 0.5rem 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid var(--edge); }
a { color: inherit; }
nav ul { columns: 22rem; padding-left: 1.2rem; }
`;

export function apiPage(document: ApiDocument): string {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const tags = [...new Set(all.map(({ operation }) => operation.tags[0]!))];
  const contents = all.map(
    ({ method, path, operation }) =>
      `<li><a href="#${operation.operationId}"><code>${method} ${escape(path)}</code></a></li>`,
  );
  const groups = tags.map((tag) => {
    const own = all.filter(({ operation }) => operation.tags[0] === tag);
    return `<h2>${escape(tag)}</h2>${own.map(({ method, path, operation }) => section(method, path, operation)).join('')}`;
  });
  const shapes = Object.entries(document.components.schemas).map(([name, schema]) => shape(name, schema));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Foretop: REST API</title>
<style>${style}</style>
</head>
<body>
<header><h1>Foretop REST API <small>${escape(document.info.version)}</small></h1>
<p>${escape(document.info.description)}</p>
<p>All paths lie under <code>/api/v1</code>. The same as an <a href="openapi.json">OpenAPI document</a>.</p></header>
<nav aria-label="Operations"><ul>${contents.join('')}</ul></nav>
<main>${groups.join('')}<h2>Shapes</h2>${shapes.join('')}</main>
</body>
</html>
`;
}

function section(method: string, path: string, operation: ApiOperation): string {
  const { operationId, summary, description, parameters, responses } = operation;
  const answers = Object.entries(responses).map(([status, { content }]) => {
    const types = Object.entries((content ?? {}) as Record<string, { schema: JsonObject }>).map(
      ([type, { schema }]) => `<code>${escape(type)}</code> ${link(schema)}`,
    );
    return `<li><code>${status}</code> ${types.join(', ') || 'no body'}</li>`;
  });
  return `<section aria-labelledby="${operationId}">
<h3 id="${operationId}"><code>${method} ${escape(path)}</code></h3>
<p>${escape(summary)}.${description === undefined ? '' : ` ${escape(description)}`}</p>
${parameters.length === 0 ? '' : table(parameters)}
<p>Answers:</p><ul>${answers.join('')}</ul>
</section>`;
}

function table(parameters: readonly ApiParameter[]): string {
  const rows = parameters.map(
    ({ name, in: where, description }) =>
      `<tr><td><code>${escape(name)}</code></td><td>${where}</td><td>${escape(description ?? '')}</td></tr>`,
  );
  return `<table><thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function shape(name: string, schema: JsonObject): string {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonObject>);
  const rows = properties.map(
    ([property, type]) =>
      `<tr><td><code>${escape(property)}</code></td><td>${typeText(type)}</td><td>${escape(String(type['description'] ?? ''))}</td></tr>`,
  );
  return `<section aria-labelledby="shape-${name}"><h3 id="shape-${name}">${escape(name)}</h3><table><thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table></section>`;
}

/** HTML. */
function typeText(schema: JsonObject): string {
  if (schema['$ref'] !== undefined) return link(schema);
  const choices = schema['anyOf'] as JsonObject[] | undefined;
  if (choices !== undefined) return choices.map(typeText).join(' or ');
  if (schema['enum'] !== undefined) return escape((schema['enum'] as unknown[]).join(', '));
  if (schema['const'] !== undefined) return escape(String(schema['const']));
  if (schema['type'] === 'array') return `list of ${typeText(schema['items'] as JsonObject)}`;
  return escape([schema['type'], schema['format']].filter((part) => part !== undefined).join(', '));
}

function link(schema: JsonObject): string {
  const name = /^#\/components\/schemas\/(\w+)$/.exec(String(schema['$ref'] ?? ''))?.[1];
  return name === undefined ? '' : `<a href="#shape-${name}">${name}</a>`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character]!);
