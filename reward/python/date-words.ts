/** The words that `dateutil.parser` knows, by its own classes (dateutil 2.9, parserinfo). Lower case. */
const numbered = (groups: readonly string[]): ReadonlyMap<string, number> =>
  new Map(groups.flatMap((group, index) => group.split(' ').map((word) => [word, index] as const)));

const jumps = new Set([
  ' ',
  '.',
  ',',
  ';',
  '-',
  '/',
  "'",
  'at',
  'on',
  'and',
  'ad',
  'm',
  't',
  'of',
  'st',
  'nd',
  'rd',
  'th',
]);
const weekdays = numbered([
  'mon monday',
  'tue tuesday',
  'wed wednesday',
  'thu thursday',
  'fri friday',
  'sat saturday',
  'sun sunday',
]);
const months = numbered([
  'jan january',
  'feb february',
  'mar march',
  'apr april',
  'may',
  'jun june',
  'jul july',
  'aug august',
  'sep sept september',
  'oct october',
  'nov november',
  'dec december',
]);
const units = numbered(['h hour hours', 'm minute minutes', 's second seconds']);
const halves = numbered(['am a', 'pm p']);

export const isJump = (word: string | undefined): boolean => word !== undefined && jumps.has(word.toLowerCase());
export const isWeekday = (word: string): boolean => weekdays.has(word.toLowerCase());
/** 1 to 12. */
export function monthOf(word: string | undefined): number | null {
  const index = months.get(word?.toLowerCase() ?? '');
  return index === undefined ? null : index + 1;
}
/** 0 hours, 1 minutes, 2 seconds. */
export const unitOf = (word: string | undefined): number | null => units.get(word?.toLowerCase() ?? '') ?? null;
/** 0 before noon, 1 after. */
export const halfOf = (word: string | undefined): number | null => halves.get(word?.toLowerCase() ?? '') ?? null;
export const isUtc = (word: string): boolean => ['utc', 'gmt', 'z'].includes(word.toLowerCase());
