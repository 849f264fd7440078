// One operation of the REST API as data: its route is registered from this, its parameters are parsed by it, and the document says it.
import type { TokenScope } from '@foretop/proto/api';
import type { z } from 'zod';
import type { Role } from '../../store/schema.ts';

export interface Operation<Shape extends z.ZodRawShape = z.ZodRawShape> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below /api/v1, with {name} for what stands in the path. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /** The role it takes. */
  role: Role | 'nobody';
  /** The scope that a token needs; without: `read` for get, `command:request` for operators, else `admin`. */
  scope?: TokenScope;
  /** Only a person who is signed in may ask it, no token. */
  person?: true;
  /** What the audit calls it when it is refused; without, method and path. */
  audit?: string;
  query: Shape;
  body?: z.ZodType;
  status: 200 | 201 | 202 | 204;
  /** Named in schemas.ts; undefined: no body. */
  response?: z.ZodType | undefined;
  /** Types of a body that is no JSON. */
  media?: readonly string[];
  /** The body may be left out; with it the answer is this one. */
  withBody?: { status: 200; response: z.ZodType };
  /** Its rows can be exported as well. */
  exports?: 'rows' | 'rows-and-zeek';
}

export function operation<const Shape extends z.ZodRawShape>(given: Operation<Shape>): Operation<Shape> {
  return given;
}

/** As Hono writes it. */
export const routeOf = ({ path }: Operation) => path.replace(/\{(\w+)\}/g, ':$1');
