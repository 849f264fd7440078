// /api/v1/openapi.json and /api/v1/docs: what the API can do, for programs and for people. Neither tells anything of this fleet.
import { Hono } from 'hono';
import { apiDocument } from '../openapi/document.ts';
import { operations } from '../openapi/operations.ts';
import { apiPage } from '../openapi/page.ts';
import { pageHeaders } from '../security-headers.ts';
import type { ServeEnv } from './context.ts';

export function openapiRoutes(version: string): Hono<ServeEnv> {
  const document = apiDocument(operations, version);
  const page = apiPage(document);
  const routes = new Hono<ServeEnv>();
  routes.get('/openapi.json', (context) => context.json(document));
  routes.get('/docs', (context) => context.html(page, 200, pageHeaders(page)));
  return routes;
}
