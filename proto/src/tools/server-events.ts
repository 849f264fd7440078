// Server-sent events out of the bytes of a response (WHATWG HTML section 9.2), as far as a collector writes them.

export interface ServerEvent {
  kind: string;
  /** As Last-Event-ID takes it; empty = it has none. */
  id: string;
  data: string;
}

/** Longer ones are no answer of a collector's. */
const longestBlock = 4 << 20;

/** Takes the bytes as they come and gives the events that are whole. Throws Error for what no collector sends. */
export function serverEventReader(): (bytes: Uint8Array) => ServerEvent[] {
  const decoder = new TextDecoder();
  let rest = '';
  return (bytes) => {
    rest += decoder.decode(bytes, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop()!;
    if (rest.length > longestBlock) throw new Error('An event is longer than any that a collector sends.');
    return blocks.flatMap((block) => {
      const fields = new Map(
        block.split('\n').map((line) => {
          const end = line.indexOf(':');
          return [line.slice(0, end), line.slice(end + 1).replace(/^ /, '')] as const;
        }),
      );
      const kind = fields.get('event');
      return kind === undefined ? [] : [{ kind, id: fields.get('id') ?? '', data: fields.get('data') ?? '' }];
    });
  };
}
