import { describe, expect, it } from 'vitest';
import { cleanText } from './host-text.ts';

describe('cleanText', () => {
  it.each([
    ['plain', 'plain'],
    ['Grüße 🚢', 'Grüße 🚢'],
    ['a\0b', 'a\ufffdb'],
    ['tab\tnewline\nescape\u001b[31m', 'tab\ufffdnewline\ufffdescape\ufffd[31m'],
    ['\u0085\u009f\u007f', '\ufffd\ufffd\ufffd'],
    ['\ud800lone', '\ufffdlone'],
    ['\u202egpj.exe\u2066', '⟨202E⟩gpj.exe⟨2066⟩'],
    ['שלום', 'שלום'],
    ['<script>', '<script>'],
  ])('%j becomes %j', (given, expected) => {
    expect(cleanText(given, 100)).toBe(expected);
  });

  it('cuts, and leaves no half of a surrogate pair at the cut', () => {
    expect(cleanText('x'.repeat(70_000), 255)).toHaveLength(255);
    expect(cleanText('ab🚢', 3)).toBe('ab\ufffd');
  });

  it('takes absent text as empty', () => {
    expect([cleanText(undefined, 5), cleanText(null, 5)]).toEqual(['', '']);
  });
});
