// Settings as text: the effective ones with the origin of each, and all of them as a table for documentation.
import { flagOf, type Origin, type Resolved, type Setting, type Settings } from './settings.ts';

const masked = '[secret]';

/** A configuration file (secrets masked) in which a comment behind each value says where it came from. */
export function printSettings<S extends Settings>(
  settings: S,
  { values, origins }: Pick<Resolved<S>, 'values' | 'origins'>,
): string {
  const lines: { text: string; comment: string }[] = [];
  let open = '';
  for (const [key, definition] of Object.entries(settings)) {
    const dot = key.indexOf('.');
    const group = dot < 0 ? '' : key.slice(0, dot);
    if (open !== '' && group !== open) lines.push({ text: '  },', comment: '' });
    if (group !== '' && group !== open) lines.push({ text: `  ${JSON.stringify(group)}: {`, comment: '' });
    open = group;
    const name = `${group === '' ? '' : '  '}${JSON.stringify(key.slice(dot + 1))}`;
    const value = values[key];
    if (value === undefined) lines.push({ text: `  // ${name.trim()} is not set`, comment: '' });
    else
      lines.push({
        text: `  ${name}: ${JSON.stringify(shown(definition, value))},`,
        comment: originText(origins[key]!),
      });
  }
  if (open !== '') lines.push({ text: '  },', comment: '' });
  const width = Math.max(...lines.map(({ text, comment }) => (comment === '' ? 0 : text.length)));
  const body = lines.map(({ text, comment }) => (comment === '' ? text : `${text.padEnd(width)}  // ${comment}`));
  return ['{', ...body, '}'].join('\n');
}

const shown = ({ kind, secret }: Setting<unknown>, value: unknown): unknown =>
  secret ? masked : kind.write(value as {});

function originText(origin: Origin): string {
  switch (origin.from) {
    case 'default':
      return 'default';
    case 'flag':
    case 'environment':
      return origin.name;
    case 'file':
      return origin.name.replace(/^"[^"]*" in /, '').replace(/,$/, '');
    default:
      return origin satisfies never;
  }
}

/** A Markdown table of all settings. */
export function documentSettings(settings: Settings): string {
  const rows = Object.entries(settings).map(([key, definition]) => {
    const { kind, text, variable, secret, default: value, defaultText } = definition;
    const flag = secret ? 'none: it is a secret' : `\`${`${flagOf(key)} ${kind.placeholder}`.trim()}\``;
    const standard = value === undefined || value === null ? 'none' : `\`${String(kind.write(value))}\``;
    return `| \`${key}\` | ${flag} | \`${variable}\` | ${defaultText ?? standard} | ${text} |`;
  });
  return ['| Key | Flag | Variable | Default | |', '|---|---|---|---|---|', ...rows].join('\n');
}
