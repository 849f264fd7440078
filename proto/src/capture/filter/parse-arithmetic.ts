// Reads comparisons of bytes and lengths: `tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn`, `len > 100`.
import type { Cursor } from './cursor.ts';
import type { Arithmetic, ArithmeticOperator, HeaderName, Primitive, Relation } from './filter.ts';
import { constantOf } from './names.ts';

const headerNames: readonly string[] = ['ether', 'ip', 'ip6', 'arp', 'tcp', 'udp', 'sctp', 'icmp', 'icmp6'];

/** From what binds least; all of one line bind alike, from left to right. */
const precedence: readonly (readonly ArithmeticOperator[])[] = [
  ['|', '^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const relations: Record<string, Relation> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const mostNumber = 0xffff_ffff;

/** Whether arithmetic may begin here; an opening parenthesis may also hold a filter. */
export function beginsArithmetic(cursor: Cursor): boolean {
  const [token, following] = [cursor.peek(), cursor.peek(1)];
  if (token.kind === 'number')
    return Object.hasOwn(relations, following.text) || precedence.flat().some((sign) => sign === following.text);
  if (token.kind !== 'word') return false;
  return token.text === 'len' || following.text === '[' || constantOf(token.text) !== undefined;
}

/** Throws FilterFault. */
export function parseRelation(cursor: Cursor): Primitive {
  const left = parseArithmetic(cursor);
  const sign = cursor.next();
  const relation = Object.hasOwn(relations, sign.text) ? relations[sign.text] : undefined;
  if (sign.kind !== 'sign' || relation === undefined)
    cursor.fail("It is compared with nothing: '= 0', '!= 0' or '> 5' is missing.", sign.at);
  return { kind: 'relation', relation: relation!, left, right: parseArithmetic(cursor) };
}

function parseArithmetic(cursor: Cursor, level = 0): Arithmetic {
  const operators = precedence[level];
  if (operators === undefined) return parseOperand(cursor);
  let left = parseArithmetic(cursor, level + 1);
  for (;;) {
    const sign = cursor.take(...operators);
    if (!sign) return left;
    const right = parseArithmetic(cursor, level + 1);
    left = operate({ kind: 'operation', operator: sign.text as ArithmeticOperator, left, right, at: sign.at }, cursor);
  }
}

function operate(operation: Extract<Arithmetic, { kind: 'operation' }>, cursor: Cursor): Arithmetic {
  const { operator, left, right, at } = operation;
  if (right.kind !== 'number') return operation;
  if ((operator === '/' || operator === '%') && right.value === 0) cursor.fail('Nothing is divided by 0.', at);
  if ((operator === '<<' || operator === '>>') && right.value > 31) cursor.fail('Numbers have 32 bits.', at);
  return left.kind === 'number' ? { kind: 'number', value: folded(operator, left.value, right.value) } : operation;
}

/** As the kernel does: unsigned, of 32 bits. */
function folded(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return (left + right) >>> 0;
    case '-':
      return (left - right) >>> 0;
    case '*':
      return Math.imul(left, right) >>> 0;
    case '/':
      return Math.floor(left / right);
    case '%':
      return left % right;
    case '&':
      return (left & right) >>> 0;
    case '|':
      return (left | right) >>> 0;
    case '^':
      return (left ^ right) >>> 0;
    case '<<':
      return (left << right) >>> 0;
    case '>>':
      return left >>> right;
    default:
      return operator satisfies never;
  }
}

function parseOperand(cursor: Cursor): Arithmetic {
  const token = cursor.peek();
  if (token.kind === 'number') return { kind: 'number', value: readNumber(cursor, mostNumber) };
  if (cursor.take('(')) {
    const inner = cursor.nested(() => parseArithmetic(cursor));
    cursor.expect(')', 'here');
    return inner;
  }
  if (token.kind !== 'word') cursor.failExpecting('a number, or bytes such as ip[8]');
  if (cursor.take('len')) return { kind: 'length' };
  if (cursor.peek(1).text === '[') return parseBytes(cursor);
  const value = constantOf(token.text);
  if (value === undefined) cursor.failExpecting('a number, or bytes such as ip[8]');
  cursor.next();
  return { kind: 'number', value: value! };
}

function parseBytes(cursor: Cursor): Arithmetic {
  const name = cursor.next();
  if (!headerNames.includes(name.text))
    cursor.fail(`Bytes of '${name.text}' are not read, only those of ${headerNames.join(', ')}.`, name.at);
  cursor.expect('[', 'here');
  const offset = cursor.nested(() => parseArithmetic(cursor));
  let size = 1;
  if (cursor.take(':')) {
    const token = cursor.peek();
    size = readNumber(cursor, 4);
    if (size !== 1 && size !== 2 && size !== 4) cursor.fail('1, 2 or 4 bytes are read.', token.at);
  }
  cursor.expect(']', 'here');
  return { kind: 'bytes', header: name.text as HeaderName, offset, size: size as 1 | 2 | 4 };
}

/** Decimal, or hexadecimal behind 0x. Throws FilterFault. */
export function readNumber(cursor: Cursor, most: number, what = 'a number'): number {
  const token = cursor.peek();
  if (token.kind !== 'number') cursor.failExpecting(what);
  if (/^0\d/.test(token.text)) cursor.fail(`'${token.text}' can be read in two ways; write it without the 0.`);
  const value = Number(token.text);
  if (value > most) cursor.fail(`${token.text} is more than ${most}.`);
  const after = cursor.peek(1);
  if (after.kind === 'word' && after.isTight) cursor.fail(`'${token.text}${after.text}' is no number.`);
  cursor.next();
  return value;
}
