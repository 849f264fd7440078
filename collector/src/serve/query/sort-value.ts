// The value of the sort column at which a page ended, as a cursor brings it back.
import { isIP } from 'node:net';
import { invalidQuery } from './parameters.ts';

/** What SQL would refuse must not come out of a forged cursor. */
export function checkSortValue(value: string | null, type: 'text' | 'int8' | 'inet'): void {
  const valid =
    value === null ||
    (type === 'text' && !value.includes('\0')) ||
    (type === 'int8' && /^-?\d{1,18}$/.test(value)) ||
    (type === 'inet' && isIP(value.split('/')[0]!) !== 0 && /^[^/]+(\/(32|128))?$/.test(value));
  if (!valid) throw invalidQuery([{ parameter: 'cursor', detail: 'is not one that this collector gave' }]);
}
