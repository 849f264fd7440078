// The headers that tell a browser what the dashboard may do: its own scripts and its own server, in no other site's frame.
import { createHash } from 'node:crypto';

const common = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
} as const;

/** For everything that is not a page. */
export const dataHeaders: Readonly<Record<string, string>> = {
  ...common,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** RFC 6797: for answers to a public address in https, so that browsers never ask it in clear again. */
export const secureTransport = { 'strict-transport-security': 'max-age=31536000' } as const;

/** Who may make HTML and addresses of scripts out of text: Svelte's templates, and web/src/lib/ui/trusted-types.ts. */
const trustedTypes = 'svelte-trusted-html default';

/**
 * For a page: scripts from the server itself and those that stand in its HTML, by hash. Style attributes are allowed, since
 * components place things with them. WebSockets of the own origin are part of 'self' (CSP level 3, section 6.7.2.8).
 */
export function pageHeaders(html: string): Record<string, string> {
  const policy = {
    'default-src': "'none'",
    'script-src': ["'self'", ...inlineHashes(html, 'script')].join(' '),
    'style-src': ["'self'", ...inlineHashes(html, 'style')].join(' '),
    'style-src-attr': "'unsafe-inline'",
    'img-src': "'self' data:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'manifest-src': "'self'",
    'worker-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    'require-trusted-types-for': "'script'",
    'trusted-types': trustedTypes,
  };
  return {
    ...common,
    'content-security-policy': Object.entries(policy)
      .map((directive) => directive.join(' '))
      .join('; '),
  };
}

/** CSP level 3, section 8.3: the hash of the element's text exactly as it stands in the file. */
export function inlineHashes(html: string, element: 'script' | 'style'): string[] {
  const blocks = html.matchAll(new RegExp(`<${element}(\\s[^>]*)?>([\\s\\S]*?)</${element}>`, 'gi'));
  return [...blocks]
    .filter(([, attributes]) => !/\ssrc\s*=/i.test(attributes ?? ''))
    .map(([, , text]) => `'sha256-${createHash('sha256').update(text!).digest('base64')}'`);
}
