// What programs need to be configured by flags, environment and a file.
export { doubtsOf } from './doubts.ts';
export { readSettingsFile, type SettingsFile } from './file.ts';
export { byteCount, choice, flag, type Kind, line, path, wholeNumber, writeBytes } from './kinds.ts';
export { documentSettings, printSettings } from './print.ts';
export {
  commandFlags,
  defineSettings,
  type Given,
  type Resolved,
  resolveSettings,
  setting,
  type Settings,
  type Values,
} from './settings.ts';
