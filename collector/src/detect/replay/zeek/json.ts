// Zeek's JSON logs: an object a line, names with dots or nested.
import type { Row } from '../fields.ts';

/** @returns undefined for a line that holds no object. */
export function jsonRow(line: string): Row | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const object = value;
  return (name) => textOf(Object.hasOwn(object, name) ? object[name] : nested(object, name));
}

function nested(object: Record<string, unknown>, name: string): unknown {
  let value: unknown = object;
  for (const part of name.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' || value === '-' ? undefined : value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? value.map((item) => String(item)).join(',') : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
