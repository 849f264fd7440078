// The system's own Chromium and the flags that keep it from talking to anybody but the page under test.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const folders = (process.env['PATH'] ?? '').split(delimiter);
const executablePath =
  process.env['FORETOP_TEST_BROWSER'] ??
  folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);

const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const still = ['--disable-component-update', '--disable-sync'];
/** Chromium's sandbox refuses root. */
const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

export const chromiumOptions = {
  ...(executablePath ? { executablePath } : {}),
  args: [...sandbox, ...quiet, ...still],
};
