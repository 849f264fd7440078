import { describe, expect, it } from 'vitest';
import { cleanText, cleanTimeZone } from './host-text.ts';

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

describe('cleanTimeZone', () => {
  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['asia/kolkata', 'Asia/Kolkata'],
    ['+0530', '+05:30'],
    ['UTC', 'UTC'],
    [undefined, ''],
    ['', ''],
    ['Etc/Unknown', ''],
    ['Mars/Olympus', ''],
    ['Europe/Berlin\0', ''],
    ['../../etc/passwd', ''],
    ["'; drop table host; --", ''],
    ['\ud800', ''],
    ['2026-01-01T00:00Z[Europe/Berlin]', ''],
    ['x'.repeat(65), ''],
  ])('%j becomes %j', (given, expected) => expect(cleanTimeZone(given)).toBe(expected));

  it('knows no longer name than it takes', () => {
    const names = Intl.supportedValuesOf('timeZone');
    expect(names.filter((name) => cleanTimeZone(name) === '')).toEqual([]);
  });
});
