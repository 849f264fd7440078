// The OpenAPI 3.1 document, made from the operations that the routes are registered from and the schemas of their answers.
import { z } from 'zod';
import { exportMedia } from '../export/export.ts';
import { problemType } from '../problem.ts';
import type { Operation } from './operation.ts';
import { named, problem } from './schemas.ts';

export type JsonObject = { [key: string]: unknown };

export interface ApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  security: Record<string, string[]>[];
  paths: Record<string, Record<string, ApiOperation>>;
  components: { schemas: Record<string, JsonObject>; securitySchemes: JsonObject };
}

export interface ApiParameter {
  name: string;
  in: 'path' | 'query';
  required: boolean;
  description?: string;
  schema: JsonObject;
}

export interface ApiOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security?: [];
  parameters: ApiParameter[];
  requestBody?: { required: boolean; content: JsonObject };
  responses: Record<string, { description: string; content?: JsonObject }>;
}

const description =
  'Times are RFC 3339 in UTC; null means unknown, never 0. Failures are problem documents (RFC 9457). Parameters that take ' +
  'several values take them with commas; an exclamation mark before a value leaves out what it matches.';

export function apiDocument(operations: readonly Operation[], version: string): ApiDocument {
  const paths: ApiDocument['paths'] = {};
  for (const operation of operations) (paths[operation.path] ??= {})[operation.method] = describe(operation);
  return {
    openapi: '3.1.0',
    info: { title: 'Foretop', version, description },
    servers: [{ url: '/api/v1' }],
    security: [{ bearer: [] }, { cookie: [], secret: [] }],
    paths,
    components: {
      schemas: components(),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token of foretop token create.' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'foretop_session' },
        secret: { type: 'apiKey', in: 'header', name: 'x-foretop-session' },
      },
    },
  };
}

function describe(operation: Operation): ApiOperation {
  const { path, method, tag, summary, role, body, status, response, withBody, media } = operation;
  const needs = role === 'viewer' || role === 'nobody' ? '' : ` Needs the role ${role}.`;
  const text = `${operation.description ?? ''}${needs}`.trim();
  return {
    operationId: `${method}${path.replace(/[/{}-]+(\w)?/g, (_match, letter: string | undefined) => letter?.toUpperCase() ?? '')}`,
    tags: [tag],
    summary,
    ...(text !== '' && { description: text }),
    ...(role === 'nobody' && { security: [] }),
    parameters: [...pathParameters(path), ...Object.entries(operation.query).map(queryParameter)],
    ...(body && {
      requestBody: { required: !withBody, content: { 'application/json': { schema: inputSchema(body) } } },
    }),
    responses: {
      [status]: {
        description: response === undefined && !media ? 'Done; there is no body.' : 'The answer.',
        ...(response && { content: contentOf(operation, response) }),
        ...(media && {
          content: Object.fromEntries(media.map((type) => [type, { schema: { type: 'string', format: 'binary' } }])),
        }),
      },
      ...(withBody && {
        [withBody.status]: {
          description: 'The answer to a request with a body.',
          content: { 'application/json': { schema: reference(withBody.response) } },
        },
      }),
      default: { description: 'A problem.', content: { [problemType]: { schema: reference(problem) } } },
    },
  };
}

function contentOf({ exports }: Operation, response: z.ZodType): JsonObject {
  const text = { schema: { type: 'string' } };
  return {
    'application/json': { schema: reference(response) },
    ...(exports && { [exportMedia.csv]: text, [exportMedia.jsonl]: text }),
    ...(exports === 'rows-and-zeek' && { [exportMedia.zeek]: text }),
  };
}

const rowParameter = {
  description: '<host id>-<16 hex digits>, as lists give it.',
  schema: { type: 'string', pattern: '^\\d+-[0-9a-f]{16}$' },
};
const numberParameter = (description: string) => ({ description, schema: { type: 'integer', minimum: 1 } });

/** What stands in a path, by the path's first part. */
const pathParameterKinds: Record<string, { description: string; schema: JsonObject }> = {
  hosts: numberParameter("The host's id."),
  accounts: numberParameter("The account's id."),
  notifications: numberParameter('The id of a channel, route or message.'),
  tokens: numberParameter("The token's id."),
  trust: numberParameter("The key's id."),
  connections: rowParameter,
  processes: rowParameter,
  findings: { description: "The finding's id.", schema: { type: 'string', pattern: '^[0-9a-f]{32}$' } },
  detectors: { description: "The detector's id.", schema: { type: 'string' } },
  suppressions: numberParameter("The rule's id."),
  'tool-runs': {
    description: 'The id of a run, or of one host’s part of it.',
    schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  },
  watches: { description: "The watch's id.", schema: { type: 'string', pattern: '^[0-9a-f]{16}$' } },
  commands: { description: "The request's id.", schema: { type: 'string', pattern: '^[0-9a-f]{32}$' } },
};

function pathParameters(path: string): ApiParameter[] {
  const kind = pathParameterKinds[path.split('/')[1] ?? ''] ?? rowParameter;
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name: name!, in: 'path', required: true, ...kind }));
}

function queryParameter([name, type]: [string, z.core.$ZodType]): ApiParameter {
  const { description: text, default: standard, ...schema } = inputSchema(type as z.ZodType);
  return {
    name,
    in: 'query',
    required: false,
    ...(typeof text === 'string' && { description: text }),
    schema: standard === undefined ? schema : { ...schema, default: standard },
  };
}

/** As it is given, before it is read into what the routes use. */
function inputSchema(type: z.ZodType): JsonObject {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(type, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => withoutTimePattern(jsonSchema),
  });
  return schema;
}

/** The format says it; the pattern is a line of digits that nobody reads. */
function withoutTimePattern(schema: { format?: string; pattern?: string }): void {
  if (schema.format === 'date-time') delete schema.pattern;
}

function reference(schema: z.ZodType): JsonObject {
  const id = named.get(schema)?.id;
  if (id === undefined) throw new TypeError('a response has a schema that schemas.ts does not name');
  return { $ref: `#/components/schemas/${id}` };
}

/** Clients must bear fields that are added later, so the document leaves out that there are no others. */
function components(): Record<string, JsonObject> {
  const { schemas } = z.toJSONSchema(named, {
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      withoutTimePattern(jsonSchema);
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema]),
  );
}
