const shortMonths = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const firstYear = 2022;
const firstMonth = 6;
const first = Date.UTC(firstYear, firstMonth, 1);

/** Months of a window, from July 2022 on, and its days: three years, one of them a leap year. */
export const months = 36;
export const days = 1096;

const dateOf = (day: number): Date => new Date(first + day * 86_400_000);
const two = (number: number): string => String(number).padStart(2, '0');

/** `Sep 06, 2023`, as instances say it. */
export function shortDate(day: number): string {
  const date = dateOf(day);
  return `${shortMonths[date.getUTCMonth()]!} ${two(date.getUTCDate())}, ${date.getUTCFullYear()}`;
}

/** `2023-09-06`. */
export const isoDate = (day: number): string => dateOf(day).toISOString().slice(0, 10);

/** `[datetime.date(2023, 9, 6)]`. */
export function pythonDate(day: number): string {
  const date = dateOf(day);
  return `[datetime.date(${date.getUTCFullYear()}, ${date.getUTCMonth() + 1}, ${date.getUTCDate()})]`;
}

/** The first day of a month counted from 0; of `months`, the day after the last. */
export const firstDayOf = (month: number): number => (Date.UTC(firstYear, firstMonth + month, 1) - first) / 86_400_000;

/** The month of the year, 0 for January, of a month of the window. */
export const monthOfYear = (month: number): number => (firstMonth + month) % 12;

/** `September 2023`. */
export const monthAndYear = (month: number): string =>
  `${monthNames[monthOfYear(month)]!} ${firstYear + Math.floor((firstMonth + month) / 12)}`;
