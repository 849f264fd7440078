// Names of accounts and labels of hosts: what they may be, and when two are the same.
import { z } from 'zod';

/** Letters and digits of any script, so that nothing invisible or directional is in a name. */
export const accountName = z
  .string()
  .transform((text) => text.normalize('NFKC').trim())
  .pipe(
    z
      .string()
      .regex(
        /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@ -]{0,62}$/u,
        'a name of 1 to 63 letters, digits, dots, hyphens, underscores, @ or spaces is required',
      ),
  );

/** Names that differ by case or by how they were typed are one. */
export const nameKey = (name: string): string => name.normalize('NFKC').trim().toLowerCase();

const mostLabels = 32;

/** Such as `prod` or `site=berlin`. */
export const hostLabels = z
  .array(
    z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9._/=-]{0,62}$/,
        'a label of 1 to 63 small letters, digits and . _ / = - is required, such as site=berlin',
      ),
  )
  .max(mostLabels, `at most ${mostLabels} labels are possible`)
  .transform((labels) => [...new Set(labels)].sort());

/** Whom an account or a token is bound to. An empty list would be nobody or everybody, so it is neither. */
export const boundLabels = hostLabels
  .refine((labels) => labels.length > 0, 'at least one label is required, or null for all hosts')
  .nullable();
