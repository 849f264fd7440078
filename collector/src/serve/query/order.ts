// Orders a list by one column: unknown values last in either direction, ties by id.
import { isIPv4 } from 'node:net';

export interface Order<Column extends string> {
  column: Column;
  descending: boolean;
}

/** A container is ordered by its id. */
type Value = string | number | boolean | null | readonly unknown[] | { readonly id: string };

/** Sorts in place. `kinds` names the columns that hold addresses, which sort by their bytes, IPv4 first. */
export function sortRows<
  Column extends string,
  Row extends { id: string | number } & { [C in NoInfer<Column>]: Value },
>(rows: Row[], order: Order<Column>, addresses: readonly NoInfer<Column>[] = []): Row[] {
  const isAddress = addresses.includes(order.column);
  const sign = order.descending ? -1 : 1;
  const keyed = rows.map((row) => {
    const value = row[order.column];
    return { row, value: isAddress && typeof value === 'string' ? addressKey(value) : plain(value) };
  });
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null)
      return Number(a.value === null) - Number(b.value === null) || compare(a.row.id, b.row.id);
    return sign * compare(a.value, b.value) || compare(a.row.id, b.row.id);
  });
  keyed.forEach(({ row }, index) => (rows[index] = row));
  return rows;
}

type Plain = Exclude<Value, { readonly id: string }>;

const plain = (value: Value): Plain =>
  value !== null && typeof value === 'object' && 'id' in value ? value.id : value;

/** Code units, as Postgres's collation "C" for what is not beyond the basic plane. */
function compare(a: NonNullable<Plain>, b: NonNullable<Plain>): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A text that sorts as the address's bytes do. */
export function addressKey(address: string): string {
  if (isIPv4(address))
    return `4${address
      .split('.')
      .map((part) => part.padStart(3, '0'))
      .join('.')}`;
  const [head, tail] = address.split('::') as [string, string?];
  const groups = (part: string | undefined) => (part ? part.split(':').map((group) => group.padStart(4, '0')) : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0000');
  return `6${[...before, ...zeros, ...after].join(':')}`;
}
