// A row of the API as flat cells, for formats that are tables.
import type { Container } from '@foretop/proto/api';

export type Cell = string | number | boolean | null;

export function cellsOf(row: object, columns: readonly string[]): Cell[] {
  const values = row as Record<string, unknown>;
  return columns.map((column) => cellOf(values[column]));
}

/** Lists with spaces between, a container as runtime:id, anything else as JSON. */
function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value.join(' ');
  if (isContainer(value)) return `${value.runtime}:${value.id}`;
  return JSON.stringify(value);
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null && 'runtime' in value && 'id' in value;
}
